//! The life of an instance, from its start on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_worker::{StartError, StartErrorKind};

use super::Pool;
use super::condition::Reason;
use super::member::Member;
use super::state::{Phase, State};
use crate::backoff::Failure;

impl Pool {
    /// Has an instance start: where one is named, it takes over from that.
    pub(super) fn begin_start(self: &Arc<Self>, state: &mut State, before: Option<Member>) {
        state.is_starting = true;
        state.has_begun = true;
        // A task of its own: the request that asks may be given up.
        let start = self.clone().start(state.epoch, before);
        self.starter.runtime().spawn(start);
    }

    /// Starts an instance and looks after it until it ends.
    async fn start(self: Arc<Self>, epoch: u64, before: Option<Member>) {
        let began = Instant::now();
        let name = &*self.options.name;
        let started = match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => self.starter.launch(self.options.clone()).await,
        };
        let member = {
            let mut guard = self.lock();
            let state = &mut *guard;
            state.is_starting = false;
            state.has_failed = started.is_err();
            match started {
                Ok(instance)
                    if state.phase == Phase::Closed
                        || state.is_disabled
                        || state.epoch != epoch =>
                {
                    instance.stop();
                    None
                }
                Ok(instance) => {
                    state.backoff.started();
                    state.heavy_starts = 0;
                    self.statistics.started(&instance, began.elapsed());
                    let member = Member::new(instance);
                    state.members.push(member.clone());
                    let before = before.map(|member| member.id());
                    let mut ids = state.members.iter().map(Member::id);
                    if let Some(index) = ids.position(|id| Some(id) == before) {
                        let member = state.members.remove(index);
                        self.dismiss(state, member);
                    }
                    self.have_tended(state);
                    Some(member)
                }
                Err(error) => {
                    self.statistics.start_failed();
                    let failure = match error.kind {
                        StartErrorKind::Crashed => Failure::Crash,
                        // A module may want to do something about an allocation that fails, and says something else then.
                        _ if self.starter.is_short_of_memory() => Failure::Shortage,
                        _ => Failure::Start,
                    };
                    let delay = state.backoff.failed(failure, Instant::now());
                    log_start_error(name, &error, delay);
                    state.reason = Reason {
                        message: error.message,
                        stack: error.detail,
                    };
                    if failure == Failure::Crash {
                        state.lost_one(name, self.starter.losses());
                    }
                    state.note_weight_of_start(name, error.kind);
                    None
                }
            }
        };
        self.settled.notify_waiters();
        let Some(member) = member else { return };
        let duration_ms = began.elapsed().as_secs_f64() * 1e3;
        tracing::info!(app = name, duration_ms, "app started");
        let exit = member.instance().clone().ended().await;
        self.statistics.ended(member.instance(), &exit);
        self.remove(&member, &exit);
    }
}

fn log_start_error(app: &str, error: &StartError, delay: Duration) {
    let retry_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let stack = error.detail.as_deref();
    tracing::error!(
        app,
        stack,
        retry_ms,
        "the app did not start: {}",
        error.message
    );
}
