//! Which requests are parts of traces, and what they know of them: <https://www.w3.org/TR/trace-context/>.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use nano_worker::{
    SpanContext, SpanId, TRACEPARENT, TRACESTATE, Trace, TraceFlags, TraceId, trace_state,
};

use crate::otlp::Exporter;

/// Which requests are parts of traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tracing {
    /// None. Apps see what clients say of traces as any other field.
    Off,
    /// Those that come with a `traceparent`.
    #[default]
    Incoming,
    /// All: those that come without one begin a trace.
    All,
}

impl fmt::Display for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Incoming => "incoming",
            Self::All => "all",
        })
    }
}

/// Gives requests their place in traces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracer {
    which: Tracing,
    /// Who records spans.
    exporter: Option<Arc<Exporter>>,
}

impl Tracer {
    pub(crate) fn new(which: Tracing, exporter: Option<Arc<Exporter>>) -> Self {
        Self { which, exporter }
    }

    /// The place of a request that has these fields, if it is to have one. `has_parent`: `traceparent` is among them.
    #[inline]
    pub(crate) fn begin(&self, headers: &HeaderMap, has_parent: bool) -> Option<Box<RequestTrace>> {
        match self.which {
            Tracing::All => {}
            Tracing::Incoming if has_parent => {}
            Tracing::Incoming | Tracing::Off => return None,
        }
        self.begin_span(headers)
    }

    fn begin_span(&self, headers: &HeaderMap) -> Option<Box<RequestTrace>> {
        let parent = SpanContext::of(headers);
        let (trace, flags) = match parent {
            Some(parent) => (parent.trace, parent.flags),
            None if self.which == Tracing::Incoming => return None,
            None => {
                let trace = TraceId::random();
                let exporter = self.exporter.as_ref();
                let is_sampled = exporter.is_some_and(|own| own.samples(trace.position()));
                (trace, TraceFlags::of_new(is_sampled))
            }
        };
        let exporter = self.exporter.as_ref().filter(|_| flags.is_sampled());
        Some(Box::new(RequestTrace {
            span: SpanContext {
                trace,
                span: SpanId::random(),
                flags,
            },
            parent: parent.map(|parent| parent.span),
            // Without a valid traceparent it means nothing.
            state: parent.and_then(|_| trace_state(headers)),
            origin: None,
            exporter: exporter.cloned(),
        }))
    }
}

/// A request's place in a trace.
#[derive(Debug)]
pub(crate) struct RequestTrace {
    /// Its own span.
    pub(crate) span: SpanContext,
    /// The one of whoever sent it.
    pub(crate) parent: Option<SpanId>,
    pub(crate) state: Option<HeaderValue>,
    /// Scheme, host and port of the request's URL, where somebody records it.
    pub(crate) origin: Option<Box<str>>,
    /// Who records it.
    pub(crate) exporter: Option<Arc<Exporter>>,
}

impl RequestTrace {
    /// Has a request's fields say that whatever its app does is a part of its span.
    pub(crate) fn rewrite(&self, headers: &mut HeaderMap) {
        headers.insert(TRACEPARENT, self.span.to_header());
        match &self.state {
            Some(state) => drop(headers.insert(TRACESTATE, state.clone())),
            None => drop(headers.remove(TRACESTATE)),
        }
    }

    /// An app is to answer to this URL. Gives what its instance is told.
    pub(crate) fn routed(&mut self, app: &Arc<str>, url: &str) -> Arc<Trace> {
        let sink = self.exporter.as_ref().map(|own| own.sink(app.clone()));
        if sink.is_some() {
            let path = url.match_indices('/').nth(2).map(|(at, _)| at);
            self.origin = Some(url[..path.unwrap_or(url.len())].into());
        }
        // What was read of the connection is a part of its buffer, which should not be kept.
        let state = self.state.as_ref();
        let state = state.and_then(|state| HeaderValue::from_bytes(state.as_bytes()).ok());
        Arc::new(Trace {
            span: self.span,
            state,
            sink,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// The fields that an app sees of those that came.
    fn seen(which: Tracing, came: &[(&'static str, &str)]) -> (HeaderMap, Option<RequestTrace>) {
        let mut headers = HeaderMap::new();
        for (name, value) in came {
            headers.append(*name, value.parse().unwrap());
        }
        let has_parent = headers.contains_key(TRACEPARENT);
        let trace = Tracer::new(which, None).begin(&headers, has_parent);
        if let Some(trace) = &trace {
            trace.rewrite(&mut headers);
        }
        (headers, trace.map(|trace| *trace))
    }

    #[test]
    fn a_request_is_a_child_of_what_came() {
        for which in [Tracing::Incoming, Tracing::All] {
            let came = [
                ("traceparent", PARENT),
                ("tracestate", "a=1"),
                ("tracestate", "b=2"),
            ];
            let (headers, trace) = seen(which, &came);
            let trace = trace.unwrap();
            let parent = SpanContext::parse(PARENT.as_bytes()).unwrap();
            assert_eq!(trace.parent, Some(parent.span));
            assert_eq!(trace.span, parent.sibling(trace.span.span));
            assert_ne!(trace.span, parent);
            assert_eq!(headers[TRACEPARENT], *trace.span.to_string());
            let states: Vec<_> = headers.get_all(TRACESTATE).iter().collect();
            assert_eq!(states, ["a=1,b=2"]);
        }
    }

    #[test]
    fn a_malformed_parent_is_none() {
        let came = [("traceparent", "00-0-0-0"), ("tracestate", "a=1")];
        // Nobody here is concerned: the app gets what came.
        for which in [Tracing::Incoming, Tracing::Off] {
            let (headers, trace) = seen(which, &came);
            assert!(trace.is_none());
            assert_eq!(headers[TRACEPARENT], "00-0-0-0");
            assert_eq!(headers[TRACESTATE], "a=1");
        }
        let (headers, trace) = seen(Tracing::All, &came);
        let trace = trace.unwrap();
        assert_eq!(headers[TRACEPARENT], *trace.span.to_string());
        assert!(!headers.contains_key(TRACESTATE));
    }

    #[test]
    fn traces_begin_only_where_they_are_wanted() {
        for (which, begins) in [
            (Tracing::Off, false),
            (Tracing::Incoming, false),
            (Tracing::All, true),
        ] {
            let (headers, trace) = seen(which, &[]);
            assert_eq!(trace.is_some(), begins, "{which:?}");
            assert_eq!(headers.contains_key(TRACEPARENT), begins, "{which:?}");
        }
        assert!(seen(Tracing::Off, &[("traceparent", PARENT)]).1.is_none());
    }
}
