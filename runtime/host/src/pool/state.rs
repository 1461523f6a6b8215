//! What changes of a pool.

use std::time::{Duration, Instant};

use nano_worker::Exit;

use super::condition::{Reason, Unavailable};
use super::member::Member;
use crate::backoff::Backoff;
use crate::config::InstancePlan;

/// What changes of a pool.
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) plan: InstancePlan,
    /// The instances that requests are sent to, the oldest first.
    pub(super) members: Vec<Member>,
    /// Those that finish what they have begun.
    pub(super) leaving: Vec<Member>,
    /// A task is starting an instance, one at a time; everyone who has none waits for it.
    pub(super) is_starting: bool,
    /// One has been asked for.
    pub(super) has_begun: bool,
    /// How often all instances were given up; see [`Pool::give_up`](super::Pool::give_up).
    pub(super) epoch: u64,
    /// A task looks after the instances.
    pub(super) is_tended: bool,
    /// It sleeps, and the next request wakes it.
    pub(super) is_unwatched: bool,
    /// A request has found all instances at work.
    pub(super) was_full: bool,
    /// Since when none has, where there are more than have to be.
    pub(super) surplus: Option<Instant>,
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
    pub(super) fn new(plan: InstancePlan) -> Self {
        Self {
            phase: Phase::Open,
            plan,
            members: Vec::new(),
            leaving: Vec::new(),
            epoch: 0,
            is_tended: false,
            is_unwatched: false,
            was_full: false,
            surplus: None,
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

    /// Has all instances be those that leave, until they have ended.
    pub(super) fn have_all_leave(&mut self) -> Vec<Member> {
        self.leaving.append(&mut self.members);
        self.leaving.clone()
    }

    /// Takes all instances out, also those that are not done yet.
    pub(super) fn take_all(&mut self) -> Vec<Member> {
        let mut all = std::mem::take(&mut self.members);
        all.append(&mut self.leaving);
        all
    }

    /// An instance that has to end, and why.
    pub(super) fn condemned(&self) -> Option<(Member, Exit)> {
        let exit = |member: &Member| Some((member.clone(), member.instance().condemned()?));
        self.members.iter().find_map(exit)
    }

    /// Whether nobody wants an instance any more whose start was begun in this epoch.
    pub(super) fn is_unwanted(&self, epoch: u64) -> bool {
        self.phase == Phase::Closed || self.epoch != epoch
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
