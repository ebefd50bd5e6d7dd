//! An open gateway: frames are passed on one by one, until it is time to fail.

use std::io::{self, Write};

use flate2::{Compression, write::DeflateEncoder};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, tcp::OwnedReadHalf},
    time::sleep,
};

use crate::{
    Proxy,
    answers::GARBAGE,
    fault::{Fault, Phase},
    http::SLOWLY,
    wire::{self, Client},
};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const PING: u8 = 9;
/// What a frame of a zlib stream ends with.
const ZLIB_SUFFIX: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// A frame that is far too large, in bytes.
const HUGE: u64 = 100 << 20;
/// What a bomb inflates to, in bytes.
const BOMB: usize = 200 << 20;

/// Passes an opened gateway's bytes on, from the answer to its request.
pub(crate) async fn relay(client: Client, upstream: TcpStream, proxy: &Proxy) -> io::Result<()> {
    let mut changes = proxy.watch();
    let mut fault = *changes.borrow_and_update();
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (from_upstream, mut to_upstream) = upstream.into_split();
    let mut source = Source {
        stream: from_upstream,
        buffer: Vec::new(),
    };
    let head = source.head().await?;
    send(&mut to_client, &head).await?;
    let mut upward = Box::pin(tokio::io::copy(&mut from_client, &mut to_upstream));
    let mut frames = 0;
    let struck = loop {
        if let Some(fault) = fault.filter(|fault| strikes(*fault, frames)) {
            break Some(fault);
        }
        tokio::select! {
            frame = source.frame() => match frame {
                Ok(frame) => {
                    frames += 1;
                    send(&mut to_client, &frame).await?;
                }
                Err(_) => break None,
            },
            news = changes.changed() => {
                if news.is_err() {
                    break None;
                }
                fault = *changes.borrow_and_update();
            }
            _ = &mut upward => break None,
        }
    };
    drop(upward);
    // To the simulator the client is gone, as it would be to Discord.
    drop((source, to_upstream));
    let mut client = from_client.unsplit(to_client);
    match struck {
        Some(fault) => play(&mut client, fault).await,
        None => client.shutdown().await,
    }
}

/// Whether it is this connection's turn.
fn strikes(fault: Fault, frames: u64) -> bool {
    match fault.phase(true) {
        Phase::Frames(behind) => frames >= behind,
        Phase::Connection | Phase::Answer => true,
    }
}

/// Plays a fault, behind a whole frame. A connection that is held stays dead when the fault is over.
async fn play(client: &mut Client, fault: Fault) -> io::Result<()> {
    match fault {
        Fault::NoHello | Fault::SilentReady | Fault::BlackHole => {}
        Fault::SlowLoris => {
            let slow = frame(TEXT, b"{\"op\":11,\"d\":null,\"s\":null,\"t\":null}");
            for byte in slow.iter().cycle() {
                send(client, std::slice::from_ref(byte)).await?;
                sleep(SLOWLY).await;
            }
        }
        Fault::Truncated => {
            let whole = frame(TEXT, &[b'{'; 1_000]);
            send(client, &whole[..20]).await?;
            return client.shutdown().await;
        }
        Fault::InvalidUtf8 => send(client, &frame(TEXT, b"\"\xFF\xFE\xC3\x28\"")).await?,
        Fault::InvalidJson => send(client, &frame(TEXT, b"{\"op\": 0, [")).await?,
        Fault::DeflateGarbage => {
            let garbage: Vec<u8> = [0xFF; 64].into_iter().chain(ZLIB_SUFFIX).collect();
            send(client, &frame(BINARY, &garbage)).await?;
        }
        Fault::ZstdGarbage => send(client, &frame(BINARY, &GARBAGE)).await?,
        Fault::HugeFrame => {
            send(client, &header(BINARY, HUGE)).await?;
            let chunk = vec![0; 1 << 20];
            for _ in 0..HUGE / chunk.len() as u64 {
                send(client, &chunk).await?;
            }
        }
        Fault::InflateBomb => send(client, &frame(BINARY, &bomb()?)).await?,
        Fault::PingFlood => {
            let pings = frame(PING, b"are you there?").repeat(512);
            loop {
                send(client, &pings).await?;
            }
        }
        _ => {
            wire::reset_client(client);
            return Ok(());
        }
    }
    wire::be_silent(client).await;
    Ok(())
}

async fn send(client: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> io::Result<()> {
    client.write_all(bytes).await?;
    client.flush().await
}

/// A server's frame.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(opcode, payload.len() as u64);
    frame.extend_from_slice(payload);
    frame
}

fn header(opcode: u8, length: u64) -> Vec<u8> {
    let mut header = vec![0x80 | opcode];
    match u16::try_from(length) {
        Ok(short) if short < 126 => header.push(short.to_be_bytes()[1]),
        Ok(middle) => {
            header.push(126);
            header.extend_from_slice(&middle.to_be_bytes());
        }
        Err(_) => {
            header.push(127);
            header.extend_from_slice(&length.to_be_bytes());
        }
    }
    header
}

/// A frame of a zlib stream that goes on: deflate blocks without a header.
fn bomb() -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..BOMB / zeros.len() {
        encoder.write_all(&zeros)?;
    }
    encoder.flush()?;
    Ok(std::mem::take(encoder.get_mut()))
}

/// What the simulator says, frame by frame.
struct Source {
    stream: OwnedReadHalf,
    buffer: Vec<u8>,
}

impl Source {
    /// The answer to the upgrade, with its empty line. Safe to be dropped while it waits.
    async fn head(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let end = self.buffer.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(at) = end {
                return Ok(self.buffer.drain(..at + 4).collect());
            }
            self.more().await?;
        }
    }

    /// The next whole frame. Safe to be dropped while it waits.
    async fn frame(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(length) = frame_length(&self.buffer)
                && self.buffer.len() >= length
            {
                return Ok(self.buffer.drain(..length).collect());
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The length of the frame that begins here, header and all; none when its header is not complete.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let short = usize::from(bytes.get(1)? & 0x7F);
    Some(match short {
        126 => 4 + usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        127 => {
            let long = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            10_usize.checked_add(usize::try_from(long).ok()?)?
        }
        short => 2 + short,
    })
}
