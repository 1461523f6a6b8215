//! What the frames of a peer may cost.
//!
//! Messages are paid for by the app that takes them: nothing is read for one that has enough. But pings, pongs and pieces of messages with
//! little in them ask nobody, and have six bytes: four connections that send nothing else keep two cores busy. So each frame spends some
//! of its connection's allowance; content, messages and time earn it back. What is compressed is no content before it has been unfolded:
//! it may be blocks with nothing in them, each with codes of its own.

use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::fault::Fault;

/// A frame takes as long as so many bytes of content (some 0.15 us): one that has them costs nothing.
const FRAME: i64 = 64;
/// Frames that need no reason: at first, and in a burst after a while.
const BURST: i64 = 1000 * FRAME;
/// Frames that may have been on their way to somebody who had just closed: what buffers of sockets hold.
const ON_THEIR_WAY: i64 = 16 * BURST;
/// How long it takes to earn one of these anew. A hundred per second, each in a packet of its own, and answered, take some 2 ms.
const EARNED_BY_TIME: Duration = Duration::from_millis(10);
/// For a message that an app takes: its frame, a second one, a ping and a pong. That many cost less than it does.
const EARNED_BY_MESSAGE: i64 = 4 * FRAME;

/// A byte of compressed data that nothing comes out of takes as long as so many bytes of content (up to 0.6 us, where it describes codes).
const FRUITLESS: i64 = 4;

/// What a peer may still send.
pub(crate) struct Allowance {
    /// In bytes of content.
    left: i64,
    most: i64,
    /// When time was counted last.
    counted: Instant,
}

impl Allowance {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            most: BURST,
            counted: now,
        }
    }

    /// A frame has come that has so many bytes of a message. None are counted of one that is compressed: see
    /// [`unfolded`](Self::unfolded).
    ///
    /// # Errors
    /// It is one too many.
    pub(crate) fn spend(&mut self, content: u64, clock: &dyn Clock) -> Result<(), Fault> {
        self.earn(bytes(content) - FRAME);
        self.check(clock)
    }

    /// So many bytes of compressed data have become so many bytes of a message.
    ///
    /// # Errors
    /// There was nothing in too many.
    pub(crate) fn unfolded(
        &mut self,
        read: usize,
        written: usize,
        clock: &dyn Clock,
    ) -> Result<(), Fault> {
        let (read, written) = (bytes(read as u64), bytes(written as u64));
        // What cannot be compressed grows by a few bytes.
        let fruitless = (read - written).max(0);
        self.earn(written - fruitless * FRUITLESS);
        self.check(clock)
    }

    fn check(&mut self, clock: &dyn Clock) -> Result<(), Fault> {
        if self.left < 0 {
            let now = clock.now();
            let passed = now.saturating_duration_since(self.counted);
            let times = passed.as_millis() / EARNED_BY_TIME.as_millis();
            if times > 0 {
                self.counted = now;
                self.earn(i64::try_from(times).map_or(BURST, |times| times.saturating_mul(FRAME)));
            }
        }
        match self.left {
            0.. => Ok(()),
            _ => Err(Fault::flood()),
        }
    }

    /// Allows what was on its way when this end closed. Once: `false` if that was more.
    pub(crate) fn last(&mut self) -> bool {
        let is_first = self.most < ON_THEIR_WAY;
        self.most = ON_THEIR_WAY;
        self.left = ON_THEIR_WAY;
        is_first
    }

    /// An app has got a message.
    pub(crate) fn message(&mut self) {
        self.earn(EARNED_BY_MESSAGE);
    }

    fn earn(&mut self, bytes: i64) {
        self.left = self.left.saturating_add(bytes).min(self.most);
    }
}

fn bytes(count: u64) -> i64 {
    i64::try_from(count).map_or(BURST, |count| count.min(BURST))
}
