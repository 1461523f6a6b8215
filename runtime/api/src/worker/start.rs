//! The first turn of an instance: finds the app's handlers.

use std::collections::BTreeMap;
use std::sync::Arc;

use nano_engine::{ErrorReport, State, hardening, modules, rejections};
use nano_webidl::{Ref, Scope, Value, type_error};
use nano_worker::{Binding, Services, StartError, StartErrorKind};
use tokio::sync::oneshot;

use super::app::{App, Counters, Started};
use super::handlers::Handlers;
use super::secrets;
use crate::env::fetcher::Fetcher;
use crate::environment::promise_reactions::when_settled;

/// What handlers get as their `env`.
#[derive(Clone, Copy)]
pub(crate) struct Env<'e> {
    pub(crate) bindings: &'e BTreeMap<String, Binding>,
    pub(crate) services: &'e Arc<dyn Services>,
}

impl Env<'_> {
    /// Makes the object. Its values are this instance's own, and as in Workers they may be changed.
    fn object(self, scope: &mut Scope) -> Result<v8::Global<v8::Object>, StartError> {
        v8::tc_scope!(let scope, scope);
        let object = v8::Object::new(scope);
        for (name, binding) in self.bindings {
            let added = v8::String::new(scope, name).and_then(|key| {
                let value = self.value(scope, binding)?;
                object.create_data_property(scope, key.into(), value)
            });
            if added.is_none() {
                scope.reset();
                // What is wrong with a value would show it.
                return Err(StartError {
                    kind: StartErrorKind::Engine,
                    message: format!(
                        "env.{name} cannot be made: its value is too large, or no JSON"
                    ),
                    detail: None,
                });
            }
        }
        Ok(v8::Global::new(scope, object))
    }

    fn value<'s>(self, scope: &mut Scope<'s, '_>, binding: &Binding) -> Option<Value<'s>> {
        match binding {
            Binding::Text(text) | Binding::Secret(text) => {
                Some(v8::String::new(scope, text)?.into())
            }
            Binding::Json(text) => {
                let text = v8::String::new(scope, text)?;
                hardening::json::parse(scope, text)
            }
            Binding::Service(app) => {
                let fetcher = Fetcher::new(app.clone(), self.services.clone());
                Some(Ref::new(scope, fetcher).object().into())
            }
        }
    }
}

/// The first turn: evaluates the entry module and finds the handlers.
pub(crate) fn begin(
    scope: &mut Scope,
    entry: &str,
    env: Env<'_>,
    counters: Arc<Counters>,
    started: oneshot::Sender<Started>,
) {
    secrets::hide(State::from_scope(scope), env.bindings);
    let env = match env.object(scope) {
        Ok(env) => env,
        Err(error) => {
            let _ = started.send(Err(error)); // Whoever waited may be gone.
            return;
        }
    };
    let state = State::from_scope(scope);
    state.set_extension(counters.background.clone());
    state.set_extension(App::new(scope, env, counters, started));
    v8::tc_scope!(let scope, scope);
    let Some(evaluated) = modules::import_prepared(scope, entry, make_global) else {
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
        let error = start_error(scope, kind, &report);
        return tell_started(scope, Err(error));
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

/// Where the entry module exports nothing, it is in Workers' service-worker syntax, in which bindings are global variables. It is what
/// wrangler tells the two by, too: <https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/>.
fn make_global<'s>(scope: &mut Scope<'s, '_>, exports: v8::Local<'s, v8::Object>) -> Option<()> {
    if names(scope, exports)?.length() > 0 {
        return Some(());
    }
    let env = &State::from_scope(scope).extension::<App>().env;
    let env = v8::Local::new(scope, env);
    let global = scope.get_current_context().global(scope);
    let bindings = names(scope, env)?;
    for index in 0..bindings.length() {
        let key = bindings.get_index(scope, index)?;
        let name = v8::Local::<v8::Name>::try_from(key).ok()?;
        let value = env.get(scope, key)?;
        if !global.create_data_property(scope, name, value)? {
            let name = name.to_rust_string_lossy(scope);
            let message = format!(
                "env.{name} cannot be a global variable, as bindings are for an app whose entry module exports nothing: name it \
                 otherwise, or export the handlers (export default {{ fetch(request, env) {{ … }} }})"
            );
            type_error(message).throw(scope);
            return None;
        }
    }
    Some(())
}

/// The names of an object's own properties; of a module's exports that have no value yet, too.
fn names<'s>(
    scope: &Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Array>> {
    let arguments = v8::GetPropertyNamesArgs {
        mode: v8::KeyCollectionMode::OwnOnly,
        property_filter: v8::PropertyFilter::SKIP_SYMBOLS,
        index_filter: v8::IndexFilter::IncludeIndices,
        key_conversion: v8::KeyConversionMode::ConvertToString,
    };
    object.get_own_property_names(scope, arguments)
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
            let report = ErrorReport::of_rejection(scope, reason, place);
            let error = start_error(scope, StartErrorKind::Exception, &report);
            tell_started(scope, Err(error));
        }
    }
}

fn start_error(scope: &Scope, kind: StartErrorKind, report: &ErrorReport) -> StartError {
    let (message, detail) = secrets::shown_error(scope, report);
    StartError {
        kind,
        message,
        detail: Some(detail),
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

/// Looks for handlers; an app without any is of no use.
fn find_handlers<'s>(scope: &mut Scope<'s, '_>, namespace: v8::Local<'s, v8::Object>) -> Started {
    v8::tc_scope!(let scope, scope);
    let Some(handlers) = Handlers::find(scope, namespace) else {
        let report = ErrorReport::from_try_catch(scope);
        scope.reset();
        return Err(start_error(scope, StartErrorKind::Exception, &report));
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
