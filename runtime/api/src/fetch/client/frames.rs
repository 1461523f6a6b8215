//! The frames of HTTP/2 servers that bring nothing: interim responses (1xx), pings, settings, windows, and what no standard knows. hyper takes
//! any number of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::silence::Silence;

/// Bytes of a frame's head: <https://www.rfc-editor.org/rfc/rfc9113#section-4.1>.
const HEAD: usize = 9;
/// The type of frames with content.
const DATA: u8 = 0;
/// So many may come in [`WINDOW`], where nothing else does.
const MOST: u64 = 10_000;
const WINDOW: Duration = Duration::from_secs(10);
/// For so many bytes that are sent one may come, too: a server opens windows for uploads. A ping's answer has 17.
const SENT: u64 = 64;

/// Counts them, on one connection.
#[derive(Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// Bytes of the head that are here.
    known: usize,
    /// Bytes of the payload that are not.
    left: usize,
    /// The frame that it is of is a request's.
    has_stream: bool,
    /// How many there were since `since`.
    empty: u64,
    since: Option<Instant>,
    /// What requests had got by then, and how many bytes were sent.
    progress: u64,
    sent: u64,
    /// Broken by all that has a stream.
    pub(super) silence: Arc<Silence>,
}

impl Frames {
    /// How many of them begin in these bytes, which were read next.
    pub(super) fn count(&mut self, mut bytes: &[u8]) -> u64 {
        let before = self.empty;
        let mut has_stream = false;
        while !bytes.is_empty() {
            let payload = self.left.min(bytes.len());
            self.left -= payload;
            has_stream |= payload > 0 && self.has_stream;
            bytes = &bytes[payload..];
            let head = (HEAD - self.known).min(bytes.len());
            self.head[self.known..][..head].copy_from_slice(&bytes[..head]);
            self.known += head;
            bytes = &bytes[head..];
            if self.known == HEAD {
                let [a, b, c, kind, _, stream @ ..] = self.head;
                self.known = 0;
                // The first bit means nothing; what is the connection's own, such as a ping, has no stream.
                self.has_stream = u32::from_be_bytes(stream) << 1 != 0;
                has_stream |= self.has_stream;
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
                self.empty += u64::from(kind != DATA || self.left == 0);
            }
        }
        if has_stream {
            self.silence.is_broken();
        }
        self.empty - before
    }

    /// Whether there are too many. `progress` changes with all that requests get, `sent` with all that is sent.
    pub(super) fn are_too_many(&mut self, progress: u64, sent: u64) -> bool {
        let is_old = self.since.is_none_or(|since| since.elapsed() >= WINDOW);
        let is_for_what_was_sent = sent.saturating_sub(self.sent) >= SENT * self.empty;
        if is_old || progress != self.progress || is_for_what_was_sent {
            self.since = Some(Instant::now());
            (self.empty, self.progress, self.sent) = (0, progress, sent);
        }
        self.empty > MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u32).to_be_bytes();
        let head = [length[1], length[2], length[3], kind, 0, 0, 0, 0, 1];
        [&head[..], payload].concat()
    }

    #[test]
    fn what_has_content_is_not_counted() {
        let bytes = [
            frame(4, &[]),
            frame(1, b"head"),
            frame(DATA, &[6; 300]),
            frame(DATA, b""),
            frame(6, &[0; 8]),
        ]
        .concat();
        for piece in [1, 2, 10, 1000] {
            let mut frames = Frames::default();
            let counted: u64 = bytes.chunks(piece).map(|bytes| frames.count(bytes)).sum();
            assert_eq!(counted, 4, "{piece}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_the_connections_own_breaks_no_silence() {
        let mut frames = Frames::default();
        let silence = frames.silence.clone();
        let _waiting = silence.wait();
        tokio::time::advance(WINDOW).await;
        let ping = [0, 0, 8, 6, 1, 0x80, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        frames.count(&ping);
        assert!(silence.is_long());
        let data = frame(DATA, b"ab");
        for piece in [&data[..HEAD], &data[HEAD..=HEAD], &data[HEAD + 1..]] {
            frames.count(piece);
            assert!(!silence.is_long());
            tokio::time::advance(WINDOW).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn there_may_be_more_where_something_happens() {
        let pings = frame(6, &[0; 8]).repeat(MOST as usize);
        let mut frames = Frames::default();
        let mut are_too_many = |progress, sent| {
            frames.count(&pings);
            frames.are_too_many(progress, sent)
        };
        assert!(!are_too_many(0, 0));
        assert!(!are_too_many(0, 0));
        // A request got something.
        assert!(!are_too_many(1, 0));
        assert!(!are_too_many(1, 0));
        // More was sent than answers to pings.
        assert!(!are_too_many(1, SENT * 2 * MOST));
        assert!(!are_too_many(1, SENT * 2 * MOST));
        tokio::time::advance(WINDOW).await;
        assert!(!are_too_many(1, SENT * 2 * MOST));
        assert!(!are_too_many(1, SENT * 2 * MOST));
        assert!(are_too_many(1, SENT * 2 * MOST + 17 * MOST));
    }
}
