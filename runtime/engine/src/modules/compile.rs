//! From a source text to a script or a module, with its code cache.

use std::sync::Arc;

use v8::script_compiler as compiler;

use super::errors::throw_range_error;
use super::{Modules, string};
use crate::code_cache;
use crate::external_memory::text_string;
use crate::limits::MIB;
use crate::state::State;

/// What a source text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceType {
    /// A classic script.
    Script,
    /// A module: it does not parse as a script, but as one.
    Module,
}

/// Smaller sources compile faster than their cache is checked.
const SMALLEST_CACHED: usize = 1024;

/// Compiling less takes no more than some twenty megabytes.
const LARGE: usize = 256 << 10;

/// Whether a text is a script or a module. [`SourceType::Script`] if it is neither, for the better-known error messages,
/// unless it has `import` or `export` where only a module may.
pub fn detect(scope: &mut v8::PinScope, source: &str) -> SourceType {
    v8::tc_scope!(let scope, scope);
    let (Some(text), Some(script)) = (string(scope, source), origin(scope, "detect", false)) else {
        return SourceType::Script;
    };
    let mut as_script = compiler::Source::new(text, Some(&script));
    let options = compiler::CompileOptions::NoCompileOptions;
    if compiler::compile_unbound_script(
        scope,
        &mut as_script,
        options,
        compiler::NoCacheReason::NoReason,
    )
    .is_some()
    {
        return SourceType::Script;
    }
    let complaint = scope
        .exception()
        .map(|e| e.to_rust_string_lossy(scope))
        .unwrap_or_default();
    scope.reset();
    let Some(module) = origin(scope, "detect", true) else {
        return SourceType::Script;
    };
    let mut as_module = compiler::Source::new(text, Some(&module));
    let compiles = compiler::compile_module(scope, &mut as_module).is_some();
    scope.reset();
    let module_syntax = [
        "outside a module",
        "'import.meta'",
        "Unexpected token 'export'",
    ];
    if compiles || module_syntax.iter().any(|text| complaint.contains(text)) {
        SourceType::Module
    } else {
        SourceType::Script
    }
}

/// Runs a classic script. Its value is that of the last expression statement.
pub fn evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: &str,
    source: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let source = string(scope, source)?;
    let origin = origin(scope, name, false)?;
    v8::Script::compile(scope, source, Some(&origin))?.run(scope)
}

impl Modules {
    pub(super) fn compile<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        url: &str,
        text: Arc<str>,
    ) -> Option<v8::Local<'s, v8::Module>> {
        let origin = origin(scope, url, true)?;
        let (module, is_cached) = if text.len() < LARGE {
            let source = string(scope, &text)?;
            self.compile_string(scope, url, &text, source, &origin)?
        } else {
            self.compile_large(scope, url, &text, &origin)?
        };
        self.maps.look_at(scope, module);
        if !is_cached && text.len() >= SMALLEST_CACHED {
            self.uncached
                .borrow_mut()
                .push((v8::Global::new(scope, module), text));
        }
        Some(module)
    }

    /// Compiles a text that may take much memory, which is bounded by the isolate's limit.
    fn compile_large<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        url: &str,
        text: &str,
        origin: &v8::ScriptOrigin<'s>,
    ) -> Option<(v8::Local<'s, v8::Module>, bool)> {
        let Some((source, characters)) = text_string(scope, text) else {
            let length = text.len();
            self.throw_too_large(
                scope,
                &format!(
                    "the {length} bytes of {url} do not fit into the app's memory limit: raise it (\"memory_mb\")"
                ),
            );
            return None;
        };
        let account = State::from_scope(scope).account().clone();
        let most = account.limit();
        let compile = || {
            v8::tc_scope!(let scope, scope);
            let module = self.compile_string(scope, url, text, source, origin);
            if module.is_none() && !account.foreign().is_cut() {
                scope.rethrow();
            }
            module
        };
        // SAFETY: the string lives in the scope, and scripts do not have it.
        let module = unsafe { account.foreign().parse(characters, most, compile) };
        module.unwrap_or_else(|| {
            let (length, most) = (text.len(), most / MIB);
            self.throw_too_large(
                scope,
                &format!(
                    "compiling the {length} bytes of {url} takes more than {most} MB of memory, which is the app's limit: split it \
                     into modules, and import those when they are needed, or raise the limit (\"memory_mb\")"
                ),
            );
            None
        })
    }

    pub(super) fn throw_too_large(&self, scope: &v8::PinScope, message: &str) {
        self.is_too_large.set(true);
        throw_range_error(scope, message);
    }

    /// Compiles a string, which has that text. Says whether the code was cached.
    fn compile_string<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        url: &str,
        text: &str,
        source: v8::Local<'s, v8::String>,
        origin: &v8::ScriptOrigin<'s>,
    ) -> Option<(v8::Local<'s, v8::Module>, bool)> {
        let cache = if text.len() < SMALLEST_CACHED {
            None
        } else {
            code_cache::get(State::from_scope(scope).shared.name(), text)
        };
        let module = if let Some(cache) = &cache {
            // `cache` outlives `source`, which only has a pointer to it.
            let cached = compiler::CachedData::new(cache);
            let mut source = compiler::Source::new_with_cached_data(source, Some(origin), cached);
            let options = compiler::CompileOptions::ConsumeCodeCache;
            let module = compiler::compile_module2(
                scope,
                &mut source,
                options,
                compiler::NoCacheReason::NoReason,
            )?;
            if source
                .get_cached_data()
                .is_some_and(compiler::CachedData::rejected)
            {
                tracing::warn!("V8 rejected the code cache of {url}");
                code_cache::forget(State::from_scope(scope).shared.name(), text);
            } else {
                self.cache_hits.set(self.cache_hits.get() + 1);
            }
            module
        } else {
            let mut source = compiler::Source::new(source, Some(origin));
            compiler::compile_module(scope, &mut source)?
        };
        Some((module, cache.is_some()))
    }

    /// Makes the code cache of one module that has run: what it needed is compiled by now. Returns whether there was one.
    pub(crate) fn make_code_caches(&self, scope: &mut v8::PinScope) -> bool {
        let next = {
            let mut uncached = self.uncached.borrow_mut();
            let has_run = |(module, _): &(v8::Global<v8::Module>, _)| {
                v8::Local::new(scope, module).get_status() == v8::ModuleStatus::Evaluated
            };
            uncached
                .iter()
                .position(has_run)
                .map(|index| uncached.swap_remove(index))
        };
        let Some((module, text)) = next else {
            return false;
        };
        v8::scope!(let scope, scope);
        let module = v8::Local::new(scope, module);
        if let Some(code) = module.get_unbound_module_script(scope).create_code_cache() {
            code_cache::put(State::from_scope(scope).shared.name(), text, &code);
        }
        true
    }
}

/// How many modules of this isolate came from the code cache; for tests.
#[doc(hidden)]
pub fn code_cache_hits(scope: &v8::PinScope) -> usize {
    State::from_scope(scope).modules.cache_hits.get()
}

fn origin<'s>(
    scope: &v8::PinScope<'s, '_>,
    name: &str,
    module: bool,
) -> Option<v8::ScriptOrigin<'s>> {
    let name = string(scope, name)?;
    Some(v8::ScriptOrigin::new(
        scope,
        name.into(),
        0,
        0,
        false,
        -1,
        None,
        false,
        false,
        module,
        None,
    ))
}
