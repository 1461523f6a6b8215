//! Scheduled events that are sent because somebody asks for it.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::StatusCode;
use nano_worker::ScheduledEvent;

use super::answer::{Answer, failure, json};
use super::body::Body;
use super::views::{Event, Fired};
use crate::app::App;
use crate::cron::{self, CronExpression};
use crate::host::Host;

/// Sends an app an event, and waits for what becomes of it. Where whoever asks goes away, it goes on.
pub(super) async fn fire(host: &Host, app: Arc<App>, body: Option<Body>) -> Answer {
    let wanted = match body.filter(|body| !body.bytes.is_empty()) {
        Some(body) => serde_json::from_slice::<Event>(&body.bytes),
        None => Ok(Event::default()),
    };
    let refused = |message: String| failure(StatusCode::UNPROCESSABLE_ENTITY, message);
    let cron: Arc<str> = match wanted {
        Ok(Event { cron: None }) => match app.crons().first() {
            Some(first) => first.text().clone(),
            None => "".into(),
        },
        Ok(Event { cron: Some(text) }) => match text.parse::<CronExpression>() {
            Ok(cron) => cron.text().clone(),
            Err(error) => return refused(error.to_string()),
        },
        Err(error) => {
            return refused(format!(
                "the body is no event: {error}; expected {{\"cron\": \"*/5 * * * *\"}}, or none"
            ));
        }
    };
    let event = ScheduledEvent {
        cron: cron.clone(),
        time: SystemTime::now(),
    };
    let (id, began) = (host.ids().next(), Instant::now());
    let fired = tokio::spawn(async move { cron::fire(&app, event, id).await });
    let error = match fired.await {
        Ok(outcome) => outcome.err().map(|reason| reason.report()),
        // The runtime ends.
        Err(error) => Some(error.to_string()),
    };
    let fired = Fired {
        cron: cron.as_ref().to_owned(),
        succeeded: error.is_none(),
        error,
        duration_ms: began.elapsed().as_secs_f64() * 1e3,
    };
    json(StatusCode::OK, &fired)
}
