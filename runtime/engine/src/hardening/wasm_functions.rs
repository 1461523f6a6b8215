//! How many functions of WebAssembly apps may have at a time.
//!
//! V8 has one table for the whole process of where the code of each function is that a module declares. It has room for 16 million.
//! When it is full, V8 ends the process, or the thread with the table's lock: then nobody's modules are compiled any more.
//!
//! So functions are counted before V8 sees a module, and for as long as the module is there: for each app, with all its instances, and
//! for all. Clones count anew, though V8 has nothing more for them: so what is on its way to become one counts, too.
//!
//! DEPARTURE: <https://webassembly.github.io/spec/js-api/#limits> has a bound for the functions of a module, and none for all.

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmparser::BinaryReader;

use super::wasm::with_bytes;
use super::wasm_types::sections;
use crate::app::App;
use crate::entry;
use crate::state::State;

/// Functions of one app: ten times as many as large programs have.
pub const MAX_OF_APP: usize = 1 << 20;
/// Functions of all apps: half of what V8 has room for.
pub const MAX_OF_ALL: usize = 8 << 20;
/// An app may have as much as one part in so many of what is left to all: however many apps take what they can get, there is some
/// for the next.
const SHARE: usize = 4;
/// A part is kept for apps that have no more than a little, and is not shared out.
const RESERVE: usize = MAX_OF_ALL / 4;
const LITTLE: usize = 16 << 10;

/// Why there may be no more functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The app has too many.
    #[error(
        "the modules that an app has may have {max} functions together; this app's have {of_app}, and these are {more} more",
        max = MAX_OF_APP
    )]
    App {
        /// What it has.
        of_app: usize,
        /// What it wants.
        more: usize,
    },
    /// All apps together have too many.
    #[error(
        "the modules of all apps may have {max} functions together, of which there are {of_all}, and an app may have a part of the \
         rest; this app's have {of_app}, and these are {more} more",
        max = MAX_OF_ALL
    )]
    All {
        /// What all have.
        of_all: usize,
        /// What the app has.
        of_app: usize,
        /// What it wants.
        more: usize,
    },
}

/// As many as there are in all. Who has it locked changes what apps have. That takes no memory: who works for an app may be stopped
/// where it asks for some, and would keep the lock.
struct Table {
    all: usize,
}

/// The process's, as V8's is.
static TABLE: Mutex<Table> = Mutex::new(Table { all: 0 });

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn admit(&mut self, app: &App, more: usize) -> Result<(), Refusal> {
        let (of_all, of_app) = (self.all, app.functions.load(Ordering::Relaxed));
        let sum = of_app.saturating_add(more);
        if sum > MAX_OF_APP {
            return Err(Refusal::App { of_app, more });
        }
        let share = (MAX_OF_ALL - RESERVE).saturating_sub(of_all) / SHARE;
        if sum > share.max(LITTLE) || of_all + more > MAX_OF_ALL {
            return Err(Refusal::All {
                of_all,
                of_app,
                more,
            });
        }
        self.all += more;
        app.functions.store(sum, Ordering::Relaxed);
        Ok(())
    }

    fn give_back(&mut self, app: &App, count: usize) {
        self.all -= count;
        app.functions.fetch_sub(count, Ordering::Relaxed);
    }
}

/// The functions of a module, which count for an app until this is dropped.
#[derive(Debug)]
pub struct Functions {
    app: Arc<App>,
    count: usize,
}

impl Functions {
    /// Counts so many more for the isolate's app, after a collection if need be: modules that nobody has count until then.
    pub(crate) fn take(scope: &mut v8::PinScope, count: usize) -> Result<Functions, Refusal> {
        let app = State::from_scope(scope).shared.app().clone();
        let admitted = table().admit(&app, count);
        if admitted.is_err() {
            scope.low_memory_notification();
            table().admit(&app, count)?;
        }
        Ok(Functions { app, count })
    }

    /// Counts those of a module that is there once more.
    ///
    /// # Errors
    /// The reason why there may be no more.
    pub fn of(
        scope: &mut v8::PinScope,
        module: &v8::CompiledWasmModule,
    ) -> Result<Functions, Refusal> {
        Functions::take(scope, declared(module.get_wire_bytes_ref()))
    }
}

impl Drop for Functions {
    // May run while V8 collects garbage.
    fn drop(&mut self) {
        table().give_back(&self.app, self.count);
    }
}

/// The modules that an isolate has.
#[derive(Default)]
pub(crate) struct Modules(RefCell<Vec<(v8::Weak<v8::WasmModuleObject>, Arc<Functions>)>>);

impl Modules {
    /// After a collection: those that are gone count no more.
    pub(crate) fn sweep(&self) {
        self.0.borrow_mut().retain(|(module, _)| !module.is_empty());
    }

    pub(crate) fn clear(&self) {
        self.0.take();
    }
}

/// Has functions count for as long as the module is there.
pub fn keep<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::WasmModuleObject>,
    functions: Arc<Functions>,
) {
    let module = v8::Weak::new(scope, module);
    let modules = &State::from_scope(scope).wasm_modules;
    modules.0.borrow_mut().push((module, functions));
}

/// How many functions a module declares. One that is not valid may say anything.
pub(crate) fn declared(module: &[u8]) -> usize {
    /// <https://webassembly.github.io/spec/core/binary/modules.html#function-section>
    const FUNCTIONS: u8 = 3;
    sections(module, FUNCTIONS)
        .filter_map(|section| BinaryReader::new(section, 0).read_var_u32().ok())
        .fold(0_usize, |sum, count| sum.saturating_add(count as usize))
}

/// `countedModule(bytes, compile)` of `hardening.js`: the module that `compile` makes of the bytes, or why it may not; `undefined`
/// where there are no bytes.
pub(super) unsafe extern "C" fn counted_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe { entry::function(info, counted) }
}

fn counted<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(count) = with_bytes(args.get(0), declared) else {
        return;
    };
    let functions = match Functions::take(scope, count) {
        Ok(functions) => functions,
        Err(refusal) => {
            if let Some(text) = v8::String::new(scope, &refusal.to_string()) {
                result.set(text.into());
            }
            return;
        }
    };
    let Ok(compile) = v8::Local::<v8::Function>::try_from(args.get(1)) else {
        return;
    };
    let this = v8::undefined(scope).into();
    let module = compile.call(scope, this, &[]);
    let module = module.and_then(|module| v8::Local::<v8::WasmModuleObject>::try_from(module).ok());
    if let Some(module) = module {
        keep(scope, module, Arc::new(functions));
        result.set(module.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_that_take_what_they_get_leave_some_to_the_next() {
        let mut table = Table { all: 0 };
        let [app, small]: [App; 2] = Default::default();
        let refused = Refusal::App {
            of_app: 9,
            more: MAX_OF_APP,
        };
        assert_eq!(table.admit(&app, 9), Ok(()));
        assert_eq!(table.admit(&app, MAX_OF_APP), Err(refused));
        for _ in 0..30 {
            let app = App::default();
            for count in [1 << 19, 1 << 16, 1 << 13, 1 << 10] {
                while table.admit(&app, count).is_ok() {}
            }
        }
        assert!(table.all > MAX_OF_ALL / 2, "{}", table.all);
        assert_eq!(table.admit(&small, LITTLE), Ok(()));
        for _ in 1..40 {
            assert_eq!(table.admit(&App::default(), LITTLE), Ok(()));
        }
        assert!(table.all <= MAX_OF_ALL);
        let refused = table.admit(&App::default(), MAX_OF_APP);
        assert!(matches!(refused, Err(Refusal::All { .. })), "{refused:?}");
        let before = table.all;
        table.give_back(&small, LITTLE);
        assert_eq!(table.all, before - LITTLE);
        assert_eq!(table.admit(&small, LITTLE), Ok(()));
    }

    #[test]
    fn declared_functions_are_found() {
        let of = |rest: &[u8]| declared(&[b"\0asm\x01\0\0\0", rest].concat());
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[1, 4, 1, 0x60, 0, 0, 3, 3, 2, 0, 0]), 2);
        assert_eq!(of(&[3, 2, 0x80, 0x01]), 128);
    }
}
