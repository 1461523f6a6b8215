//! Scheduled events: when they are due, and who sends them.
//!
//! As in Workers, times are in UTC, each event is an app's own business, and may overlap with the next one; what is missed while the
//! process does not run is not made up for: <https://developers.cloudflare.com/workers/configuration/cron-triggers/>.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nano_worker::{FetchError, RequestId, ScheduledEvent, Stop, Unfinished};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::app::App;
use crate::dispatch::RequestIds;
use crate::pool::{NOBODY, Reason};

/// When events are due: `*/5 * * * *`.
#[derive(Clone)]
pub struct CronExpression {
    text: Arc<str>,
    cron: Arc<Cron>,
}

/// Why a text is no [`CronExpression`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no cron expression: {reason}")]
pub struct CronError {
    text: String,
    reason: String,
}

impl FromStr for CronExpression {
    type Err = CronError;

    /// Five fields: minute, hour, day of the month, month, day of the week, of which 0 and 7 are Sunday. A sixth one in front is
    /// for seconds.
    fn from_str(text: &str) -> Result<Self, CronError> {
        let wrong = |reason: String| CronError {
            text: text.chars().take(100).collect(),
            reason,
        };
        // croner takes it for no time at all, and looks for one through thousands of years.
        if text
            .split_whitespace()
            .any(|field| field.split(',').any(str::is_empty))
        {
            return Err(wrong("an item of a list is empty".to_owned()));
        }
        let expression = Self::parse(text, Year::Disallowed).map_err(wrong)?;
        let now = SystemTime::now();
        // Where there is no such time, croner looks through thousands of years, unless it is told which ones.
        let looked_for = match (text.split_whitespace().count(), year(now)) {
            (fields @ (5 | 6), Some(year)) => {
                let second = if fields == 5 { "0 " } else { "" };
                let within = format!("{second}{text} {year}-{}", year + RARE);
                Self::parse(&within, Year::Required).map_err(wrong)?
            }
            _ => expression.clone(),
        };
        match looked_for.next_after(now) {
            Some(_) => Ok(expression),
            None => Err(wrong("there is no such time".to_owned())),
        }
    }
}

/// The most years between two times of an expression: the 29th of February is the same day of the week after so many where a century's
/// last year is no leap year.
const RARE: i16 = 40;

/// The year of a time, in UTC.
fn year(time: SystemTime) -> Option<i16> {
    let time = Timestamp::try_from(time).ok()?;
    Some(time.to_zoned(TimeZone::UTC).year())
}

impl PartialEq for CronExpression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl CronExpression {
    fn parse(text: &str, year: Year) -> Result<Self, String> {
        let parser = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(year)
            .build();
        let cron = parser.parse(text).map_err(|error| {
            let told = error.to_string();
            match told.contains("out of bounds") {
                // It does not say whose.
                true => "a number is out of its bounds: minute 0 to 59, hour 0 to 23, day 1 to 31, month 1 to 12, day of the week 0 to 7"
                    .to_owned(),
                false => told,
            }
        })?;
        Ok(Self {
            text: text.into(),
            cron: Arc::new(cron),
        })
    }

    /// As it was written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The first time after this one.
    pub(crate) fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        let time = Timestamp::try_from(time).ok()?.to_zoned(TimeZone::UTC);
        let next = self.cron.find_next_occurrence(&time, false).ok()?;
        Some(next.timestamp().into())
    }
}

/// How long an event may take, as in Workers.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Instances that an event may meet the end of before it is given up.
const ATTEMPTS: u32 = 3;
/// How often the clock is looked at: it may be set, and the machine may sleep.
const LOOK: Duration = Duration::from_secs(30);
/// How late an event may be sent.
const LATE: Duration = Duration::from_secs(60);

/// The schedules of a host's apps.
#[derive(Default)]
pub(crate) struct Schedules(BTreeMap<Arc<str>, Schedule>);

/// The one of an app. It goes by what the app is configured to be by then.
struct Schedule {
    stop: Stop,
    changed: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Schedules {
    /// Sends these apps their events, as they are configured now, and others none. Gives those that end here: what they have sent
    /// goes on.
    pub(crate) fn follow<'a>(
        &mut self,
        apps: impl Iterator<Item = &'a Arc<App>>,
        ids: &Arc<RequestIds>,
    ) -> Vec<JoinHandle<()>> {
        let mut before = std::mem::take(&mut self.0);
        for app in apps.filter(|app| !app.crons().is_empty()) {
            let schedule = match before.remove(app.name()) {
                Some(schedule) => {
                    schedule.changed.notify_one();
                    schedule
                }
                None => Schedule::begin(app.clone(), ids.clone()),
            };
            self.0.insert(app.name().clone(), schedule);
        }
        let end = |schedule: Schedule| {
            schedule.stop.set();
            schedule.task
        };
        before.into_values().map(end).collect()
    }
}

impl Schedule {
    fn begin(app: Arc<App>, ids: Arc<RequestIds>) -> Self {
        let (stop, changed) = (Stop::default(), Arc::<Notify>::default());
        let kept = keep(app, ids, stop.clone(), changed.clone(), SystemTime::now);
        Self {
            stop,
            changed,
            task: tokio::spawn(kept),
        }
    }
}

/// The first times after this one. Each is looked for once, and not by those who serve: a rare one takes a millisecond.
async fn look(crons: &[CronExpression], after: SystemTime) -> Vec<Option<SystemTime>> {
    let crons = crons.to_vec();
    let look = move || crons.iter().map(|cron| cron.next_after(after)).collect();
    let found = tokio::task::spawn_blocking(look).await;
    // croner has panicked, or the process ends.
    found.unwrap_or_default()
}

/// Sends an app its events, until that is stopped and they are over.
async fn keep(
    app: Arc<App>,
    ids: Arc<RequestIds>,
    stop: Stop,
    changed: Arc<Notify>,
    clock: impl Fn() -> SystemTime,
) {
    let mut crons = app.crons();
    let mut sent = JoinSet::new();
    // What was due until then was sent.
    let mut until = clock();
    let mut next = look(&crons, until).await;
    while !stop.is_set() {
        while sent.try_join_next().is_some() {}
        let now = clock();
        let is_far = |one: SystemTime, other| {
            one.duration_since(other)
                .is_ok_and(|between| between > LATE)
        };
        if is_far(now, until) || is_far(until, now) {
            until = now;
            next = look(&crons, until).await;
        }
        let first = next.iter().flatten().min().copied();
        let wait = first.map_or(LOOK, |first| first.duration_since(now).unwrap_or_default());
        if !wait.is_zero() {
            // Only here: what was due before a change is sent.
            let wanted = app.crons();
            if wanted != crons {
                (crons, until) = (wanted, now);
                next = look(&crons, until).await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(wait.min(LOOK)) => continue,
                () = changed.notified() => continue,
                () = stop.stopped() => break,
            }
        }
        let Some(due) = first else { continue };
        for (cron, next) in crons.iter().zip(&mut next) {
            if *next != Some(due) {
                continue;
            }
            *next = cron.next_after(due);
            let event = ScheduledEvent {
                cron: cron.text.clone(),
                time: due,
            };
            let limit = app.current().config().limits.in_flight;
            if sent.len() >= limit {
                let error = format!("{limit} of them are under way, the app's limit of in_flight");
                tell(&app, &event, None, Duration::ZERO, Err(error.into()));
                continue;
            }
            let (app, id) = (app.clone(), ids.next());
            sent.spawn(async move { drop(fire(&app, event, id).await) });
        }
        until = due;
    }
    while sent.join_next().await.is_some() {}
}

/// Sends an app an event, and logs how it ends.
pub(crate) async fn fire(
    app: &Arc<App>,
    event: ScheduledEvent,
    id: RequestId,
) -> Result<(), Reason> {
    let began = Instant::now();
    let outcome = match tokio::time::timeout(LONGEST, send(app, &event, id)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("it was not over after {} minutes", LONGEST.as_secs() / 60).into()),
    };
    tell(app, &event, Some(id), began.elapsed(), outcome.clone());
    outcome
}

async fn send(app: &Arc<App>, event: &ScheduledEvent, id: RequestId) -> Result<(), Reason> {
    // As a request: the version that gave it goes on until the event is over, or a drain's deadline.
    let gone = || Reason::from("the app is shutting down, or has been removed".to_owned());
    let mut lease = app.lease(NOBODY).ok_or_else(gone)?;
    for _ in 0..ATTEMPTS {
        let instance = lease.instance(app).await;
        let instance = instance.map_err(|unavailable| unavailable.reason)?;
        match instance.scheduled(event.clone(), id).await {
            Ok(()) => return Ok(()),
            Err(Unfinished::Failed(failed)) => {
                let message = failed.to_string();
                let stack = match failed {
                    FetchError::Exception { stack, .. }
                    | FetchError::NetworkError { stack, .. }
                    | FetchError::NoRoom { stack, .. } => stack,
                    _ => None,
                };
                return Err(Reason { message, stack });
            }
            Err(Unfinished::Returned) => lease.returned().await,
        }
    }
    Err(FetchError::Ended.to_string().into())
}

fn tell(
    app: &App,
    event: &ScheduledEvent,
    id: Option<RequestId>,
    duration: Duration,
    outcome: Result<(), Reason>,
) {
    let (app, cron) = (&**app.name(), &*event.cron);
    let time = Timestamp::try_from(event.time).unwrap_or_default();
    let request_id = id.map(tracing::field::display);
    let duration_ms = duration.as_secs_f64() * 1e3;
    match outcome {
        Ok(()) => {
            tracing::info!(app, request_id, cron, time = %time, duration_ms, "scheduled event")
        }
        Err(Reason {
            message: error,
            stack,
        }) => tracing::error!(
            app,
            request_id,
            cron,
            time = %time,
            duration_ms,
            error,
            stack,
            "scheduled event"
        ),
    }
}

#[cfg(test)]
mod tests;
