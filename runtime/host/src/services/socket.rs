//! WebSockets between apps.

use std::pin::pin;

use nano_worker::{CloseFrame, SocketEnd, SocketEvent, Stop};

use crate::record::Record;

/// Carries messages between an app that was called and its caller, until one of them is gone, or what is `leaving` has closed. What is sent is its
/// sender's memory until it is taken.
pub(super) async fn relay(
    callee: SocketEnd,
    caller: SocketEnd,
    leaving: Vec<Stop>,
    record: Record,
) {
    let mut left = pin!(async {
        if leaving.is_empty() {
            std::future::pending::<()>().await;
        }
        futures_util::future::select_all(leaving.iter().map(Stop::stopped)).await;
    });
    let mut answers = pin!(pass(&callee, &caller));
    let mut messages = pin!(pass(&caller, &callee));
    let mut has_left = false;
    loop {
        tokio::select! {
            biased;
            () = &mut answers => break,
            () = &mut messages => break,
            () = &mut left, if !has_left => {
                has_left = true;
                for end in [&callee, &caller] {
                    end.close(CloseFrame::of(CloseFrame::GOING_AWAY, ""));
                }
            }
        }
    }
    drop(record);
}

/// Passes on what one end says, until it is gone.
async fn pass(from: &SocketEnd, to: &SocketEnd) {
    loop {
        match from.next().await {
            SocketEvent::Message(message) => {
                let size = message.bytes().len();
                to.room().await;
                to.put(message);
                from.taken(size);
            }
            SocketEvent::Close(frame) => to.close(frame),
            SocketEvent::Gone(reason) => return to.finish(reason.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;
    use nano_worker::{RequestId, SocketMessage, socket_pair};

    use super::*;

    /// The two apps' ends of a relay.
    fn relayed(leaving: &Stop) -> (SocketEnd, SocketEnd) {
        let ((callee, far), (caller, near)) = (socket_pair(), socket_pair());
        let record = Record::of_call(RequestId(1), Method::GET, "/", None, None);
        tokio::spawn(relay(callee, caller, vec![leaving.clone()], record));
        (far, near)
    }

    #[tokio::test]
    async fn what_is_said_goes_through() {
        let (far, near) = relayed(&Stop::default());
        let text = SocketMessage::Text(Bytes::from_static(b"a"));
        assert!(far.put(text.clone()) && near.put(text.clone()));
        assert_eq!(near.next().await, SocketEvent::Message(text.clone()));
        assert_eq!(far.next().await, SocketEvent::Message(text));
        far.close(CloseFrame::of(3000, "x"));
        assert_eq!(
            near.next().await,
            SocketEvent::Close(CloseFrame::of(3000, "x"))
        );
        drop(far);
        assert_eq!(near.next().await, SocketEvent::Gone(None));
    }

    #[tokio::test]
    async fn who_leaves_closes() {
        let stop = Stop::default();
        let (far, near) = relayed(&stop);
        stop.set();
        let away = SocketEvent::Close(CloseFrame::of(1001, ""));
        assert_eq!(near.next().await, away);
        assert_eq!(far.next().await, away);
    }
}
