//! One gateway connection: frames in, frames out, and the ways it can die.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::compress::{Compressor, packet};
use super::driver::Driver;
use super::http::Service;
use crate::world::{ConnectionId, Transmit};

/// Largest message read at all; Discord's own limit is far below and enforced by the world.
const READ_LIMIT: usize = 1 << 20;
/// How long a peer may take to answer a close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How serving a connection ended.
enum End {
    /// The peer closed, with this code when it sent one.
    Closed(Option<u16>),
    /// We sent a close frame.
    Closing,
    /// The TCP connection ends with a RST.
    Reset,
    /// Nothing more is sent or answered.
    Silent,
}

/// Serves a connection until it is gone, and tells the world.
pub(super) async fn serve(
    service: Service,
    upgraded: Upgraded,
    id: ConnectionId,
    query: String,
    mut frames: mpsc::UnboundedReceiver<Transmit>,
) {
    let Service {
        driver,
        reset,
        mut stopped,
        ..
    } = service;
    let config = WebSocketConfig::default()
        .max_message_size(Some(READ_LIMIT))
        .max_frame_size(Some(READ_LIMIT));
    let mut socket =
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let end = tokio::select! {
        end = exchange(&driver, &mut socket, id, &query, &mut frames) => end,
        _ = stopped.changed() => End::Closed(None),
    };
    let code = match end {
        End::Closed(code) => code,
        End::Closing => {
            // The peer's answer to our close frame changes nothing.
            let _ = tokio::time::timeout(CLOSE_WAIT, async {
                while let Some(Ok(_)) = socket.next().await {}
            })
            .await;
            None
        }
        End::Reset => {
            reset.store(true, Ordering::Release);
            None
        }
        End::Silent => {
            let mut trash = [0; 4096];
            tokio::select! {
                () = async { while socket.get_mut().read(&mut trash).await.is_ok_and(|read| read > 0) {} } => {}
                _ = stopped.changed() => {}
            }
            None
        }
    };
    driver.with_world(|world, now| world.handle_closed(now, id, code));
    driver.forget(id);
}

async fn exchange(
    driver: &Driver,
    socket: &mut Socket,
    id: ConnectionId,
    query: &str,
    frames: &mut mpsc::UnboundedReceiver<Transmit>,
) -> End {
    let Ok(mut compressor) = Compressor::new(query) else {
        return End::Closed(None);
    };
    loop {
        tokio::select! {
            frame = frames.recv() => {
                if let Some(Transmit::Text(text) | Transmit::Zlib(text)) = &frame {
                    driver.frames.about_to_send(id, text);
                }
                let message = match frame {
                    None | Some(Transmit::Drop) => return End::Closed(None),
                    Some(Transmit::Reset) => return End::Reset,
                    Some(Transmit::Silence) => return End::Silent,
                    Some(Transmit::Close(code, reason)) => {
                        let frame = CloseFrame { code: code.into(), reason: reason.into() };
                        return if socket.close(Some(frame)).await.is_ok() { End::Closing } else { End::Closed(None) };
                    }
                    Some(Transmit::Garbage(bytes)) => Ok(Message::binary(bytes)),
                    Some(Transmit::Text(text)) => compressor.message(text),
                    Some(Transmit::Zlib(text)) => packet(&text),
                };
                let Ok(message) = message else { return End::Closed(None) };
                if socket.send(message).await.is_err() {
                    return End::Closed(None);
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => driver.with_world(|world, now| world.handle_text(now, id, &text)),
                Some(Ok(Message::Binary(bytes))) => driver.with_world(|world, now| world.handle_binary(now, id, &bytes)),
                Some(Ok(Message::Close(frame))) => return End::Closed(frame.map(|frame| frame.code.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                None | Some(Err(_)) => return End::Closed(None),
            }
        }
    }
}
