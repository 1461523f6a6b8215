//! How the Web APIs get into the engine: what is baked into the snapshot, and what each isolate does at its start.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};

use nano_engine::{Baker, Embedding, ErrorReport, Exit, State, entry};
use nano_webidl::interface::{self, Member};
use nano_webidl::{Realm, Scope, Value, internalized, script};

use crate::bindings::TABLES;
use crate::console::ConsoleState;
use crate::console::inspect::describe_thrown;
use crate::environment::{Environment, request_context};
use crate::fetch::wasm_response;
use crate::fetch::websocket::WebSockets;
use crate::options::ApiOptions;
use crate::web_locks::app_locks::OwnRequests;
use crate::websockets;

/// The built-in scripts and the glue of what they implement.
const BUILTINS: &str = include_str!(concat!(env!("OUT_DIR"), "/builtins.js"));

/// The same as a string whose characters stay where they are, in the program (they are ASCII): each isolate's heap would have a
/// copy otherwise, of a quarter of a megabyte. The snapshot refers to it by its address.
static SOURCE: v8::OneByteConst = v8::String::create_external_onebyte_const(BUILTINS.as_bytes());

/// What the built-in scripts import from `nano:native`.
const NATIVE_NAMES: &[&str] = include!(concat!(env!("OUT_DIR"), "/natives.rs"));

/// The interface objects that built-in scripts make when they are first asked for.
const LAZY_NAMES: &[&str] = include!(concat!(env!("OUT_DIR"), "/lazy.rs"));

/// Interfaces that are in the snapshot although they could be made lazily: what most apps use with their first request, and what
/// built-in scripts import.
const EAGER: &[&str] = &[
    "ExecutionContext",
    "Headers",
    "Request",
    "Response",
    "TextDecoder",
    "TextEncoder",
    "URL",
];

/// NANO's Web APIs.
pub static EMBEDDING: Embedding = Embedding {
    external_references,
    fingerprint,
    bake,
    start,
    lazy,
    report_exception,
    promise_rejected,
    promise_handled,
    describe: describe_thrown,
    response_bytes,
    exit,
    ..Embedding::EMPTY
};

fn external_references() -> Vec<v8::ExternalReference> {
    let mut references = interface::external_references(&TABLES);
    references.push(v8::ExternalReference {
        pointer: (&raw const SOURCE).cast_mut().cast(),
    });
    references
}

/// The names of everything in the tables, in order, so that a snapshot of another table is refused.
fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut add = |owner: &str, members: &[Member]| {
        owner.hash(&mut hasher);
        for member in members {
            match member {
                Member::Operation { name, .. }
                | Member::Attribute { name, .. }
                | Member::Constant { name, .. } => {
                    name.hash(&mut hasher);
                }
                Member::Iterator { of } => of.hash(&mut hasher),
                Member::Alias { name, of } => (name, of).hash(&mut hasher),
                Member::Indexed { iterable, .. } => iterable.hash(&mut hasher),
            }
        }
    };
    TABLES
        .interfaces
        .iter()
        .for_each(|i| add(i.name, i.members));
    TABLES
        .namespaces
        .iter()
        .chain(TABLES.internal)
        .for_each(|n| add(n.name, n.members));
    add("global", TABLES.global);
    EAGER.hash(&mut hasher);
    BUILTINS.hash(&mut hasher);
    hasher.finish()
}

fn bake(scope: &mut v8::PinScope, baker: &mut Baker) -> Option<()> {
    let global = scope.get_current_context().global(scope);
    let baked = interface::bake(scope, &TABLES, EAGER)?;
    for template in &baked.templates {
        baker.add_template(scope, *template);
    }
    // What scripts import and no internal namespace has, they take of what apps see, before any app can have changed it.
    for name in NATIVE_NAMES {
        let key: v8::Local<v8::Value> = internalized(scope, name).into();
        if baked.internal.has(scope, key) != Some(true) && global.has(scope, key) == Some(true) {
            let value = global.get(scope, key)?;
            baked.internal.set(scope, key, value);
        }
    }
    let bridge = run_builtins(scope, global, baked.internal)?;
    baker.add_object(scope, bridge);
    for name in LAZY_NAMES {
        let name = internalized(scope, name);
        entry::lazy_property(scope, global, name.into(), name.into())?;
    }
    Some(())
}

/// An interface object: native ones have a number with their property, those of built-in scripts their name.
fn lazy<'s>(scope: &mut Scope<'s, '_>, made_of: Value<'s>) -> Option<Value<'s>> {
    if made_of.is_string() {
        return script::call(scope, "lazyInterface", &[made_of]).ok();
    }
    interface::interface_object(scope, made_of)
}

/// Evaluates the built-in scripts; gives the object with the functions that they export to Rust.
fn run_builtins<'s>(
    scope: &mut Scope<'s, '_>,
    global: v8::Local<'s, v8::Object>,
    native: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Object>> {
    let source = v8::String::new_from_onebyte_const(scope, &SOURCE)?;
    let name: v8::Local<v8::Value> = internalized(scope, "nano:builtins").into();
    let origin = v8::ScriptOrigin::new(
        scope, name, 0, 0, false, -1, None, false, false, false, None,
    );
    let function = v8::Script::compile(scope, source, Some(&origin))?.run(scope)?;
    let function: v8::Local<v8::Function> = function.try_into().ok()?;
    let receiver = v8::undefined(scope).into();
    let bridge = function.call(scope, receiver, &[global.into(), native.into()])?;
    bridge.try_into().ok()
}

fn start(scope: &mut v8::PinScope, data: Box<dyn Any + Send>) {
    let Ok(options) = data.downcast::<ApiOptions>() else {
        panic!("isolates of nano-api are started with ApiOptions as their data");
    };
    Realm::from_snapshot(scope, &TABLES, EAGER, crate::webidl::dom_exception::create);
    let state = State::from_scope(scope);
    state.set_extension(Environment::new(
        options.base_url,
        options.errors,
        options.allow_eval,
        options.timers,
    ));
    if let Some(limit) = options.request_cpu {
        request_context::limit_cpu(state, limit);
    }
    state.set_extension(options.outbound);
    state.set_extension(WebSockets(websockets::of_response));
    state.set_extension(options.agent.caches().clone());
    state.set_extension(options.agent);
    state.set_extension(OwnRequests::default());
    state.set_extension(ConsoleState::new(options.console));
}

/// HTML's "report an exception": an `error` event, and where no listener takes it, the log.
fn report_exception<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    exception: Value<'s>,
    message: Option<v8::Local<'s, v8::Message>>,
) {
    let report = ErrorReport::new(scope, exception, message);
    if !is_taken(scope, "reportException", exception, &report) {
        Environment::of(scope).errors.uncaught(scope, &report);
    }
}

/// How many characters of a thrown string the message of an `ErrorEvent` has; HTML leaves its text to the implementation.
const MAX_EVENT_MESSAGE_CHARS: usize = 8 << 10;

fn is_taken<'s>(
    scope: &mut Scope<'s, '_>,
    function: &'static str,
    exception: Value<'s>,
    report: &ErrorReport,
) -> bool {
    v8::tc_scope!(let scope, scope);
    let text = |scope: &mut Scope<'s, '_>, text: &str| -> Value<'s> {
        v8::String::new(scope, text)
            .unwrap_or_else(|| v8::String::empty(scope))
            .into()
    };
    // As in browsers, a string is not put in quotes here.
    let shown = match v8::Local::<v8::String>::try_from(exception) {
        Ok(string) => nano_engine::text::text(scope, string, MAX_EVENT_MESSAGE_CHARS),
        Err(_) => report.message.clone(),
    };
    let message = text(scope, &format!("Uncaught {shown}"));
    let file = text(scope, report.file.as_deref().unwrap_or_default());
    let line: Value = v8::Number::new(scope, report.line.unwrap_or(0) as f64).into();
    let column: Value = v8::Number::new(scope, report.column.unwrap_or(0) as f64).into();
    let taken = script::call(scope, function, &[exception, message, file, line, column]);
    taken.is_ok_and(|taken| taken.boolean_value(scope))
}

fn promise_rejected<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    promise: v8::Local<'s, v8::Promise>,
    reason: Value<'s>,
    message: Option<v8::Local<'s, v8::Message>>,
) {
    let taken = {
        v8::tc_scope!(let scope, scope);
        script::call(scope, "notifyUnhandledRejection", &[promise.into(), reason])
            .is_ok_and(|taken| taken.boolean_value(scope))
    };
    if !taken {
        let report = ErrorReport::of_rejection(scope, reason, message);
        Environment::of(scope)
            .errors
            .unhandled_rejection(scope, &report);
    }
}

fn promise_handled<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    promise: v8::Local<'s, v8::Promise>,
    reason: Value<'s>,
) {
    v8::tc_scope!(let scope, scope);
    // What a listener throws was reported by the dispatch.
    let _ = script::call(scope, "notifyRejectionHandled", &[promise.into(), reason]);
}

fn response_bytes<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    source: Value<'s>,
) -> Option<v8::Local<'s, v8::Promise>> {
    match wasm_response::bytes(scope, source) {
        Ok(promise) => Some(promise),
        Err(error) => {
            error.throw(scope);
            None
        }
    }
}

fn exit(scope: &mut v8::PinScope, exit: &Exit) {
    crate::worker::app::ended(scope, exit);
    Environment::of(scope).clear();
}
