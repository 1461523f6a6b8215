//! What the fuzz targets of `runtime/fuzz` do with a case, and the cases that are kept as a test.

use http::{HeaderMap, HeaderValue};

use crate::cdn_loop::{self, CDN_LOOP};
use crate::{OutboundRule, SpanContext, TRACEPARENT, trace_state};

#[path = "../../fuzz/fields.rs"]
pub mod fields;
#[path = "../../fuzz/input.rs"]
pub mod input;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use crate::caches::fuzzing::cache_control;

/// `traceparent`, `tracestate` and `CDN-Loop` of lines of fields. What is passed on says the same again.
pub fn passed_on_fields(case: &[u8]) {
    let fields = fields::fields(case);
    if let Some(context) = SpanContext::of(&fields) {
        let again = SpanContext::parse(context.to_header().as_bytes());
        assert_eq!(again.map(|again| again.trace), Some(context.trace));
        assert_eq!(again.map(|again| again.span), Some(context.span));
        assert_eq!(fields.get_all(TRACEPARENT).iter().count(), 1);
    }
    if let Some(state) = trace_state(&fields) {
        assert!(state.len() <= 512, "{state:?}");
        let again = HeaderMap::from_iter([(crate::TRACESTATE, state.clone())]);
        assert_eq!(trace_state(&again), Some(state));
    }
    let passes = cdn_loop::passes(fields.get_all(CDN_LOOP));
    let lines: Vec<&[u8]> = fields
        .get_all(CDN_LOOP)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let joined = lines.join(&b", "[..]);
    let passed_on = cdn_loop::passed_on(Some(&joined));
    assert_eq!(cdn_loop::passes([&passed_on]), passes + 1);
    let kept = cdn_loop::passed_on(Some(&cdn_loop::kept(&joined)));
    let most = passes.min(cdn_loop::MAX_PASSES + 1);
    assert!(cdn_loop::passes([&kept]) > most, "a loop would not end");
}

/// A rule of `outbound`, and a host and a port that it is asked about.
pub fn outbound_rule(case: &[u8]) {
    let mut input = input::Input::new(case);
    let (rule, host) = (input.line(), input.line());
    let (rule, host) = (String::from_utf8_lossy(rule), String::from_utf8_lossy(host));
    let Ok(rule) = rule.parse::<OutboundRule>() else {
        return;
    };
    let port = u16::from_be_bytes([input.byte(), input.byte()]);
    let is_matched = rule.matches(&host, port);
    assert_eq!(rule.matches(&host.to_ascii_uppercase(), port), is_matched);
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(&host).parse() {
        assert_eq!(rule.matches_address(address, port), is_matched);
    }
}

#[test]
fn kept_cases() {
    replay::replay(&[
        ("cache_control", cache_control),
        ("outbound_rule", outbound_rule),
        ("passed_on_fields", passed_on_fields),
    ]);
}
