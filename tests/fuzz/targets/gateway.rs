//! Any bytes as what a gateway sends: the first byte chooses the compression, then pieces, each with a byte that says
//! how it comes and two for its length.
//!
//! What must hold: the machine always has something to wait for, or has stopped, and never sends more than Discord takes.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mj_discord::{Action, Compression, Config, Gateway, Moment, Token, UnixMs, gateway::Status};
use mj_midjourney::read;

fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first() else {
        return;
    };
    let mut now = Moment {
        boot: Duration::from_secs(9),
        unix: UnixMs(1_780_000_000_000),
    };
    let mut config = Config::user(Token::new("token"));
    config.compression = match first % 3 {
        0 => Compression::None,
        1 => Compression::Zlib,
        _ => Compression::Zstd,
    };
    let mut random = 7_u64;
    let entropy = move || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        random
    };
    let mut gateway = Gateway::new(now, config, None, Box::new(entropy));
    gateway.handle_connected(now);
    // Most that matters comes after a Hello and an Identify.
    if first & 0x80 == 0 {
        dispatched(gateway.handle_text(now, r#"{"op":10,"d":{"heartbeat_interval":41250}}"#));
        gateway.identify_permitted(now);
        drain(&mut gateway);
    }
    while let [how, high, low, behind @ ..] = rest {
        let length = (usize::from(*high) << 8 | usize::from(*low)).min(behind.len());
        let (piece, next) = behind.split_at(length);
        rest = next;
        now = now + Duration::from_millis(u64::from(how >> 3) * 500);
        match how & 7 {
            0..=2 => {
                if let Ok(text) = std::str::from_utf8(piece) {
                    dispatched(gateway.handle_text(now, text));
                }
            }
            3 | 4 => dispatched(gateway.handle_binary(now, piece)),
            5 => gateway.handle_closed(now, piece.first().map(|code| 4000 + u16::from(*code) % 20)),
            6 => {
                gateway.handle_timeout(now);
                gateway.identify_permitted(now);
            }
            _ => gateway.handle_connected(now),
        }
        drain(&mut gateway);
    }
});

fn dispatched(dispatch: Option<mj_discord::gateway::Dispatch<'_>>) {
    use mj_discord::gateway::Event;
    let Some(dispatch) = dispatch else { return };
    if let Event::MessageCreate(message) | Event::MessageUpdate(message) = &dispatch.event {
        let _ = read::read(message);
    }
}

fn drain(gateway: &mut Gateway) {
    while let Some(action) = gateway.poll_action() {
        match action {
            Action::Send(text) => assert!(text.len() <= 4096),
            Action::Close { code } => assert!(code != 1000 && code != 1001),
            Action::Connect { .. }
            | Action::DropTcp
            | Action::Fatal(_)
            | Action::RequestIdentify => {}
        }
    }
    while gateway.poll_notice().is_some() {}
    assert_eq!(
        gateway.poll_timeout().is_none(),
        gateway.status() == Status::Stopped
    );
}
