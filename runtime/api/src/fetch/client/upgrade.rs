//! A response after which its connection is a WebSocket's.

use std::future::pending;
use std::sync::Arc;

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::response::Parts;
use hyper_util::rt::TokioIo;
use nano_websocket::{Config, Role, RuntimeClock};
use nano_worker::{CloseFrame, socket_pair};

use super::answer::Incoming;
use super::exchange::Exchange;
use super::failure::Failure;
use crate::fetch::websocket::Opened;

/// Takes the connection over: what it carries, a task carries from here on, with all that the connection takes.
pub(super) async fn upgrade(
    exchange: &mut Exchange,
    head: &mut Parts,
    body: Incoming,
) -> Result<Opened, Failure> {
    let Some(handshake) = &exchange.handshake else {
        return Err(Failure::new(
            "the server switched to another protocol, which nobody asked for",
        ));
    };
    let received = match body {
        Incoming::Server(received) => received,
        Incoming::Socket(end) => {
            let protocol = head.headers.get(SEC_WEBSOCKET_PROTOCOL);
            let protocol = protocol.and_then(|value| value.to_str().ok());
            return Ok(Opened {
                end,
                protocol: protocol.unwrap_or_default().to_owned(),
                extensions: String::new(),
            });
        }
        Incoming::App(_) => return Err(Failure::new("the app's response has no WebSocket")),
    };
    let accepted = handshake.check(&head.headers).map_err(Failure::new)?;
    let Some(upgrade) = head.extensions.remove::<hyper::upgrade::OnUpgrade>() else {
        return Err(Failure::new("the connection cannot become a WebSocket's"));
    };
    received.is_upgraded();
    let upgraded = upgrade
        .await
        .map_err(|error| Failure::new(format!("the connection broke: {error}")))?;
    let (own, end) = socket_pair();
    let config = Config::of(Role::Client, accepted.deflate, Arc::new(RuntimeClock));
    let driven = exchange.driven.take();
    tokio::spawn(async move {
        let gone = |_| CloseFrame::of(CloseFrame::GOING_AWAY, "");
        let io = TokioIo::new(upgraded);
        nano_websocket::run(io, &[], &own, &config, pending(), gone).await;
        // The connection's turn, and what has its runtime driven, are given back.
        drop((received, driven));
    });
    Ok(Opened {
        end,
        protocol: accepted.protocol,
        extensions: accepted.extensions,
    })
}
