//! Where a connection is served: on the thread of the app that its first request is for.
//!
//! Most connections only ever carry requests for one app. On its thread, neither a request nor an answer wakes another
//! thread. Requests for other apps that come later on such a connection go to their own threads, as ever; the engine sees
//! to it that a busy app does not hold them up ([`ThreadIo`]).

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::{Poll, ready};

use nano_api::worker::ThreadIo;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use crate::dispatch::Dispatcher;

/// A head that is not complete within so many bytes is not waited for.
const LOOK: usize = 4096;

/// Waits for a connection's first bytes, leaves them where they are, and finds the thread of the app that they ask for.
/// `None` if there is no such app, it does not run yet, or this is not the whole head of an HTTP/1 request.
///
/// # Errors
/// The connection is broken.
pub(super) async fn find(
    stream: &TcpStream,
    dispatcher: &Dispatcher,
) -> io::Result<Option<Arc<ThreadIo>>> {
    poll_fn(|context| {
        // Not part of the future: a connection may be idle for long.
        let mut memory = [MaybeUninit::uninit(); LOOK];
        let mut head = ReadBuf::uninit(&mut memory);
        ready!(stream.poll_peek(context, &mut head))?;
        Poll::Ready(Ok(dispatcher.thread_for(head.filled())))
    })
    .await
}
