//! Timers of an app, which may have so many at a time.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nano_engine::{State, TimerCallback, TimerId};
use nano_webidl::{DomExceptionName, Error, Fallible, Scope};

use super::Environment;
use super::request_context::current_request;

/// The limit's name in the configuration.
const NAME: &str = "timers";
/// What is refused within so long of the last time is the same episode, of which the log is told once.
const EPISODE: Duration = Duration::from_secs(10);

/// How many timers there may be at a time.
pub struct TimerQuota {
    most: usize,
    /// How many were refused.
    refused: Arc<AtomicU64>,
    last: Cell<Option<Instant>>,
}

impl TimerQuota {
    /// So many.
    pub fn of(most: u32) -> Self {
        Self {
            most: most as usize,
            refused: Arc::default(),
            last: Cell::new(None),
        }
    }

    /// Any number: for scripts that someone runs on a machine of their own.
    pub fn unlimited() -> Self {
        Self::of(u32::MAX)
    }

    /// Counts the timers that were refused.
    pub(crate) fn refused(&self) -> &Arc<AtomicU64> {
        &self.refused
    }
}

/// Sets a timer that the app wants, be it by `setTimeout()` or by something that is made of one.
///
/// # Errors
/// A `QuotaExceededError`, as in Workers, where the app has as many timers as it may: it is no fault of the arguments, and other code of
/// the app may be to blame.
pub(crate) fn set(
    scope: &mut Scope,
    delay: Duration,
    repeat: bool,
    callback: TimerCallback,
) -> Fallible<TimerId> {
    let timers = State::from_scope(scope).timers();
    if timers.are_pending(Environment::of(scope).timers.most) {
        return Err(refuse(scope));
    }
    Ok(timers.set(delay, repeat, callback))
}

#[cold]
fn refuse(scope: &mut Scope) -> Error {
    let environment = Environment::of(scope);
    let TimerQuota {
        most,
        refused,
        last,
    } = &environment.timers;
    refused.fetch_add(1, Ordering::Relaxed);
    let message = format!(
        "{most} timers are set already, the app's limit, those of AbortSignal.timeout() included; clear those that are not needed, or raise \
         \"limits\": {{ \"timers\": {most} }} in the app's configuration"
    );
    let now = Instant::now();
    if last
        .replace(Some(now))
        .is_none_or(|last| now - last > EPISODE)
    {
        let request = current_request(scope);
        environment.errors.limit(scope, request, NAME, &message);
    }
    Error::dom(DomExceptionName::QuotaExceeded, message)
}
