//! Cases for scripts, in one isolate of the process. See [`crate::fuzzing`].

use std::path::PathBuf;
use std::sync::{OnceLock, mpsc};

use nano_engine::text::text;
use nano_engine::{Engine, EngineOptions, ErrorReport, Handle, evaluate};
use nano_webidl::idl::uint8_array;
use nano_webidl::{Scope, internalized};

use super::{Shell, ShellOptions};

fn isolate() -> &'static Handle {
    static ISOLATE: OnceLock<Handle> = OnceLock::new();
    ISOLATE.get_or_init(|| {
        if let Err(error) = Engine::start(EngineOptions::new(&crate::EMBEDDING)) {
            panic!("{error}");
        }
        let shell = match Shell::new(ShellOptions::terminal(PathBuf::from("/"), false)) {
            Ok(shell) => shell,
            Err(error) => panic!("{error}"),
        };
        let handle = shell.handle.clone();
        // It is there as long as the process is.
        std::mem::forget(shell);
        handle
    })
}

/// Calls the function that a script's value is with a case. What it returns, but for `undefined`, and what it throws, is wrong. The case
/// stands in the message: the engine has its own handler of aborts, so that libFuzzer does not keep it.
pub(crate) fn try_in_script(name: &'static str, script: &'static str, case: &[u8]) {
    let (sender, outcome) = mpsc::channel();
    let given = case;
    let case = case.to_vec();
    let is_there = isolate().post(Box::new(move |scope| {
        v8::tc_scope!(let scope, scope);
        let wrong = call(scope, name, script, case);
        let wrong = wrong.unwrap_or_else(|| Some(ErrorReport::from_try_catch(scope).to_string()));
        let _ = sender.send(wrong);
    }));
    match outcome.recv() {
        Ok(None) => {}
        Ok(Some(wrong)) => panic!("{name}: {wrong}, for b\"{}\"", given.escape_ascii()),
        Err(_) => panic!("{name}: the isolate has ended ({is_there})"),
    }
}

/// What is wrong; `None` where it has thrown.
fn call(scope: &mut Scope, name: &str, script: &str, case: Vec<u8>) -> Option<Option<String>> {
    let global = scope.get_current_context().global(scope);
    let key = internalized(scope, &format!("fuzz:{name}")).into();
    let known = global.get(scope, key)?;
    let function: v8::Local<v8::Function> = match known.try_into() {
        Ok(known) => known,
        Err(_) => {
            let made = evaluate(scope, name, script)?;
            global.set(scope, key, made)?;
            made.try_into().ok()?
        }
    };
    let case = uint8_array(scope, case).ok()?;
    let receiver = v8::undefined(scope).into();
    let wrong = function.call(scope, receiver, &[case.into()])?;
    if wrong.is_undefined() {
        return Some(None);
    }
    let wrong = wrong.to_string(scope)?;
    Some(Some(text(scope, wrong, 2000)))
}
