//! W3C Trace Context, by which the parts that several servers have in one piece of work are found together:
//! <https://www.w3.org/TR/trace-context/>.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// The field that names a request's place in a trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The field with what servers of several kinds want to be told of a trace.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Names a trace: 32 hexadecimal digits, not all zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId(NonZeroU128);

/// Names a span, which is what one server or client has to do with a request: 16 hexadecimal digits, not all zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpanId(NonZeroU64);

/// Bits that nobody can guess from others like them. The keys of hash maps are made in the same way.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

impl TraceId {
    /// A new one.
    pub fn random() -> Self {
        let bits = u128::from(random()) << 64 | u128::from(random());
        Self(NonZeroU128::new(bits).unwrap_or(NonZeroU128::MIN))
    }

    /// Its bytes, as they are sent.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }

    /// A number from 0 to 1, evenly distributed over traces: whether a part of all traces is recorded is decided by it, by
    /// every server in the same way.
    pub fn position(self) -> f64 {
        // The last seven bytes are random, also where others are not: https://www.w3.org/TR/trace-context-2/#random-trace-id-flag
        const BITS: u32 = 56;
        let last = self.0.get() & ((1 << BITS) - 1);
        last as f64 / (1_u64 << BITS) as f64
    }
}

impl SpanId {
    /// A new one.
    pub fn random() -> Self {
        Self(NonZeroU64::new(random()).unwrap_or(NonZeroU64::MIN))
    }

    /// Its bytes, as they are sent.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}

/// What a trace's flags say: whether it is recorded, and whether its id is random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TraceFlags(u8);

impl TraceFlags {
    const SAMPLED: u8 = 1;
    /// <https://www.w3.org/TR/trace-context-2/#random-trace-id-flag>
    const RANDOM: u8 = 2;

    /// Those of a trace that begins here.
    pub fn of_new(is_sampled: bool) -> Self {
        Self(Self::RANDOM | u8::from(is_sampled))
    }

    /// Whether whoever has the trace records it.
    pub fn is_sampled(self) -> bool {
        self.0 & Self::SAMPLED != 0
    }

    /// As they are sent.
    pub fn bits(self) -> u8 {
        self.0
    }
}

/// A span, and the trace that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanContext {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// What is known of the trace.
    pub flags: TraceFlags,
}

/// The length of version 00, which all later versions begin with.
const LENGTH: usize = 55;

impl SpanContext {
    /// Reads a value of `traceparent`: <https://www.w3.org/TR/trace-context/#versioning-of-traceparent>.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (value, rest) = value.split_at_checked(LENGTH)?;
        let value = std::str::from_utf8(value).ok()?;
        let mut parts = value.split('-');
        let mut part = |length| {
            let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            parts
                .next()
                .filter(|part| part.len() == length && part.bytes().all(is_hex))
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        match version {
            "00" if !rest.is_empty() => return None,
            // It is no version.
            "ff" => return None,
            // Of a later version is known what this one has.
            _ if rest.first().is_some_and(|byte| *byte != b'-') => return None,
            _ => {}
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        let known = match version {
            "00" => TraceFlags::SAMPLED | TraceFlags::RANDOM,
            _ => TraceFlags::SAMPLED,
        };
        Some(Self {
            trace: TraceId(u128::from_str_radix(trace, 16).ok()?.try_into().ok()?),
            span: SpanId(u64::from_str_radix(span, 16).ok()?.try_into().ok()?),
            flags: TraceFlags(flags & known),
        })
    }

    /// What a request comes with: its `traceparent`, if it has one that is valid.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        Self::parse(value.as_bytes())
    }

    /// Another span of the same trace.
    pub fn sibling(self, span: SpanId) -> Self {
        Self { span, ..self }
    }

    /// The value of `traceparent` that says so.
    pub fn to_header(self) -> HeaderValue {
        let text = self.to_string();
        // It is digits and hyphens.
        HeaderValue::try_from(text).unwrap_or(const { HeaderValue::from_static("") })
    }
}

impl fmt::Display for SpanContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, flags } = self;
        write!(f, "00-{trace}-{span}-{:02x}", flags.0)
    }
}

/// How many members a `tracestate` has.
const MAX_MEMBERS: usize = 32;
/// How long it may be that is passed on, of 16 KB that may come: requests with work in `waitUntil` keep theirs, beside what counts for
/// the app. It is the least that others may rely on: <https://www.w3.org/TR/trace-context/#tracestate-limits>.
const MAX_STATE: usize = 512;
/// A longer member is the first to go.
const LONG_MEMBER: usize = 128;

/// The `tracestate` of a request that has a valid `traceparent`, in one line. One that is malformed is none:
/// <https://www.w3.org/TR/trace-context/#tracestate-header-field-values>.
pub fn trace_state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut members: Vec<&[u8]> = Vec::new();
    let mut keys: Vec<&[u8]> = Vec::new();
    for value in headers.get_all(TRACESTATE) {
        for member in value.as_bytes().split(|byte| *byte == b',') {
            let member = member.trim_ascii();
            // Lists may have empty members.
            if member.is_empty() {
                continue;
            }
            let key = key_of(member)?;
            if keys.len() == MAX_MEMBERS || keys.contains(&key) {
                return None;
            }
            keys.push(key);
            members.push(member);
        }
    }
    shorten(&mut members);
    let state = Some(members.join(&b","[..])).filter(|state| !state.is_empty())?;
    HeaderValue::from_bytes(&state).ok()
}

/// Removes members until a list is no longer than may be passed on: long ones first, then others, from the end, where the oldest are.
fn shorten(members: &mut Vec<&[u8]>) {
    // Each with a comma.
    let mut length: usize = members.iter().map(|member| member.len() + 1).sum();
    for shortest in [LONG_MEMBER + 1, 0] {
        let mut at = members.len();
        while length > MAX_STATE + 1 && at > 0 {
            at -= 1;
            if members[at].len() >= shortest {
                length -= members.remove(at).len() + 1;
            }
        }
    }
}

/// The key of a member, if that is well-formed: <https://www.w3.org/TR/trace-context/#list>.
fn key_of(member: &[u8]) -> Option<&[u8]> {
    let at = member.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&member[..at], &member[at + 1..]);
    let is_in_keys =
        |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let begins = key.first().is_some_and(u8::is_ascii_alphanumeric);
    let is_key = begins && key.len() <= 256 && key.iter().all(is_in_keys);
    let is_in_values = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'=';
    let is_value = matches!(value.len(), 1..=256) && value.iter().all(is_in_values);
    (is_key && is_value).then_some(key)
}

/// The trace that a request is a part of, for the app that answers it.
pub struct Trace {
    /// The request's own span.
    pub span: SpanContext,
    /// The `tracestate` that goes with it.
    pub state: Option<HeaderValue>,
    /// Who records what the app asks other servers; none, if nobody does.
    pub sink: Option<Arc<dyn SpanSink>>,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("span", &self.span)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Trace {
    /// Tells another server of the trace, in the fields of a request to it, whose span has this id. What the app says of a trace
    /// stays, unless it only hands on what its own request says.
    pub fn tell(&self, span: SpanId, headers: &mut HeaderMap) {
        if headers.contains_key(TRACEPARENT) && SpanContext::of(headers) != Some(self.span) {
            return;
        }
        headers.insert(TRACEPARENT, self.span.sibling(span).to_header());
        if let (Some(state), false) = (&self.state, headers.contains_key(TRACESTATE)) {
            headers.insert(TRACESTATE, state.clone());
        }
    }
}

/// A request to another server, when its response's head has come, or none will.
#[derive(Debug, Clone)]
pub struct ClientSpan {
    /// What it is called, and in which trace.
    pub context: SpanContext,
    /// On behalf of which span it was made.
    pub parent: SpanId,
    /// When it was sent.
    pub began: SystemTime,
    /// How long that took.
    pub duration: Duration,
    /// The method.
    pub method: Method,
    /// The URL without credentials, query and fragment: these may be secrets.
    pub url: String,
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The response's status, or what kind of thing went wrong.
    pub outcome: Result<u16, &'static str>,
    /// Which redirect it follows, from 1 on; 0 is the first request.
    pub resends: u32,
}

/// Takes the spans of one app. Called on the app's own threads: must not block.
pub trait SpanSink: Send + Sync + 'static {
    /// Takes one.
    fn ended(&self, span: ClientSpan);
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parsed(value: &str) -> Option<String> {
        SpanContext::parse(value.as_bytes()).map(|context| context.to_string())
    }

    #[test]
    fn what_is_valid_is_what_the_standard_says() {
        assert_eq!(parsed(GOOD).as_deref(), Some(GOOD));
        let with = |version: &str, flags: &str| format!("{version}{}{flags}", &GOOD[2..53]);
        for (value, flags) in [
            (with("00", "00"), Some("00")),
            // Flags that nobody knows are not passed on.
            (with("00", "ff"), Some("03")),
            // Later versions: what is known of them, in this one.
            (with("01", "01"), Some("01")),
            (with("cc", "03"), Some("01")),
            (with("cc", "01-what-the-future-will-be-like"), Some("01")),
            (with("cc", "01."), None),
            (with("00", "01-more"), None),
            (with("ff", "01"), None),
            (with("0", "01"), None),
            (with("00", "0"), None),
            (with("00", "0g"), None),
            (with("00", "0A"), None),
        ] {
            let expected = flags.map(|flags| with("00", flags));
            assert_eq!(parsed(&value), expected, "{value}");
        }
        for value in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01-",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-é",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parsed(value), None, "{value}");
        }
    }

    #[test]
    fn two_parents_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static(GOOD));
        assert!(SpanContext::of(&headers).is_some());
        headers.append(TRACEPARENT, HeaderValue::from_static(GOOD));
        assert_eq!(SpanContext::of(&headers), None);
    }

    #[test]
    fn states_are_one_line_or_none() {
        let state = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRACESTATE, value.parse().unwrap());
            }
            trace_state(&headers).map(|state| state.to_str().unwrap().to_owned())
        };
        assert_eq!(state(&[]), None);
        assert_eq!(state(&["", " , "]), None);
        assert_eq!(
            state(&["a=1, b@c=x y", "", "d/e=!"]).as_deref(),
            Some("a=1,b@c=x y,d/e=!")
        );
        for malformed in ["a", "=1", "a=", "A=1", "a b=1", "a=1=2", "a=1,a=2", "a=\t1"] {
            assert_eq!(state(&[malformed]), None, "{malformed}");
        }
        let many = |count: usize| {
            let members = (0..count).map(|index| format!("k{index}=v"));
            members.collect::<Vec<_>>().join(",")
        };
        assert!(state(&[&many(32)]).is_some());
        assert!(state(&[&many(33)]).is_none());
        assert!(state(&[&format!("{}=v", "k".repeat(257))]).is_none());
        assert!(state(&[&format!("k={}", "v".repeat(257))]).is_none());
    }

    #[test]
    fn long_states_lose_long_members_first_and_then_old_ones() {
        let member =
            |key: &str, length: usize| format!("{key}={}", "v".repeat(length - key.len() - 1));
        let state = |members: &[String]| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACESTATE, members.join(", ").parse().unwrap());
            trace_state(&headers).map(|state| state.to_str().unwrap().to_owned())
        };
        let all = |members: &[&String]| {
            let members: Vec<_> = members.iter().map(|member| member.as_str()).collect();
            Some(members.join(","))
        };
        let [a, b, c] = ["a", "b", "c"].map(|key| member(key, 127));
        let whole = [a.clone(), b.clone(), c.clone(), member("d", 128)];
        assert_eq!(state(&whole).unwrap().len(), 512);
        assert_eq!(
            state(&[a.clone(), b.clone(), c.clone(), member("d", 129)]),
            all(&[&a, &b, &c])
        );
        let (long, short) = (member("l", 200), "s=1".to_owned());
        let with = [long.clone(), a.clone(), b.clone(), c.clone(), short.clone()];
        assert_eq!(state(&with), all(&[&a, &b, &c, &short]));
        let longest: Vec<_> = (0..32)
            .map(|index| member(&format!("k{index}"), 250))
            .collect();
        assert_eq!(state(&longest), all(&[&longest[0], &longest[1]]));
        let many: Vec<_> = (0..32)
            .map(|index| member(&format!("k{index}"), 20))
            .collect();
        assert_eq!(state(&many).as_deref(), Some(&*many[..24].join(",")));
        assert_eq!(
            state(&[format!("{}={}", "k".repeat(256), "v".repeat(256))]),
            None
        );
    }

    #[test]
    fn ids_differ_and_lie_anywhere() {
        let ids: Vec<_> = (0..100).map(|_| TraceId::random()).collect();
        assert_ne!(ids[0], ids[1]);
        assert_ne!(SpanId::random(), SpanId::random());
        let low = ids.iter().filter(|id| id.position() < 0.5).count();
        assert!((20..80).contains(&low), "{low}");
        assert!(ids.iter().all(|id| (0.0..1.0).contains(&id.position())));
    }

    #[test]
    fn other_servers_are_told_unless_the_app_has_said_something_else() {
        let trace = Trace {
            span: SpanContext::parse(GOOD.as_bytes()).unwrap(),
            state: Some(HeaderValue::from_static("a=1")),
            sink: None,
        };
        let id = SpanId::random();
        let own = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{id}-01");
        let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        for (given, state, told, told_state) in [
            (None, None, &*own, Some("a=1")),
            // What it was sent itself.
            (Some(GOOD), None, &own, Some("a=1")),
            (Some(GOOD), Some("b=2"), &own, Some("b=2")),
            (Some(other), None, other, None),
            (Some("mine"), None, "mine", None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(TRACEPARENT, HeaderValue::from_static(given));
            }
            if let Some(state) = state {
                headers.insert(TRACESTATE, HeaderValue::from_static(state));
            }
            trace.tell(id, &mut headers);
            assert_eq!(headers[TRACEPARENT], told, "{given:?}");
            let found = headers.get(TRACESTATE).map(|state| state.to_str().unwrap());
            assert_eq!(found, told_state, "{given:?}");
        }
    }
}
