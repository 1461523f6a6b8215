//! What changes of a pool.

use std::time::{Duration, Instant};

use nano_worker::Exit;

use super::condition::{Reason, Unavailable};
use super::member::Member;
use crate::backoff::Backoff;

/// What changes of a pool.
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) members: Vec<Member>,
    /// A task is starting an instance; everyone waits for it.
    pub(super) is_starting: bool,
    /// One has been asked for.
    pub(super) has_begun: bool,
    /// Requests that count on an instance; see [`Pool::lease`].
    pub(super) leases: usize,
    /// All of them so far.
    pub(super) leased: u64,
    /// How many there had been when nobody had a lease for the first time, and when that was seen.
    pub(super) quiet: Option<(u64, Instant)>,
    pub(super) backoff: Backoff,
    /// Why there is no instance, for those who are refused.
    pub(super) reason: Reason,
    /// The last start was none.
    pub(super) has_failed: bool,
    /// Starts in a row that have passed the memory limit.
    pub(super) heavy_starts: u32,
    /// Instances that have crashed or did not stop.
    pub(super) lost: u32,
    /// The last of them: several report it.
    pub(super) last_lost: Option<usize>,
    /// Too many are lost, or it does not start within its memory limit.
    pub(super) is_disabled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Requests are taken in.
    Open,
    /// No further request is taken in. Those that have been get their instance, also a new one.
    Retiring,
    /// Nothing is started any more.
    Closed,
}

impl State {
    /// Without instances.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Open,
            members: Vec::new(),
            is_starting: false,
            has_begun: false,
            leases: 0,
            leased: 0,
            quiet: None,
            backoff: Backoff::default(),
            reason: Reason::default(),
            has_failed: false,
            heavy_starts: 0,
            lost: 0,
            last_lost: None,
            is_disabled: false,
        }
    }

    /// Whether promises given to `waitUntil` are pending.
    pub(super) fn has_background(&self) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.instance().stats().background > 0)
    }

    pub(super) fn running(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.goes_on())
    }

    /// An instance that has to end, and why.
    pub(super) fn condemned(&self) -> Option<(Member, Exit)> {
        let exit = |member: &Member| Some((member.clone(), member.instance().condemned()?));
        self.members.iter().find_map(exit)
    }

    /// Whether an instance may be started.
    pub(super) fn may_start(&self, now: Instant) -> Result<(), Unavailable> {
        if self.phase == Phase::Closed {
            return Err(Unavailable {
                reason: "the app is shutting down".to_owned().into(),
                retry_after: Some(Duration::from_secs(1)),
            });
        }
        let retry_after = self.backoff.remaining(now);
        if self.is_disabled || (retry_after.is_some() && !self.is_starting) {
            return Err(Unavailable {
                reason: self.reason.clone(),
                retry_after: retry_after.filter(|_| !self.is_disabled),
            });
        }
        Ok(())
    }
}
