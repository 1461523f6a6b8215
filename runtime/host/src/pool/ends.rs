//! What follows from the end of an instance: another one, after a while, or none any more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use nano_worker::{Exit, Isolation, Losses, RequestId, StartErrorKind};

use super::Pool;
use super::member::Member;
use super::state::{Phase, State};
use crate::backoff::Failure;
use crate::statistics::Limit;

/// Each lost instance keeps a thread and memory, and takes a core for as long as it goes on; so after this many a version of an app
/// gets no other: not before the app is changed.
pub(super) const MAX_LOST: u32 = 4;
/// The same for all apps together: from then on, the first of each is its last. So it is when they keep much memory.
pub(super) const ALL_LOST: usize = 32;
/// A start that passes the app's memory limit takes all of that each time, at the cost of others; so after this many in a row a
/// version of an app gets no other.
pub(super) const MAX_HEAVY_STARTS: u32 = 4;

impl Pool {
    /// Notes that an instance is of no more use. The next request gets another one, after a while if this has happened often.
    pub(crate) fn remove(&self, member: &Member, exit: &Exit) {
        self.remove_locked(&mut self.lock(), member, exit);
    }

    /// An instance has held up others of its thread, or has taken it with it: the next ones have threads of their own.
    pub(super) fn exile(&self) {
        if self.options.isolation == Isolation::Shared && self.statistics.exile() {
            tracing::warn!(
                app = &*self.options.name,
                "the app has threads of its own from now on: an instance of it has held up others that share its thread, or has taken it with it"
            );
        }
    }

    pub(super) fn remove_locked(&self, state: &mut State, member: &Member, exit: &Exit) {
        if exit.is_loss() || member.instance().stats().has_held_up {
            self.exile();
        }
        let count = |state: &State| state.members.len() + state.leaving.len();
        let before = count(state);
        state.members.retain(|other| other.id() != member.id());
        state.leaving.retain(|other| other.id() != member.id());
        // Those of a closed pool do what they are meant to.
        let was_there = count(state) < before && state.phase != Phase::Closed;
        // There may be too few now.
        self.wanted.notify_one();
        // That it does not stop is seen when another has taken its place, or when nobody wants one any more.
        let is_new_loss = exit.is_loss() && state.last_lost != Some(member.id());
        if !was_there && !is_new_loss {
            // Someone else has noted it already.
            return;
        }
        if exit.is_loss() {
            state.last_lost = Some(member.id());
        }
        let name = &*self.options.name;
        let mut failure = Failure::End;
        let limits = &self.options.limits;
        let reason = match exit {
            Exit::Stopped => {
                match state.members.len() {
                    0 => tracing::info!(app = name, "app stopped"),
                    instances => tracing::info!(
                        app = name,
                        instances,
                        "an instance of the app has ended, and others serve"
                    ),
                }
                return;
            }
            Exit::Evicted => {
                tracing::info!(
                    app = name,
                    "idle app stopped, as the process needs memory; its next request starts it"
                );
                return;
            }
            // No fault of its own: nobody waits for another one.
            Exit::ThreadLost => {
                tracing::warn!(app = name, "an instance of the app was lost: {exit}");
                return;
            }
            Exit::CpuLimit => {
                let limit = limits.cpu.as_millis();
                format!(
                    "an instance of the app was ended: it passed its CPU limit of {limit} ms for one turn"
                )
            }
            Exit::RequestCpuLimit { request } => {
                let limit = limits.request_cpu.unwrap_or_default().as_millis();
                format!(
                    "an instance of the app was ended: it passed its CPU limit of {limit} ms for one request, {request}"
                )
            }
            Exit::HeapLimit => {
                let limit = limits.memory_mb;
                format!(
                    "an instance of the app was ended: it passed its memory limit of {limit} MB"
                )
            }
            Exit::ProcessLimit => {
                failure = Failure::Shortage;
                format!("an instance of the app was ended: {exit}")
            }
            Exit::Crashed => {
                failure = Failure::Crash;
                format!(
                    "an instance of the app crashed: {exit}; its thread and its memory are lost until this process ends"
                )
            }
            Exit::Unresponsive => {
                failure = Failure::Crash;
                format!(
                    "an instance of the app was given up: {exit}; its thread goes on at the lowest priority"
                )
            }
            Exit::Fault { .. } => exit.to_string(),
        };
        let delay = state.backoff.failed(failure, Instant::now());
        let retry_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let (request, limit) = limit_of(exit);
        let request_id = request.map(tracing::field::display);
        tracing::error!(app = name, request_id, limit, retry_ms, "{reason}");
        state.reason = reason.into();
        if failure == Failure::Crash {
            state.lost_one(name, self.starter.losses());
        }
    }
}

/// The limit that has ended an instance, by its name in the configuration, and the request that met it, where one did. Its own line may
/// have been written before.
fn limit_of(exit: &Exit) -> (Option<RequestId>, Option<&'static str>) {
    let (request, limit) = match exit {
        Exit::RequestCpuLimit { request } => (Some(*request), Limit::RequestCpu),
        Exit::CpuLimit => (None, Limit::Cpu),
        Exit::HeapLimit => (None, Limit::Memory),
        Exit::ProcessLimit => (None, Limit::Process),
        _ => return (None, None),
    };
    (request, Some(limit.name()))
}

impl State {
    /// The app `name` did not start, for that reason.
    pub(super) fn note_weight_of_start(&mut self, name: &str, kind: StartErrorKind) {
        if kind != StartErrorKind::HeapLimit {
            self.heavy_starts = 0;
            return;
        }
        self.heavy_starts += 1;
        if self.heavy_starts < MAX_HEAVY_STARTS || self.phase == Phase::Closed {
            return;
        }
        self.is_disabled = true;
        self.reason.message = format!(
            "the app is disabled: it did not start within its memory limit {MAX_HEAVY_STARTS} times in a row; the last time: {}. Mend \
             the app or raise its limit, then have it loaded anew (SIGHUP), or restart the process",
            self.reason.message
        );
        tracing::error!(app = name, "{}", self.reason.message);
    }

    /// The app `name` has lost an instance; `all` are lost in the process.
    pub(super) fn lost_one(&mut self, name: &str, all: Losses) {
        warn_of_losses(all.instances);
        self.lost += 1;
        let is_first_the_last = all.instances >= ALL_LOST || all.are_heavy;
        if (self.lost < MAX_LOST && !is_first_the_last) || self.phase == Phase::Closed {
            return;
        }
        let all = all.instances;
        self.is_disabled = true;
        self.reason.message = format!(
            "the app is disabled: {} of its instances have crashed or did not stop, of {all} in this process, and each keeps a \
             thread and memory; the last one: {}. Mend the app, then have it loaded anew (SIGHUP), or restart the process",
            self.lost, self.reason.message
        );
        tracing::error!(app = name, lost = self.lost, "{}", self.reason.message);
    }
}

/// So many lost instances are worth the next warning: the first, and each doubling.
static MANY_LOST: AtomicUsize = AtomicUsize::new(4);

/// Says when lost instances hold much of the process's memory.
fn warn_of_losses(count: usize) {
    let next = |many: usize| (count >= many).then_some(count * 2);
    let is_due = MANY_LOST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    if is_due.is_ok() {
        tracing::warn!(
            lost_instances = count,
            "{count} instances of apps have crashed or do not stop; each keeps a thread and its memory until the process \
             ends: restart it when convenient, and look above for the apps that did this"
        );
    }
}
