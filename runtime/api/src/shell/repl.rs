//! Evaluation as a REPL does it: V8's own REPL mode, where `let` may be repeated and `await` stands anywhere. V8 offers it
//! through the inspector protocol, `Runtime.evaluate` with `replMode`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use nano_engine::{ErrorReport, State, entry};
use nano_webidl::{Scope, Value};
use serde_json::{Value as Json, json};
use v8::inspector::{
    ChannelImpl, StringBuffer, StringView, V8Inspector, V8InspectorClient, V8InspectorClientImpl,
    V8InspectorClientTrustLevel, V8InspectorSession,
};

use super::ReplOutcome;
use crate::console::{InspectOptions, inspect};

/// The inspector's one context group.
const GROUP: i32 = 1;

/// The number that the inspector gives to the first context it is told of.
const CONTEXT: i32 = 1;

type Then = Box<dyn FnOnce(ReplOutcome)>;

/// The isolate's inspector session.
struct Session {
    // Dropped in this order.
    session: V8InspectorSession,
    _inspector: V8Inspector,
    waiting: RefCell<HashMap<i32, Then>>,
    next: Cell<i32>,
}

struct Client;

impl V8InspectorClientImpl for Client {}

/// Answers of the session, which arrive in the middle of a turn, become a turn of their own.
struct Answers(nano_engine::Handle);

impl ChannelImpl for Answers {
    fn send_response(&self, call_id: i32, message: v8::UniquePtr<StringBuffer>) {
        let Some(message) = message.as_ref().map(|m| m.string().to_string()) else {
            return;
        };
        self.0
            .post(Box::new(move |scope| answered(scope, call_id, &message)));
    }

    fn send_notification(&self, _: v8::UniquePtr<StringBuffer>) {}

    fn flush_protocol_notifications(&self) {}
}

/// Evaluates a REPL's input and sends what came of it.
pub(super) fn evaluate(scope: &mut Scope, source: &str, outcome: Arc<Sender<ReplOutcome>>) {
    if is_incomplete(scope, source) {
        let _ = outcome.send(ReplOutcome::Incomplete);
        return;
    }
    evaluate_with(scope, "repl", &as_expression(source), move |result| {
        let _ = outcome.send(result);
    });
}

/// Evaluates in REPL mode, under this name; `then` learns of the value, which may take a while.
pub(super) fn evaluate_with(
    scope: &mut Scope,
    name: &str,
    source: &str,
    then: impl FnOnce(ReplOutcome) + 'static,
) {
    let state = State::from_scope(scope);
    if state.try_extension::<Session>().is_none() {
        connect(scope);
    }
    let session = state.extension::<Session>();
    let id = session.next.replace(session.next.get() + 1);
    session.waiting.borrow_mut().insert(id, Box::new(then));
    let source = format!("{source}\n//# sourceURL={name}");
    let message = json!({
        "id": id,
        "method": "Runtime.evaluate",
        "params": { "expression": source, "replMode": true, "awaitPromise": false, "objectGroup": "repl", "contextId": CONTEXT },
    });
    let message = message.to_string();
    session
        .session
        .dispatch_protocol_message(StringView::from(utf16(&message).as_slice()));
}

/// Nobody waits any more for what is being evaluated, whenever it ends.
pub(super) fn forget(scope: &mut Scope) {
    if let Some(session) = State::from_scope(scope).try_extension::<Session>() {
        session.waiting.borrow_mut().clear();
    }
}

fn connect(scope: &mut Scope) {
    let inspector = V8Inspector::create(scope, V8InspectorClient::new(Box::new(Client)));
    let context = scope.get_current_context();
    inspector.context_created(
        context,
        GROUP,
        StringView::from(&b"nano"[..]),
        StringView::from(&b"{\"isDefault\":true}"[..]),
    );
    let channel = entry::channel(Answers(State::from_scope(scope).handle()));
    let session = inspector.connect(
        GROUP,
        channel,
        StringView::empty(),
        V8InspectorClientTrustLevel::FullyTrusted,
    );
    State::from_scope(scope).set_extension(Session {
        session,
        _inspector: inspector,
        waiting: RefCell::default(),
        next: Cell::new(1),
    });
}

fn answered(scope: &mut Scope, id: i32, message: &str) {
    let session = State::from_scope(scope).extension::<Session>();
    let Some(then) = session.waiting.borrow_mut().remove(&id) else {
        return;
    };
    let message: Json = serde_json::from_str(message).unwrap_or(Json::Null);
    let result = &message["result"];
    let outcome = match &result["exceptionDetails"]["exception"] {
        Json::Null => {
            let value = value_of(scope, session, &result["result"]);
            remember(scope, value);
            ReplOutcome::Value(inspect(scope, value, &InspectOptions::default()))
        }
        exception => {
            let exception = value_of(scope, session, exception);
            ReplOutcome::Exception(format!(
                "Uncaught {}",
                ErrorReport::new(scope, exception, None)
            ))
        }
    };
    then(outcome);
}

/// The value behind the inspector's description of it.
fn value_of<'s>(scope: &mut Scope<'s, '_>, session: &Session, remote: &Json) -> Value<'s> {
    if let Some(id) = remote["objectId"].as_str() {
        let unwrapped = session
            .session
            .unwrap_object(scope, StringView::from(id.as_bytes()));
        return unwrapped.map_or_else(|_| v8::undefined(scope).into(), |(value, ..)| value);
    }
    let text = |scope: &mut Scope<'s, '_>, text: &str| -> Value<'s> {
        v8::String::new(scope, text)
            .unwrap_or_else(|| v8::String::empty(scope))
            .into()
    };
    match (
        remote["type"].as_str(),
        &remote["value"],
        remote["unserializableValue"].as_str(),
    ) {
        (Some("bigint"), _, Some(digits)) => {
            // The digits end in "n", as a literal does.
            nano_engine::evaluate(scope, "repl", digits)
                .unwrap_or_else(|| v8::undefined(scope).into())
        }
        (_, _, Some(number)) => {
            let number = match number {
                "-0" => -0.0,
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                _ => f64::NAN,
            };
            v8::Number::new(scope, number).into()
        }
        (_, Json::String(string), _) => text(scope, string),
        (_, Json::Number(number), _) => {
            v8::Number::new(scope, number.as_f64().unwrap_or(f64::NAN)).into()
        }
        (_, Json::Bool(boolean), _) => v8::Boolean::new(scope, *boolean).into(),
        (Some("object"), Json::Null, _) => v8::null(scope).into(),
        _ => v8::undefined(scope).into(),
    }
}

/// `_` is the last value, unless the session has a variable of this name.
fn remember<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) {
    let global = scope.get_current_context().global(scope);
    if let Some(key) = v8::String::new(scope, "_") {
        global.define_own_property(scope, key.into(), value, v8::PropertyAttribute::DONT_ENUM);
    }
}

/// `{ a: 1 }` is meant as an object, not as a block.
fn as_expression(source: &str) -> String {
    let trimmed = source.trim();
    if trimmed.starts_with('{') && trimmed.ends_with('}') {
        format!("({trimmed})")
    } else {
        source.to_owned()
    }
}

/// Whether more lines can make it complete: the parser has met nothing wrong but the end.
fn is_incomplete(scope: &mut Scope, source: &str) -> bool {
    // An async function around it allows `await`. It is never closed, so what is complete fails at the end, too; that does not fail
    // when the function is closed. (What closes it by itself is wrong, and does not fail at the end.)
    let open = format!("async()=>{{{source}\n");
    fails_at_the_end(scope, open.clone()) && complaint(scope, &format!("{open}}}")).is_some()
}

/// What the parser does not expect at the end, and what in its place leads on to the end. It says the same of things that are wrong
/// before the end, where that leads nowhere.
const CLOSERS: [(&str, &str); 3] = [
    ("missing ) after argument list", ")"),
    ("Missing } in template expression", "}`"),
    // A comment; or a string.
    ("Invalid or unexpected token", "*/"),
];

fn fails_at_the_end(scope: &mut Scope, mut source: String) -> bool {
    let most = source.len();
    loop {
        let Some(complaint) = complaint(scope, &source) else {
            return false;
        };
        let closer = CLOSERS.iter().find(|(text, _)| complaint.contains(text));
        match closer {
            _ if complaint.contains("Unexpected end of input") => return true,
            _ if complaint.contains("Unterminated template literal") => return true,
            Some((_, closer)) if source.len() < 2 * most => source.push_str(closer),
            _ => return false,
        }
    }
}

/// What the parser says of a script, if something is wrong with it.
fn complaint(scope: &mut Scope, source: &str) -> Option<String> {
    v8::tc_scope!(let scope, scope);
    let text = v8::String::new(scope, source)?;
    if v8::Script::compile(scope, text, None).is_some() {
        return None;
    }
    let complaint = scope.exception()?.to_rust_string_lossy(scope);
    scope.reset();
    Some(complaint)
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
