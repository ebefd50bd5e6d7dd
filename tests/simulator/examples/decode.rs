//! Times the reading of gateway frames, ours beside twilight-gateway's: `decode` prints one JSON line with nanoseconds
//! a frame, the fastest of many passes each because other processes only ever slow one down, without decompression.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for the terminal, its input is known"
)]

use std::{hint::black_box, time::Instant};

use mj_discord::{
    Compression, Config, Gateway, Interest, Moment, Token,
    gateway::Session,
    snowflake::{ApplicationId, ChannelId},
};
use serde_json::{Value, json};
use twilight_gateway::EventTypeFlags;

/// Nine frames of one channel, as Discord and the Midjourney bot write them.
const FRAMES: &str = include_str!("../../../src/discord/fixtures/midjourney.jsonl");
const CHANNEL: ChannelId = ChannelId(1_500_000_000_000_000_003);
const MIDJOURNEY: ApplicationId = ApplicationId(936_929_561_302_675_456);
/// Frames in one pass, and passes.
const LENGTH: usize = 900;
const PASSES: usize = 201;

fn main() {
    let ours: Vec<&str> = FRAMES.lines().filter(|frame| is_known(frame)).collect();
    let foreign: Vec<String> = ours
        .iter()
        .filter(|frame| frame.contains(r#""t":"MESSAGE_"#))
        .map(|frame| frame.replace(&CHANNEL.0.to_string(), "1500000000000000777"))
        .collect();
    let foreign: Vec<&str> = foreign.iter().map(String::as_str).collect();
    let mut answer = json!({});
    for (name, frames) in [("ours", &ours), ("foreign", &foreign)] {
        answer[name] = side_by_side(frames);
    }
    for frame in &ours {
        let kind = frame.split('"').nth(3).unwrap();
        let name = format!("{kind}, {} bytes", frame.len());
        answer["frames"][name] = side_by_side(&[frame]);
    }
    println!("{answer}");
}

/// Whether twilight knows the event at all: it skips those that only users get.
fn is_known(frame: &str) -> bool {
    twilight_gateway::parse(frame.to_owned(), EventTypeFlags::all())
        .is_ok_and(|read| read.is_some())
}

fn side_by_side(frames: &[&str]) -> Value {
    let numbered: Vec<String> = (1..=LENGTH)
        .map(|number| renumber(frames[number % frames.len()], number))
        .collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..PASSES {
        ours.push(time(&numbered, read_ours));
        theirs.push(time(&numbered, read_theirs));
    }
    let [ours, theirs] =
        [ours, theirs].map(|times| times.into_iter().min().unwrap_or(0) as f64 / LENGTH as f64);
    let bytes = numbered.iter().map(String::len).sum::<usize>() / LENGTH;
    json!({"ours_ns": ours, "twilight_ns": theirs, "times_faster": theirs / ours, "bytes": bytes})
}

/// Gives a frame a sequence number of its own, so that it is new to the machine.
fn renumber(frame: &str, number: usize) -> String {
    let (head, rest) = frame.split_once(r#""s":"#).unwrap();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!(r#"{head}"s":{number}{rest}"#)
}

/// Nanoseconds of one pass. The frames are owned, as after decompression.
fn time(frames: &[String], read: impl Fn(Vec<String>)) -> u64 {
    let frames = frames.to_vec();
    let began = Instant::now();
    read(frames);
    began.elapsed().as_nanos() as u64
}

fn read_ours(frames: Vec<String>) {
    let mut gateway = resuming();
    for frame in frames {
        black_box(gateway.handle_text(Moment::default(), &frame));
    }
}

fn read_theirs(frames: Vec<String>) {
    for frame in frames {
        black_box(twilight_gateway::parse(frame, EventTypeFlags::all()).unwrap());
    }
}

/// A machine that is resuming and so delivers every event.
fn resuming() -> Gateway {
    let now = Moment::default();
    let mut config = Config::user(Token::new("token"));
    config.compression = Compression::None;
    config.interest = Interest::new([CHANNEL], [MIDJOURNEY]);
    let session = Session {
        session_id: "abc".to_owned(),
        sequence: 0,
        resume_gateway_url: None,
        identified_at: now.unix,
        seen_at: now.unix,
    };
    let mut gateway = Gateway::new(now, config, Some(session), Box::new(|| 0));
    gateway.handle_connected(now);
    gateway.handle_text(now, r#"{"op":10,"d":{"heartbeat_interval":41250}}"#);
    gateway
}
