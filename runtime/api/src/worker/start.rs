//! The first turn of an instance: finds the app's handlers.

use std::collections::BTreeMap;
use std::sync::Arc;

use nano_engine::{ErrorReport, State, modules, rejections};
use nano_webidl::{Scope, Value};
use nano_worker::{StartError, StartErrorKind};
use tokio::sync::oneshot;

use super::app::{App, Counters, Started};
use super::handlers::Handlers;
use crate::environment::promise_reactions::when_settled;

/// The first turn: evaluates the entry module and finds the handlers.
pub(crate) fn begin(
    scope: &mut Scope,
    entry: &str,
    env: &BTreeMap<String, String>,
    counters: Arc<Counters>,
    started: oneshot::Sender<Started>,
) {
    let env = env_object(scope, env);
    let state = State::from_scope(scope);
    state.set_extension(counters.background.clone());
    state.set_extension(App::new(scope, env, counters, started));
    v8::tc_scope!(let scope, scope);
    let Some(evaluated) = modules::import(scope, entry) else {
        if scope.has_terminated() {
            return; // `ended` says why.
        }
        let report = ErrorReport::from_try_catch(scope);
        let kind = if report.name == "SyntaxError" {
            StartErrorKind::Syntax
        } else if modules::is_too_large(scope) {
            StartErrorKind::HeapLimit
        } else {
            StartErrorKind::Import
        };
        scope.reset();
        return tell_started(scope, Err(start_error(kind, &report)));
    };
    scope.perform_microtask_checkpoint();
    let namespace = v8::Global::new(scope, evaluated.namespace);
    match evaluated.promise.state() {
        v8::PromiseState::Fulfilled => evaluated_as(scope, &namespace, None),
        v8::PromiseState::Rejected => {
            let place = rejections::place_of(scope, evaluated.promise);
            evaluated.promise.mark_as_handled();
            let reason = evaluated.promise.result(scope);
            evaluated_as(scope, &namespace, Some((reason, place)));
        }
        v8::PromiseState::Pending => {
            // Only a termination makes it fail, which `ended` reports.
            let _ = when_settled(scope, evaluated.promise.into(), move |scope, outcome| {
                let rejection = outcome.err().map(|reason| (reason, None));
                evaluated_as(scope, &namespace, rejection);
            });
        }
    }
}

/// The entry module is evaluated, or its evaluation threw.
fn evaluated_as<'s>(
    scope: &mut Scope<'s, '_>,
    namespace: &v8::Global<v8::Object>,
    rejection: Option<(Value<'s>, Option<v8::Local<'s, v8::Message>>)>,
) {
    match rejection {
        None => {
            let namespace = v8::Local::new(scope, namespace);
            let found = find_handlers(scope, namespace);
            tell_started(scope, found);
        }
        Some((reason, place)) => {
            let report = ErrorReport::new(scope, reason, place);
            tell_started(scope, Err(start_error(StartErrorKind::Exception, &report)));
        }
    }
}

fn start_error(kind: StartErrorKind, report: &ErrorReport) -> StartError {
    StartError {
        kind,
        message: report.message.clone(),
        detail: Some(report.to_string()),
    }
}

fn tell_started(scope: &Scope, outcome: Started) {
    let state = State::from_scope(scope);
    if state.is_terminated() {
        return; // `ended` says why.
    }
    let app = state.extension::<App>();
    if let Some(started) = app.started.take() {
        let _ = started.send(outcome); // Whoever waited may be gone.
    }
}

fn env_object(scope: &mut Scope, env: &BTreeMap<String, String>) -> v8::Global<v8::Object> {
    let object = v8::Object::new(scope);
    for (name, value) in env {
        let (Some(name), Some(value)) =
            (v8::String::new(scope, name), v8::String::new(scope, value))
        else {
            continue;
        };
        object.create_data_property(scope, name.into(), value.into());
    }
    v8::Global::new(scope, object)
}

/// Looks for handlers; an app without any is of no use.
fn find_handlers<'s>(scope: &mut Scope<'s, '_>, namespace: v8::Local<'s, v8::Object>) -> Started {
    v8::tc_scope!(let scope, scope);
    let Some(handlers) = Handlers::find(scope, namespace) else {
        let report = ErrorReport::from_try_catch(scope);
        scope.reset();
        return Err(start_error(StartErrorKind::Exception, &report));
    };
    let found = handlers.summary();
    if found == nano_worker::Handlers::default() {
        return Err(StartError {
            kind: StartErrorKind::NoHandler,
            message: format!(
                "the app has no fetch handler: expected {}",
                nano_worker::Handlers::EXPECTED_FETCH
            ),
            detail: None,
        });
    }
    let app = State::from_scope(scope).extension::<App>();
    app.handlers.replace(Some(handlers));
    Ok(found)
}
