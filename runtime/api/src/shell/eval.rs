//! Evaluates texts and files in a shell's isolate.

use std::path::Path;
use std::sync::mpsc::Sender;

use nano_engine::module_source::file_url;
use nano_engine::{ErrorReport, SourceType, detect, modules};
use nano_webidl::Scope;

use super::{ReplOutcome, repl};
use crate::console::{InspectOptions, inspect};
use crate::environment::promise_reactions::when_settled;

/// Evaluates a script and sends its value, inspected. What needs top-level `await` is evaluated as a REPL would.
pub(super) fn evaluate(scope: &mut Scope, source: String, outcome: Sender<Result<String, String>>) {
    v8::tc_scope!(let scope, scope);
    if let Some(value) = modules::evaluate(scope, "eval", &source) {
        let value = inspect(scope, value, &InspectOptions::default());
        let _ = outcome.send(Ok(value));
        return;
    }
    if scope.has_terminated() {
        return;
    }
    let report = ErrorReport::from_try_catch(scope);
    scope.reset();
    if report.name == "SyntaxError" && source.contains("await") {
        return repl::evaluate_with(scope, "eval", &source, move |result| {
            let _ = outcome.send(match result {
                ReplOutcome::Value(value) => Ok(value),
                ReplOutcome::Exception(report) | ReplOutcome::Ended(report) => Err(report),
                ReplOutcome::Incomplete | ReplOutcome::Interrupted => Err(report.to_string()),
            });
        });
    }
    let _ = outcome.send(Err(report.to_string()));
}

/// Runs a file's text, and sends how its own evaluation ended.
pub(super) fn run(
    scope: &mut Scope,
    path: &Path,
    source: String,
    outcome: Sender<Result<(), String>>,
) {
    let is_module = match path.extension().and_then(|e| e.to_str()) {
        Some("mjs") => true,
        Some("cjs") => false,
        _ => detect(scope, &source) == SourceType::Module,
    };
    let url = file_url(path);
    settle(scope, outcome, |scope| {
        if is_module {
            Some(Some(
                modules::evaluate_module(scope, &url, &source)?.promise,
            ))
        } else {
            modules::evaluate(scope, &url, &source).map(|_| None)
        }
    });
}

/// The same for a file that has to be transpiled, which is always a module.
pub(super) fn run_module(scope: &mut Scope, path: &Path, outcome: Sender<Result<(), String>>) {
    let url = file_url(path);
    settle(scope, outcome, |scope| {
        Some(Some(modules::import(scope, &url)?.promise))
    });
}

/// Sends how an evaluation ends, whose promise `evaluate` gives where it has one.
fn settle<'s>(
    scope: &mut Scope<'s, '_>,
    outcome: Sender<Result<(), String>>,
    evaluate: impl FnOnce(&mut Scope<'s, '_>) -> Option<Option<v8::Local<'s, v8::Promise>>>,
) {
    v8::tc_scope!(let scope, scope);
    match evaluate(scope) {
        Some(None) => {
            let _ = outcome.send(Ok(()));
        }
        Some(Some(promise)) => {
            // Only a termination makes it fail.
            let _ = when_settled(scope, promise.into(), move |scope, result| {
                let result = result.map(|_| ()).map_err(|reason| {
                    format!("Uncaught {}", ErrorReport::new(scope, reason, None))
                });
                let _ = outcome.send(result);
            });
        }
        None if scope.has_terminated() => {}
        // An exception at the top level is an uncaught one: `error` listeners see it first.
        None => {
            let (exception, message) = (scope.exception(), scope.message());
            scope.reset();
            let _ = outcome.send(Ok(()));
            if let Some(exception) = exception {
                nano_engine::report_exception(scope, exception, message);
            }
        }
    }
}
