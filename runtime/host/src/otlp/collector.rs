//! A collector: <https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use nano_worker::{Launcher, Stop};
use tokio::time::{sleep, timeout};

use super::{Counts, cut};
use crate::config::OtlpConfig;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often one that is busy or away is asked again for the same, and how long after the first time; twice as long after the next.
const RETRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait, whatever the collector says.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How much of what it says is logged.
const MAX_SAID: usize = 500;

/// Where one signal, traces or metrics, is sent.
pub(super) struct Collector {
    signal: &'static str,
    url: String,
    headers: HeaderMap,
    launcher: Arc<dyn Launcher>,
    counts: Arc<Counts>,
    stop: Stop,
    /// The last attempt failed, which was told.
    is_failing: bool,
}

/// Why something was not taken.
struct Refusal {
    message: String,
    /// Whether to ask again, and when, if the collector says that.
    again: Option<Option<Duration>>,
}

impl Collector {
    pub(super) fn new(
        config: &OtlpConfig,
        signal: &'static str,
        launcher: Arc<dyn Launcher>,
        counts: Arc<Counts>,
        stop: Stop,
    ) -> Self {
        let mut headers: HeaderMap = config.headers.iter().cloned().collect();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!(
                "nano/",
                env!("CARGO_PKG_VERSION")
            )));
        Self {
            signal,
            url: format!("{}/v1/{signal}", config.endpoint),
            headers,
            launcher,
            counts,
            stop,
            is_failing: false,
        }
    }

    /// Is set when what is left is to be sent.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Sends a message, if need be several times. Gives the answer; `None`: it was not taken.
    pub(super) async fn send(&mut self, message: Vec<u8>) -> Option<Bytes> {
        let message = Bytes::from(message);
        let mut wait = FIRST_WAIT;
        for attempt in 0.. {
            // Once more, at once, when everything ends.
            let is_last = attempt == RETRIES || self.stop.is_set();
            let refusal = match self.post(message.clone()).await {
                Ok(answer) => {
                    if std::mem::take(&mut self.is_failing) {
                        let (signal, url) = (self.signal, &*self.url);
                        tracing::info!(url, "the collector takes {signal} again");
                    }
                    return Some(answer);
                }
                Err(refusal) => refusal,
            };
            self.counts.failures.fetch_add(1, Relaxed);
            self.complain(&refusal.message);
            let Some(after) = refusal.again.filter(|_| !is_last) else {
                break;
            };
            let after = after.unwrap_or(wait).min(LONGEST_WAIT);
            tokio::select! {
                () = sleep(after) => {}
                () = self.stop.stopped() => {}
            }
            wait *= 2;
        }
        None
    }

    async fn post(&self, message: Bytes) -> Result<Bytes, Refusal> {
        let temporary = |message| Refusal {
            message,
            again: Some(None),
        };
        let mut request = Request::new(message);
        *request.method_mut() = Method::POST;
        *request.headers_mut() = self.headers.clone();
        let sent = self.launcher.send(&self.url, request);
        let response = match timeout(PATIENCE, sent).await {
            Ok(response) => response.map_err(temporary)?,
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                return Err(temporary(format!("no answer within {seconds} s")));
            }
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response.into_body());
        }
        let said = String::from_utf8_lossy(response.body());
        let is_temporary = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        let seconds = response.headers().get(RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
        Err(Refusal {
            message: format!("status {status}: {said}"),
            again: is_temporary.then(|| seconds.map(Duration::from_secs)),
        })
    }

    /// Says that something was not taken, once until it is taken again.
    pub(super) fn complain(&mut self, error: &str) {
        if !std::mem::replace(&mut self.is_failing, true) {
            let (signal, url, error) = (self.signal, &*self.url, cut(error, MAX_SAID));
            tracing::warn!(
                url,
                error,
                "{signal} cannot be sent to the collector; what finds no place in the queue meanwhile is dropped and counted"
            );
        }
    }
}
