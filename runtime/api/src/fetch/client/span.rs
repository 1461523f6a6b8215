//! A request to another server as a span of the trace that it is made for: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, Method, StatusCode};
use nano_worker::{ClientSpan, SpanId, SpanSink, Trace};

use super::exchange::Exchange;
use super::failure::Failure;

/// How long a URL may be there: an app chooses it, and spans wait to be sent.
const MAX_URL: usize = 2 << 10;
/// The same for a host: as long as DNS's names may be.
const MAX_HOST: usize = 255;
/// The same for a method; longer ones are as unknown as they can be:
/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>.
const MAX_METHOD: usize = 32;

/// What went wrong where there is no response: whoever waited for it has gone, or
/// <https://fetch.spec.whatwg.org/#concept-network-error>.
const CANCELLED: &str = "cancelled";
const NETWORK_ERROR: &str = "network_error";

/// A span that somebody records. It ends with the response's head, or when it is dropped.
pub(super) struct Span {
    sink: Arc<dyn SpanSink>,
    began: Instant,
    /// How it would end if it were dropped now.
    span: ClientSpan,
}

impl Span {
    /// Begins the span of a request, and has its fields tell the other server. `None` if nobody records it. Boxed, as requests that wait
    /// should be small, and few have one.
    pub(super) fn begin(
        trace: &Trace,
        exchange: &Exchange,
        port: u16,
        headers: &mut HeaderMap,
    ) -> Option<Box<Self>> {
        let id = SpanId::random();
        trace.tell(id, headers);
        let url = &exchange.url;
        let mut text = format!("{}//{}{}", url.protocol(), url.host(), url.pathname());
        text.truncate(text.floor_char_boundary(MAX_URL));
        // Spans wait for a collector, by thousands.
        text.shrink_to_fit();
        let host = url.hostname();
        let host = &host[..host.floor_char_boundary(MAX_HOST)];
        Some(Box::new(Self {
            sink: trace.sink.clone()?,
            began: Instant::now(),
            span: ClientSpan {
                context: trace.span.sibling(id),
                parent: trace.span.span,
                began: SystemTime::now(),
                duration: Duration::ZERO,
                method: match exchange.method.as_str().len() {
                    0..=MAX_METHOD => exchange.method.clone(),
                    _ => Method::from_bytes(b"_OTHER").unwrap_or_default(),
                },
                url: text,
                host: host.to_owned(),
                port,
                outcome: Err(CANCELLED),
                resends: exchange.redirects,
            },
        }))
    }

    /// The response's head has come, or none will.
    pub(super) fn end(mut self, outcome: Result<StatusCode, &Failure>) {
        self.span.outcome = outcome
            .map(|status| status.as_u16())
            .map_err(|_| NETWORK_ERROR);
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.span.duration = self.began.elapsed();
        self.sink.ended(self.span.clone());
    }
}
