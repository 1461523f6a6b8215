//! What the frames of an HTTP/2 client may cost.
//!
//! A request is paid for by its place in flight, and a body by its flow. But WINDOW_UPDATE, PRIORITY, PING, SETTINGS, RST_STREAM,
//! empty DATA, frames of types that nobody knows: h2 works off as many as come, and 64 connections that send nothing else keep
//! two cores busy. (It bounds on its own what it would have to remember: streams that are reset, CONTINUATION.) So frames are
//! counted as they are read, by their heads alone. Each spends one of the connection's allowance; requests, bodies and time earn it
//! back. nginx and Envoy bound the same, in proportion to requests and to the frames of responses.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::link::Link;

/// Frames that need no reason: at first, and in a burst after a while. Browsers begin with a dozen. h2 takes some 0.15 ms for a
/// thousand.
const BURST: i64 = 1000;
/// How long it takes to earn one of these anew. A hundred per second, each in a packet of its own, take some
/// 0.5 ms.
const EARNED_BY_TIME: Duration = Duration::from_millis(10);
/// For a request that an app takes in: its head, its PRIORITY_UPDATE, WINDOW_UPDATEs, RST_STREAM. That many cost less than it does. One
/// that is refused has the host's answer to it, which earns as any body does.
const EARNED_BY_REQUEST: usize = 16;
/// For a frame of a response's body, two WINDOW_UPDATEs, the stream's and the connection's, and a PING (clients measure the round trip so).
const EARNED_BY_DATA: usize = 3;
/// For so many bytes of a body in either direction, one more: there are clients that open their windows every 4 KiB.
const EARNING_BYTES: usize = 1 << 10;
/// A SETTINGS has a setting in 6 bytes: so many cost as much as a frame. Bodies and the fields of requests are counted elsewhere.
const FRAME_BYTES: usize = 64;
/// A DATA frame with fewer bytes is an expense if it has padding: at most 256 bytes of that are not the body's.
const PADDED: usize = 260;
/// Frames that a connection works off until others have their turn. (h2 goes on as long as there is something to read; tokio
/// has it stop after 128 reads.) One read may bring some 900 of them, or 200 requests: what is beyond a turn waits for the next one.
/// A turn decides how long everybody else waits: who has just connected is looked for once in some sixty.
const TURN: u32 = 128;
/// A request takes as long as so many other frames, at least, with the answer and the line of the log if it is refused: 20 us or so.
const REQUEST: u32 = 16;
/// And as long as one more for so many bytes of its head: each may stand for a field.
const FIELDS: usize = 128;
/// A head costs one more for so many bytes, as they come. Requests pay that back: those of a head that h2 refuses do not.
const HEAD_BYTES: usize = 256;
/// What a head may have unfolded to beyond what has come of it, in these: the fields that the client has had remembered (4 KiB) in
/// full, and some of the standard's. Only who names the same field again and again comes further.
const UNFOLDED: usize = (8 << 10) / HEAD_BYTES;

/// The bytes before the first frame (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// A frame's head (section 4.1).
const HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const PADDED_FLAG: u8 = 8;
const END_HEADERS: u8 = 4;

/// What a connection has done for its client, and whether that is too little for its frames.
#[derive(Debug, Default)]
pub(super) struct Work {
    earned: AtomicI64,
    exceeded: AtomicBool,
    /// What heads have cost by their bytes, and no request has paid back.
    heads: AtomicUsize,
    /// Nothing more is read in this turn.
    turn_is_over: AtomicBool,
}

impl Work {
    /// The connection has its turn.
    ///
    /// What has been read by the end of it has been worked off, too: h2 decodes all heads that it can read before it gives the first one, and
    /// each may have become a hundred times as large as it was. Where requests waited there for the next turn, so would those of all others.
    pub(super) fn turn(&self) {
        self.turn_is_over.store(false, Relaxed);
    }

    /// A request has come; its fields have so many bytes.
    pub(super) fn request(&self, size: usize) {
        let size = size / HEAD_BYTES;
        let heads = self.heads.load(Relaxed);
        let paid = size.min(heads);
        self.heads.store(heads - paid, Relaxed);
        self.earn(paid);
        self.spend(size.saturating_sub(paid + UNFOLDED));
    }

    /// An app has taken it in, and it is answered.
    pub(super) fn served(&self) {
        self.earn(EARNED_BY_REQUEST);
    }

    /// The socket has taken so many bytes of a response's body, in a frame of their own.
    pub(super) fn sent(&self, bytes: usize) {
        self.earn(EARNED_BY_DATA + bytes / EARNING_BYTES);
    }

    fn earn(&self, frames: usize) {
        self.earned
            .fetch_add(i64::try_from(frames).unwrap_or(0), Relaxed);
    }

    fn spend(&self, frames: usize) {
        let frames = i64::try_from(frames).unwrap_or(i64::MAX);
        if frames > 0 && self.earned.fetch_sub(frames, Relaxed) - frames < -BURST {
            self.exceeded.store(true, Relaxed);
        }
    }

    /// Whether the client has sent more frames than it may. Nothing more is read from it then.
    pub(super) fn is_exceeded(&self) -> bool {
        self.exceeded.load(Relaxed)
    }
}

/// A socket whose frames are counted as they are read.
pub(super) struct Frames<T> {
    inner: T,
    work: Arc<Work>,
    link: Arc<Link>,
    /// A block of fields has begun, and its last frame has not come.
    in_block: bool,
    /// Bytes until the next head.
    skip: usize,
    /// What has come of a head.
    head: [u8; HEAD],
    begun: usize,
    /// Frames that may come. Earnings are added when there is none left.
    allowance: i64,
    /// When time was counted last.
    counted: Instant,
    /// Frames that have come in this turn.
    turn: u32,
    /// What has been read beyond it.
    beyond: Bytes,
}

impl<T> Frames<T> {
    pub(super) fn new(inner: T, work: Arc<Work>, link: Arc<Link>) -> Self {
        Self {
            inner,
            work,
            link,
            in_block: false,
            skip: PREFACE,
            head: [0; HEAD],
            begun: 0,
            allowance: BURST,
            counted: Instant::now(),
            turn: 0,
            beyond: Bytes::new(),
        }
    }

    /// Counts the frames that begin in these bytes, up to the one that is beyond this turn. Returns how many bytes come before its
    /// content.
    fn count(&mut self, all: &[u8]) -> usize {
        let mut bytes = all;
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let count = (HEAD - self.begun).min(bytes.len());
            self.head[self.begun..][..count].copy_from_slice(&bytes[..count]);
            self.begun += count;
            bytes = &bytes[count..];
            if self.begun < HEAD {
                return all.len();
            }
            self.begun = 0;
            let [a, b, c, kind, flags, ..] = self.head;
            self.skip = u32::from_be_bytes([0, a, b, c]) as usize;
            self.turn += if kind == HEADERS { REQUEST } else { 1 };
            if matches!(kind, HEADERS | CONTINUATION) {
                self.turn += u32::try_from(self.skip / FIELDS).unwrap_or(TURN);
                self.block(flags & END_HEADERS == 0);
                if self.skip >= HEAD_BYTES {
                    let heads = &self.work.heads;
                    heads.fetch_add(self.skip / HEAD_BYTES, Relaxed);
                }
            }
            self.allowance -= expense(kind, flags, self.skip);
            if self.turn >= TURN {
                return all.len() - bytes.len();
            }
        }
    }

    /// A block of fields goes on, or is complete.
    fn block(&mut self, goes_on: bool) {
        if self.in_block != goes_on {
            self.in_block = goes_on;
            self.link.block(goes_on);
        }
    }

    /// Whether the frames so far are no more than those that may come.
    fn is_affordable(&mut self) -> bool {
        if self.allowance >= 0 {
            return true;
        }
        self.allowance += self.work.earned.swap(0, Relaxed);
        if self.allowance >= 0 {
            return true;
        }
        let times = self.counted.elapsed().as_millis() / EARNED_BY_TIME.as_millis();
        let times = i64::try_from(times).unwrap_or(BURST).min(BURST);
        if times > 0 {
            self.allowance += times;
            self.counted = Instant::now();
        }
        self.allowance >= 0
    }
}

/// What a frame spends of the allowance; less than nothing if it earns.
fn expense(kind: u8, flags: u8, length: usize) -> i64 {
    let per = |bytes: usize| i64::try_from(length / bytes).unwrap_or(0);
    match kind {
        DATA if length == 0 || flags & PADDED_FLAG != 0 && length < PADDED => 1,
        DATA => -per(EARNING_BYTES),
        HEADERS | CONTINUATION => 1 + per(HEAD_BYTES),
        _ => 1 + per(FRAME_BYTES),
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Frames<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.work.is_exceeded() || this.work.turn_is_over.load(Relaxed) {
            return Poll::Pending;
        }
        if this.turn >= TURN {
            this.turn = 0;
            this.work.turn_is_over.store(true, Relaxed);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        if this.beyond.is_empty() {
            let read = Pin::new(&mut this.inner).poll_read(context, buffer);
            if read.is_pending() {
                this.turn = 0;
            }
            ready!(read)?;
            let come = &buffer.filled()[before..];
            let now = this.count(come);
            this.beyond = Bytes::copy_from_slice(&come[now..]);
            buffer.set_filled(before + now);
        } else {
            let mut beyond = std::mem::take(&mut this.beyond);
            let place = beyond.len().min(buffer.remaining());
            let now = this.count(&beyond[..place]);
            buffer.put_slice(&beyond.split_to(now));
            this.beyond = beyond;
        }
        if !this.is_affordable() {
            // Whoever serves the connection ends it; what came is not worked off.
            this.work.exceeded.store(true, Relaxed);
            buffer.set_filled(before);
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Frames<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: u8 = 6;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let length_bytes = u32::try_from(length).unwrap().to_be_bytes();
        let mut frame = length_bytes[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.resize(HEAD + length, 0xFF);
        frame
    }

    fn counter() -> Frames<()> {
        let mut frames = Frames::new((), Arc::default(), Link::for_tests());
        frames.count(&[0; PREFACE]);
        frames
    }

    /// Has all of them come. Returns how many turns that takes.
    fn come(frames: &mut Frames<()>, mut bytes: &[u8]) -> usize {
        let mut turns = 1;
        while !bytes.is_empty() {
            bytes = &bytes[frames.count(bytes)..];
            if frames.turn >= TURN {
                frames.turn = 0;
                turns += 1;
            }
        }
        turns
    }

    #[test]
    fn frames_are_counted_however_they_are_cut() {
        let bytes: Vec<u8> = (0..100)
            .flat_map(|n| frame(PING, 0, [8, 0, 5, 63][n % 4]))
            .collect();
        for size in [1, 2, 8, 9, 10, 17, 100, bytes.len()] {
            let mut frames = counter();
            for piece in bytes.chunks(size) {
                assert_eq!(frames.count(piece), piece.len());
            }
            assert_eq!(frames.allowance, BURST - 100, "in pieces of {size}");
            assert_eq!((frames.turn, frames.begun, frames.skip), (100, 0, 0));
        }
    }

    #[test]
    fn bodies_cost_nothing_and_what_is_none_does() {
        let cost = |kind, flags, length| expense(kind, flags, length);
        assert_eq!(cost(DATA, 0, 1), 0);
        assert_eq!(cost(DATA, 0, 16 << 10), -16);
        assert_eq!(cost(DATA, 0, 0), 1);
        assert_eq!(cost(DATA, PADDED_FLAG, 256), 1);
        assert_eq!(cost(DATA, PADDED_FLAG, PADDED), 0);
        assert_eq!(cost(HEADERS, 0, 255), 1);
        assert_eq!(cost(HEADERS, 0, 16 << 10), 65);
        assert_eq!(cost(4, 0, 16 << 10), 257);
        assert_eq!(cost(200, 0, 0), 1);
    }

    #[test]
    fn work_earns_frames() {
        let mut frames = counter();
        let pings = frame(PING, 0, 8).repeat(BURST as usize);
        come(&mut frames, &pings);
        assert!(frames.is_affordable());
        frames.work.request(0);
        frames.work.served();
        frames.work.sent(16 << 10);
        let more = EARNED_BY_REQUEST + EARNED_BY_DATA + 16;
        come(&mut frames, &frame(PING, 0, 8).repeat(more));
        assert!(frames.is_affordable());
        // Time may have passed, but not so much.
        come(&mut frames, &pings);
        assert!(!frames.is_affordable());
    }

    #[test]
    fn large_heads_are_paid_by_requests_that_have_them() {
        let mut frames = counter();
        let head = frame(HEADERS, END_HEADERS, 40 << 10);
        for _ in 0..1000 {
            come(&mut frames, &head);
            frames.work.request(40 << 10);
            frames.work.served();
            assert!(frames.is_affordable());
        }
        // What is refused pays for nothing; and a turn has few of them.
        let mut frames = counter();
        assert_eq!(come(&mut frames, &head), 2);
        come(&mut frames, &head.repeat(10));
        assert!(!frames.is_affordable());
    }

    #[test]
    fn what_a_head_unfolds_to_is_counted() {
        let mut frames = counter();
        let head = frame(HEADERS, END_HEADERS, 28);
        let mut are_served = |size: usize, count: usize| {
            for _ in 0..count {
                come(&mut frames, &head);
                frames.work.request(size);
                frames.work.served();
            }
            frames.is_affordable() && !frames.work.is_exceeded()
        };
        assert!(are_served(8 << 10, 10_000), "fields that are remembered");
        assert!(are_served(60 << 10, 5));
        assert!(!are_served(60 << 10, 1000));
    }

    #[test]
    fn what_is_refused_earns_nothing() {
        let mut frames = counter();
        let head = frame(HEADERS, END_HEADERS, 28);
        let mut are_refused = |count: usize| {
            for _ in 0..count {
                come(&mut frames, &head);
                frames.work.request(100);
            }
            frames.is_affordable()
        };
        assert!(are_refused(BURST as usize));
        // Time may have passed, but not so much.
        assert!(!are_refused(BURST as usize));
    }

    #[test]
    fn time_earns_a_burst_at_most() {
        let mut frames = counter();
        come(&mut frames, &frame(PING, 0, 8).repeat(BURST as usize + 1));
        frames.counted -= EARNED_BY_TIME * 1_000_000;
        assert!(frames.is_affordable());
        assert_eq!(frames.allowance, BURST - 1);
    }

    /// A socket has them all at once, and others wait.
    #[test]
    fn a_turn_has_few_requests_however_many_are_read() {
        let mut sent = vec![b'P'; PREFACE];
        sent.extend(frame(HEADERS, END_HEADERS, 28).repeat(200));
        let mut frames = Frames::new(&sent[..], Arc::default(), Link::for_tests());
        let mut context = Context::from_waker(std::task::Waker::noop());
        let (mut read, mut turns) = (Vec::new(), 0);
        while read.len() < sent.len() {
            frames.work.turn();
            turns += 1;
            let before = read.len();
            loop {
                // h2's has some 8 KiB; it may be less than waits.
                let mut space = [0; 8 << 10];
                let size = if turns % 3 == 0 { 50 } else { space.len() };
                let mut buffer = ReadBuf::new(&mut space[..size]);
                match Pin::new(&mut frames).poll_read(&mut context, &mut buffer) {
                    Poll::Ready(done) => done.unwrap(),
                    Poll::Pending => break,
                }
                if buffer.filled().is_empty() {
                    break;
                }
                read.extend_from_slice(buffer.filled());
            }
            let requests = (TURN / REQUEST) as usize;
            assert!(requests <= 8, "each is as long as some frames");
            let most = PREFACE + (requests + 1) * (HEAD + 28);
            assert!(read.len() - before <= most, "in turn {turns}");
        }
        assert_eq!(read, sent);
        assert_eq!(turns, 200 / (TURN / REQUEST) as usize + 1);
    }
}
