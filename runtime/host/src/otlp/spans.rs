//! Spans by the names of the semantic conventions: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{StatusCode, Version};
use nano_worker::{ClientSpan, RequestId, SpanContext, SpanId, TraceId};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use url::Url;

/// A request that is over.
#[derive(Debug)]
pub(crate) struct ServerSpan {
    pub(crate) context: SpanContext,
    pub(crate) parent: Option<SpanId>,
    pub(crate) state: Option<Box<str>>,
    /// The app, where one answers to the host.
    pub(crate) app: Option<Arc<str>>,
    pub(crate) id: RequestId,
    pub(crate) ended: SystemTime,
    pub(crate) duration: Duration,
    pub(crate) method: Box<str>,
    pub(crate) path: Box<str>,
    /// Scheme, host and port, where an app answers to them.
    pub(crate) origin: Option<Box<str>>,
    /// The version of HTTP, where the request has come by one.
    pub(crate) version: Option<Version>,
    /// What the client was told.
    pub(crate) status: Option<StatusCode>,
    pub(crate) bytes: u64,
    pub(crate) limit: Option<&'static str>,
    /// What became of a response that is not complete.
    pub(crate) fault: Option<&'static str>,
    /// Whether that is the server's failure.
    pub(crate) has_failed: bool,
    pub(crate) error: Option<Box<str>>,
}

/// Bits of a span's flags: whether it is known if the parent is another process's, and whether it is.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// The methods that have a meaning: <https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/>.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

impl ServerSpan {
    pub(super) fn into_proto(self) -> Span {
        let mut attributes = Attributes::default();
        let name = attributes.method(&self.method);
        attributes.text("url.path", &self.path);
        let origin = self.origin.and_then(|origin| Url::parse(&origin).ok());
        if let Some(origin) = origin {
            attributes.text("url.scheme", origin.scheme());
            attributes.text("server.address", origin.host_str().unwrap_or_default());
            let port = origin.port_or_known_default().unwrap_or_default();
            attributes.integer("server.port", port.into());
        }
        let version = self.version.map(|version| match version {
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            _ => "1.1",
        });
        if let Some(version) = version {
            attributes.text("network.protocol.version", version);
        }
        attributes.integer("http.response.body.size", self.bytes);
        if let Some(status) = self.status {
            attributes.integer("http.response.status_code", status.as_u16().into());
        }
        attributes.text("nano.request_id", self.id.to_hex().as_str());
        if let Some(limit) = self.limit {
            attributes.text("nano.limit", limit);
        }
        let failed = self.status.filter(StatusCode::is_server_error);
        match (self.fault, failed) {
            (Some(fault), _) => attributes.text("error.type", fault),
            (None, Some(status)) => attributes.text("error.type", status.as_str()),
            (None, None) => {}
        }
        let message = self.error.unwrap_or_default().into();
        let is_remote = self.parent.map_or(0, |_| IS_REMOTE);
        Span {
            trace_state: self.state.unwrap_or_default().into(),
            parent_span_id: id(self.parent),
            flags: u32::from(self.context.flags.bits()) | HAS_IS_REMOTE | is_remote,
            status: (self.has_failed || failed.is_some()).then(|| error(message)),
            ..span(
                self.context,
                name,
                SpanKind::Server,
                self.ended,
                self.duration,
                attributes,
            )
        }
    }
}

/// A request of an app's to another server.
pub(super) fn client(ended: ClientSpan) -> Span {
    let mut attributes = Attributes::default();
    let name = attributes.method(ended.method.as_str());
    attributes.text("url.full", &ended.url);
    attributes.text("server.address", &ended.host);
    attributes.integer("server.port", ended.port.into());
    if ended.resends > 0 {
        attributes.integer("http.request.resend_count", ended.resends.into());
    }
    if let Ok(status) = ended.outcome {
        attributes.integer("http.response.status_code", status.into());
    }
    let wrong = match ended.outcome {
        Ok(status) if status < 400 => None,
        Ok(status) => Some(status.to_string()),
        Err(fault) => Some(fault.to_owned()),
    };
    if let Some(wrong) = &wrong {
        attributes.text("error.type", wrong);
    }
    let end = ended.began + ended.duration;
    Span {
        parent_span_id: id(Some(ended.parent)),
        flags: u32::from(ended.context.flags.bits()) | HAS_IS_REMOTE,
        status: wrong.map(|_| error(String::new())),
        ..span(
            ended.context,
            name,
            SpanKind::Client,
            end,
            ended.duration,
            attributes,
        )
    }
}

fn span(
    context: SpanContext,
    name: String,
    kind: SpanKind,
    end: SystemTime,
    duration: Duration,
    attributes: Attributes,
) -> Span {
    Span {
        trace_id: context.trace.to_bytes().to_vec(),
        span_id: context.span.to_bytes().to_vec(),
        name,
        kind: kind.into(),
        start_time_unix_nano: nanoseconds(end.checked_sub(duration).unwrap_or(end)),
        end_time_unix_nano: nanoseconds(end),
        attributes: attributes.0,
        ..Span::default()
    }
}

fn id(span: Option<SpanId>) -> Vec<u8> {
    span.map(|span| span.to_bytes().to_vec())
        .unwrap_or_default()
}

fn error(message: String) -> Status {
    Status {
        message,
        code: SpanStatus::Error.into(),
    }
}

/// A time as it is sent.
pub(super) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Names and values.
#[derive(Default)]
pub(super) struct Attributes(pub(super) Vec<KeyValue>);

impl Attributes {
    fn add(&mut self, key: &str, value: Value) {
        self.0.push(KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.add(key, Value::StringValue(value.to_owned()));
    }

    fn integer(&mut self, key: &str, value: u64) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.add(key, Value::IntValue(value));
    }

    /// The method; gives the span's name.
    fn method(&mut self, method: &str) -> String {
        if METHODS.contains(&method) {
            self.text("http.request.method", method);
            return method.to_owned();
        }
        self.text("http.request.method", "_OTHER");
        self.text("http.request.method_original", cut(method, 64));
        "HTTP".to_owned()
    }
}

/// A text's beginning.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// What a signal is about: an app, or the process as a whole.
pub(super) fn resource(app: Option<&str>) -> Resource {
    /// Unlike any other process's.
    static INSTANCE: OnceLock<String> = OnceLock::new();
    let instance = INSTANCE.get_or_init(|| TraceId::random().to_string());
    let mut attributes = Attributes::default();
    attributes.text("service.name", app.unwrap_or("nano"));
    attributes.text("service.instance.id", instance);
    Resource {
        attributes: attributes.0,
        ..Resource::default()
    }
}

/// Who says so.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "nano".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
