//! The instances of one version of an app.

mod condition;
mod ends;
mod member;
mod plan;
mod starts;
mod state;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nano_worker::{StartError, Stop, WorkerOptions};
use tokio::sync::Notify;

pub(crate) use self::condition::{Condition, Reason, Unavailable};
pub(crate) use self::member::{Member, NOBODY, Seat};
use self::state::{Phase, State};
use crate::config::InstancePlan;
use crate::starter::Starter;
use crate::statistics::Statistics;

/// The instances of one version of an app: one, started when it is asked for and there is none, and as many beside it as its
/// [plan](InstancePlan) wants.
pub(crate) struct Pool {
    options: WorkerOptions,
    /// Why no instance can start.
    fault: Option<StartError>,
    statistics: Arc<Statistics>,
    starter: Arc<Starter>,
    state: Mutex<State>,
    /// Requests, and scheduled events, that wait for an instance to start.
    waiting: AtomicUsize,
    /// Told whenever a start is over, and when the pool closes.
    settled: Notify,
    /// Told when nobody has a lease any more.
    released: Notify,
    /// Tells the task that looks after the instances.
    wanted: Notify,
    /// Set when nothing is taken in any more: what could go on for ever is asked to end.
    leaving: Stop,
}

/// Somebody waits for an instance to start.
struct Waits<'p>(&'p AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Pool {
    /// A pool without instances. `fault` is why none can start, if that is known.
    pub(crate) fn new(
        options: WorkerOptions,
        plan: InstancePlan,
        fault: Option<StartError>,
        statistics: Arc<Statistics>,
        starter: Arc<Starter>,
    ) -> Arc<Self> {
        Arc::new(Self {
            options,
            fault,
            statistics,
            starter,
            state: Mutex::new(State::new(plan)),
            waiting: AtomicUsize::new(0),
            settled: Notify::new(),
            released: Notify::new(),
            wanted: Notify::new(),
            leaving: Stop::default(),
        })
    }

    /// Takes a request in: until [`released`](Self::release), the pool has an instance for it or starts one, however soon it is
    /// replaced. Gives a seat at one that runs, if one does: one of the thread of this id, or one that is less busy. `None` if the pool takes nothing
    /// in any more.
    pub(crate) fn lease(&self, home: usize) -> Option<Option<Seat>> {
        self.lease_while(|phase| phase == Phase::Open, home)
    }

    /// The same for a request of another app, which may be on its way as long as that finishes what it has begun.
    pub(crate) fn late_lease(&self) -> Option<Option<Seat>> {
        self.lease_while(|phase| phase != Phase::Closed, NOBODY)
    }

    fn lease_while(
        &self,
        is_right: impl FnOnce(Phase) -> bool,
        home: usize,
    ) -> Option<Option<Seat>> {
        let mut state = self.lock();
        if !is_right(state.phase) {
            return None;
        }
        state.leases += 1;
        state.leased += 1;
        if state.is_unwatched {
            state.is_unwatched = false;
            self.wanted.notify_one();
        }
        Some(state.pick(home).map(Member::seat))
    }

    /// Gives a lease back.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.leases -= 1;
        if state.leases == 0 && state.phase != Phase::Open {
            drop(state);
            self.released.notify_waiters();
        }
    }

    /// Whether requests are taken in.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    /// Whether nothing is under way: nothing could call another app. What is taken in later, could.
    pub(crate) fn is_quiet(&self) -> bool {
        let state = self.lock();
        let mut members = state.members.iter().chain(&state.leaving);
        state.leases == 0
            && members.all(|member| {
                let stats = member.instance().stats();
                stats.in_flight == 0 && stats.background == 0
            })
    }

    /// The least busy instance, if there is one that goes on.
    pub(crate) fn running(&self) -> Option<Member> {
        self.lock().running().cloned()
    }

    /// How the version is.
    pub(crate) fn condition(&self) -> Condition {
        let state = self.lock();
        if state.is_disabled {
            Condition::Disabled(state.reason.message.clone())
        } else if state.running().is_some() {
            Condition::Running
        } else if state.is_starting {
            Condition::Starting
        } else if state.has_failed {
            Condition::Failing(state.reason.report())
        } else {
            Condition::Idle
        }
    }

    /// Whether somebody has asked for an instance.
    pub(crate) fn has_begun(&self) -> bool {
        self.lock().has_begun
    }

    /// Whether nothing works: the last start has failed, or no further one is tried.
    pub(crate) fn is_broken(&self) -> bool {
        let state = self.lock();
        state.running().is_none() && (state.has_failed || state.is_disabled)
    }

    /// A seat at an instance; starts one where there is none, once for all who ask.
    pub(crate) async fn instance(self: &Arc<Self>) -> Result<Seat, Unavailable> {
        loop {
            // Registered before the state is looked at, so that no change is missed.
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            {
                let mut state = self.lock();
                // The end of those that are of no more use takes its time, and nobody has to wait for it.
                while let Some((member, exit)) = state.condemned() {
                    self.remove_locked(&mut state, &member, &exit);
                }
                if let Some(member) = state.pick(NOBODY) {
                    return Ok(member.seat());
                }
                state.may_start(Instant::now())?;
                if !state.is_starting {
                    self.begin_start(&mut state, None);
                }
            }
            settled.await;
        }
    }

    /// Counts a request as one that waits for an instance to start, as long as that takes.
    pub(crate) async fn while_it_waits<T>(&self, start: impl Future<Output = T>) -> T {
        self.waiting.fetch_add(1, Relaxed);
        let _waits = Waits(&self.waiting);
        start.await
    }

    /// How many wait for an instance to start.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Why there are no more instances, if too many are lost.
    pub(crate) fn disabled(&self) -> Option<String> {
        let state = self.lock();
        state.is_disabled.then(|| state.reason.message.clone())
    }

    /// Stops what nobody has been sent to: a version that is given up before it has taken anything in.
    pub(crate) fn close(&self) {
        let members = {
            let mut state = self.lock();
            state.phase = Phase::Closed;
            state.have_all_leave()
        };
        self.settled.notify_waiters();
        self.wanted.notify_one();
        members.iter().for_each(|member| member.instance().stop());
    }

    /// Stops the instances, those that are starting included; the next one that is asked for is another one.
    pub(crate) fn give_up(&self) {
        let members = {
            let mut state = self.lock();
            state.epoch += 1;
            state.take_all()
        };
        self.settled.notify_waiters();
        members.iter().for_each(|member| member.instance().stop());
    }

    /// Ends the instances if nobody has asked for one for so long, and none has anything left to do. To be called now and then: the
    /// first call that finds them idle begins the time. Gives how many it ends.
    pub(crate) fn end_idle(&self, idle: Duration, now: Instant) -> usize {
        let ending = {
            let mut state = self.lock();
            let is_idle = state.phase == Phase::Open
                && state.leases == 0
                && !state.is_starting
                && !state.members.is_empty();
            let leased = state.leased;
            match state.quiet.filter(|_| is_idle) {
                Some((then, since)) if then == leased => {
                    if now.saturating_duration_since(since) < idle || state.has_background() {
                        return 0;
                    }
                    state.quiet = None;
                    std::mem::take(&mut state.members)
                }
                _ => {
                    state.quiet = is_idle.then_some((leased, now));
                    return 0;
                }
            }
        };
        // They have nothing to do, and take nothing in.
        ending.iter().for_each(|member| member.instance().stop());
        ending.len()
    }

    /// Takes no further request in.
    pub(crate) fn retire(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Retiring;
        }
        drop(state);
        self.leaving.set();
    }

    /// Set when nothing is taken in any more.
    pub(crate) fn leaving(&self) -> &Stop {
        &self.leaving
    }

    /// Takes no further request in, waits for those that have been, and then until the instances have nothing left to do. Returns
    /// false if the deadline cut something off.
    pub(crate) async fn drain(&self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        self.retire();
        let answered = tokio::time::timeout(deadline, self.all_released()).await;
        let members = {
            let mut state = self.lock();
            state.phase = Phase::Closed;
            state.have_all_leave()
        };
        self.settled.notify_waiters();
        self.wanted.notify_one();
        let left = until.saturating_duration_since(Instant::now());
        let drains = members
            .into_iter()
            .map(|member| member.instance().clone().drain(left));
        let drained = futures_util::future::join_all(drains).await;
        answered.is_ok() && drained.into_iter().all(|complete| complete)
    }

    /// Waits until nobody has a lease.
    async fn all_released(&self) {
        loop {
            let mut released = std::pin::pin!(self.released.notified());
            released.as_mut().enable();
            if self.lock().leases == 0 {
                return;
            }
            released.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
