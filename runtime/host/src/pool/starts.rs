//! The life of an instance, from its start on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_worker::{StartError, StartErrorKind};

use super::Pool;
use super::condition::Reason;
use super::member::Member;
use super::state::Phase;
use crate::backoff::Failure;

impl Pool {
    /// Starts an instance and looks after it until it ends.
    pub(super) async fn start(self: Arc<Self>) {
        let began = Instant::now();
        let name = &*self.options.name;
        let started = match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => self.starter.launch(self.options.clone()).await,
        };
        let member = {
            let mut state = self.lock();
            state.is_starting = false;
            state.has_failed = started.is_err();
            match started {
                Ok(instance) if state.phase == Phase::Closed || state.is_disabled => {
                    instance.stop();
                    None
                }
                Ok(instance) => {
                    state.backoff.started();
                    state.heavy_starts = 0;
                    self.statistics.started(&instance, began.elapsed());
                    let member = Member::new(instance);
                    state.members.push(member.clone());
                    Some(member)
                }
                Err(error) => {
                    self.statistics.start_failed();
                    let failure = match error.kind {
                        StartErrorKind::Crashed => Failure::Crash,
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
