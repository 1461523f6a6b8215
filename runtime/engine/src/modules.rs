//! ES modules of one isolate: graphs are loaded whole, then linked, then evaluated.
//!
//! Loading is synchronous: sources are local files or memory ([`ModuleSource`]). All functions that return `Option` follow
//! V8's way: `None` means that an exception is pending.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use v8::script_compiler as compiler;

use crate::code_cache;
use crate::entry;
use crate::hardening;
use crate::module_source::{ModuleError, ModuleKind, ModuleSource};
use crate::state::State;

/// The most characters of a specifier, or of an import attribute. No file has so long a name.
const LONGEST_NAME: usize = 64 << 10;

/// The text of a specifier or an import attribute; a hint where it is longer than any may be, which then names nothing.
pub(crate) fn name_text(scope: &v8::PinScope, name: v8::Local<v8::String>) -> String {
    let length = name.length();
    if length <= LONGEST_NAME {
        return name.to_rust_string_lossy(scope);
    }
    format!("… {length} characters, and {LONGEST_NAME} are the most …")
}

/// Smaller sources compile faster than their cache is checked.
const SMALLEST_CACHED: usize = 1024;

/// The module map of an isolate.
pub(crate) struct Modules {
    source: OnceCell<Box<dyn ModuleSource>>,
    entries: RefCell<Vec<Entry>>,
    by_name: RefCell<HashMap<(String, ModuleKind), usize>>,
    by_identity: RefCell<HashMap<i32, Vec<usize>>>,
    /// Whose code caches are used.
    app: Box<str>,
    /// Modules that were compiled without a code cache, to make one when there is time.
    uncached: RefCell<Vec<(v8::Global<v8::Module>, Arc<str>)>>,
    cache_hits: Cell<usize>,
}

struct Entry {
    module: v8::Global<v8::Module>,
    url: String,
    /// The default export of a synthetic module.
    value: Option<v8::Global<v8::Value>>,
}

/// A module whose evaluation has begun.
pub struct Evaluated<'s> {
    /// Its exports. Bindings are uninitialised until the evaluation is done.
    pub namespace: v8::Local<'s, v8::Object>,
    /// Settles when the evaluation is done, top-level `await` included; pending until a microtask checkpoint at least.
    pub promise: v8::Local<'s, v8::Promise>,
}

/// What a source text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceType {
    /// A classic script.
    Script,
    /// A module: it does not parse as a script, but as one.
    Module,
}

/// Loads, links and begins to evaluate a module and what it imports.
pub fn import<'s>(scope: &mut v8::PinScope<'s, '_>, specifier: &str) -> Option<Evaluated<'s>> {
    let modules = &State::from_scope(scope).modules;
    let module = modules.load(scope, specifier, "", &Attributes::NONE)?;
    link_and_evaluate(scope, module)
}

/// Like [`import`] for a text that is no file. It can import others, relative to `url`.
pub fn evaluate_module<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    url: &str,
    source: &str,
) -> Option<Evaluated<'s>> {
    let modules = &State::from_scope(scope).modules;
    let module = modules.compile(scope, url, source.into())?;
    modules.insert(scope, url.into(), ModuleKind::JavaScript, module, None);
    modules.load_requests_of(scope, module)?;
    link_and_evaluate(scope, module)
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

pub(crate) fn link_and_evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Module>,
) -> Option<Evaluated<'s>> {
    entry::instantiate_module(scope, module)?;
    let namespace = module.get_module_namespace().try_into().ok()?;
    let promise = module.evaluate(scope)?.try_into().ok()?;
    Some(Evaluated { namespace, promise })
}

/// The `with { … }` of an import.
pub(crate) struct Attributes {
    /// The value of `type`.
    pub(crate) kind: Option<String>,
    /// A key that is not supported.
    pub(crate) unknown: Option<String>,
}

impl Attributes {
    const NONE: Attributes = Attributes {
        kind: None,
        unknown: None,
    };

    /// V8 passes key, value and, for static imports, the place, for each.
    pub(crate) fn read(
        scope: &v8::PinScope,
        array: v8::Local<v8::FixedArray>,
        step: usize,
    ) -> Self {
        let mut attributes = Self::NONE;
        let text = |index: usize| {
            let data = array.get(scope, index)?;
            v8::Local::<v8::String>::try_from(data)
                .ok()
                .map(|s| name_text(scope, s))
        };
        for index in (0..array.length()).step_by(step) {
            match text(index) {
                Some(key) if key == "type" => attributes.kind = text(index + 1),
                key => attributes.unknown = key,
            }
        }
        attributes
    }

    fn kind(&self, url: &str) -> Result<ModuleKind, ModuleError> {
        if let Some(key) = &self.unknown {
            return Err(ModuleError(format!(
                "the import attribute \"{key}\" is not supported; only \"type\" is"
            )));
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        match self.kind.as_deref() {
            None if path.ends_with(".wasm") => Ok(ModuleKind::Wasm),
            None if path.ends_with(".json") => Err(ModuleError(
                "a JSON module has to be imported `with { type: \"json\" }`".into(),
            )),
            None => Ok(ModuleKind::JavaScript),
            Some("json") => Ok(ModuleKind::Json),
            Some("text") => Ok(ModuleKind::Text),
            Some("bytes") => Ok(ModuleKind::Bytes),
            Some(other) => Err(ModuleError(format!(
                "the import type \"{other}\" is not supported; \"json\", \"text\" and \"bytes\" are"
            ))),
        }
    }
}

impl Modules {
    pub(crate) fn new(app: &str, source: Option<Box<dyn ModuleSource>>) -> Self {
        Self {
            source: source.map_or_else(OnceCell::new, OnceCell::from),
            entries: RefCell::default(),
            by_name: RefCell::default(),
            by_identity: RefCell::default(),
            app: app.into(),
            uncached: RefCell::default(),
            cache_hits: Cell::default(),
        }
    }

    pub(crate) fn set_source(&self, source: Box<dyn ModuleSource>) {
        assert!(
            self.source.set(source).is_ok(),
            "an isolate has one source of modules"
        );
    }

    pub(crate) fn clear(&self) {
        self.entries.take();
        self.by_name.take();
        self.by_identity.take();
        self.uncached.take();
    }

    /// The module that a specifier means, with everything that it imports.
    pub(crate) fn load<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        specifier: &str,
        referrer: &str,
        attributes: &Attributes,
    ) -> Option<v8::Local<'s, v8::Module>> {
        let before = self.entries.borrow().len();
        let module = self.load_one(scope, specifier, referrer, attributes)?;
        if self.entries.borrow().len() > before {
            self.load_requests_of(scope, module)?;
        }
        Some(module)
    }

    /// Loads the imports of a new module, and theirs.
    fn load_requests_of<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        module: v8::Local<'s, v8::Module>,
    ) -> Option<()> {
        let mut waiting = vec![module];
        while let Some(module) = waiting.pop() {
            if !module.is_source_text_module() {
                continue;
            }
            let referrer = self.url_of(scope, module);
            let requests = module.get_module_requests();
            for index in 0..requests.length() {
                let request: v8::Local<v8::ModuleRequest> =
                    requests.get(scope, index)?.try_into().ok()?;
                let specifier = name_text(scope, request.get_specifier());
                let attributes = Attributes::read(scope, request.get_import_attributes(), 3);
                let before = self.entries.borrow().len();
                let imported = self.load_one(scope, &specifier, &referrer, &attributes)?;
                if self.entries.borrow().len() > before {
                    waiting.push(imported);
                }
            }
        }
        Some(())
    }

    /// The module that a specifier means, without its imports.
    fn load_one<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        specifier: &str,
        referrer: &str,
        attributes: &Attributes,
    ) -> Option<v8::Local<'s, v8::Module>> {
        let named = self.source().and_then(|source| {
            let (url, kind) = self.name(specifier, referrer, attributes)?;
            Ok((source, url, kind))
        });
        let (source, url, kind) = match named {
            Ok(named) => named,
            Err(error) => return throw_cannot_import(scope, specifier, referrer, &error),
        };
        let key = (url, kind);
        if let Some(index) = self.by_name.borrow().get(&key) {
            return Some(v8::Local::new(scope, &self.entries.borrow()[*index].module));
        }
        let (url, kind) = key;
        let bytes = match source.load(&url, kind) {
            Ok(bytes) => bytes,
            Err(error) => return throw_cannot_import(scope, specifier, referrer, &error),
        };
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes)
                .map_err(|_| ModuleError(format!("{url} is not UTF-8 text")))?;
            Ok::<_, ModuleError>(
                text.strip_prefix('\u{feff}')
                    .map(str::to_string)
                    .unwrap_or(text),
            )
        };
        let value: v8::Local<v8::Value> = match kind {
            ModuleKind::JavaScript => {
                let module = match text(bytes) {
                    Ok(text) => self.compile(scope, &url, text.into())?,
                    Err(error) => return throw_cannot_import(scope, specifier, referrer, &error),
                };
                self.insert(scope, url, kind, module, None);
                return Some(module);
            }
            ModuleKind::Json | ModuleKind::Text => {
                let text = match text(bytes) {
                    Ok(text) => string(scope, &text)?,
                    Err(error) => return throw_cannot_import(scope, specifier, referrer, &error),
                };
                if kind == ModuleKind::Text {
                    text.into()
                } else {
                    parse_json(scope, text, &url)?
                }
            }
            ModuleKind::Bytes => {
                let len = bytes.len();
                let Some(buffer) = crate::external_memory::array_buffer(scope, bytes) else {
                    let error =
                        ModuleError(format!("its {len} bytes do not fit into the memory limit"));
                    return throw_cannot_import(scope, specifier, referrer, &error);
                };
                v8::Uint8Array::new(scope, buffer, 0, len)?.into()
            }
            ModuleKind::Wasm => {
                if let Some(fault) = hardening::wasm::fault(&bytes) {
                    return throw_cannot_import(scope, specifier, referrer, &ModuleError(fault));
                }
                v8::WasmModuleObject::compile(scope, &bytes)?.into()
            }
        };
        let name = string(scope, &url)?;
        let default = string(scope, "default")?;
        let module = entry::synthetic_module(scope, name, default);
        self.insert(scope, url, kind, module, Some(value));
        Some(module)
    }

    pub(crate) fn name(
        &self,
        specifier: &str,
        referrer: &str,
        attributes: &Attributes,
    ) -> Result<(String, ModuleKind), ModuleError> {
        let url = self.source()?.resolve(specifier, referrer)?;
        let kind = attributes.kind(&url)?;
        Ok((url, kind))
    }

    fn source(&self) -> Result<&dyn ModuleSource, ModuleError> {
        let none = || ModuleError("this isolate has no source of modules".into());
        self.source.get().map(|source| &**source).ok_or_else(none)
    }

    fn compile<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        url: &str,
        text: Arc<str>,
    ) -> Option<v8::Local<'s, v8::Module>> {
        let source = string(scope, &text)?;
        let origin = origin(scope, url, true)?;
        let cache = if text.len() < SMALLEST_CACHED {
            None
        } else {
            code_cache::get(&self.app, &text)
        };
        let module = if let Some(cache) = &cache {
            // `cache` outlives `source`, which only has a pointer to it.
            let cached = compiler::CachedData::new(cache);
            let mut source = compiler::Source::new_with_cached_data(source, Some(&origin), cached);
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
                code_cache::forget(&self.app, &text);
            } else {
                self.cache_hits.set(self.cache_hits.get() + 1);
            }
            module
        } else {
            let mut source = compiler::Source::new(source, Some(&origin));
            compiler::compile_module(scope, &mut source)?
        };
        if cache.is_none() && text.len() >= SMALLEST_CACHED {
            self.uncached
                .borrow_mut()
                .push((v8::Global::new(scope, module), text));
        }
        Some(module)
    }

    fn insert<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        url: String,
        kind: ModuleKind,
        module: v8::Local<'s, v8::Module>,
        value: Option<v8::Local<'s, v8::Value>>,
    ) {
        let mut entries = self.entries.borrow_mut();
        let index = entries.len();
        self.by_name.borrow_mut().insert((url.clone(), kind), index);
        self.by_identity
            .borrow_mut()
            .entry(module.get_identity_hash().get())
            .or_default()
            .push(index);
        let value = value.map(|value| v8::Global::new(scope, value));
        entries.push(Entry {
            module: v8::Global::new(scope, module),
            url,
            value,
        });
    }

    /// Identity hashes are not unique.
    fn with_entry<R>(
        &self,
        module: v8::Local<v8::Module>,
        read: impl FnOnce(&Entry) -> R,
    ) -> Option<R> {
        let by_identity = self.by_identity.borrow();
        let entries = self.entries.borrow();
        let candidates = by_identity.get(&module.get_identity_hash().get())?;
        candidates
            .iter()
            .map(|index| &entries[*index])
            .find(|entry| entry.module == module)
            .map(read)
    }

    pub(crate) fn url_of(&self, _scope: &v8::PinScope, module: v8::Local<v8::Module>) -> String {
        self.with_entry(module, |entry| entry.url.clone())
            .unwrap_or_default()
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
            code_cache::put(&self.app, text, &code);
        }
        true
    }
}

/// How many modules of this isolate came from the code cache; for tests.
#[doc(hidden)]
pub fn code_cache_hits(scope: &v8::PinScope) -> usize {
    State::from_scope(scope).modules.cache_hits.get()
}

pub(crate) fn string<'s>(
    scope: &v8::PinScope<'s, '_>,
    text: &str,
) -> Option<v8::Local<'s, v8::String>> {
    let string = v8::String::new(scope, text);
    if string.is_none() {
        throw_range_error(
            scope,
            "a text has more than 536 870 888 characters, the most that V8 can hold",
        );
    }
    string
}

fn throw_range_error(scope: &v8::PinScope, message: &str) {
    let message = v8::String::new(scope, message).unwrap_or_else(|| v8::String::empty(scope));
    let error = v8::Exception::range_error(scope, message);
    scope.throw_exception(error);
}

pub(crate) fn throw_cannot_import<T>(
    scope: &v8::PinScope,
    specifier: &str,
    referrer: &str,
    error: &ModuleError,
) -> Option<T> {
    let from = if referrer.is_empty() {
        String::new()
    } else {
        format!(" from \"{referrer}\"")
    };
    let message = string(
        scope,
        &format!("Cannot import \"{specifier}\"{from}: {error}"),
    )?;
    let error = v8::Exception::type_error(scope, message);
    scope.throw_exception(error);
    None
}

/// JSON.parse, with the module's name in the error.
fn parse_json<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    text: v8::Local<'s, v8::String>,
    url: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    v8::tc_scope!(let scope, scope);
    if let Some(value) = hardening::json::parse(scope, text) {
        return Some(value);
    }
    if !scope.has_terminated() {
        let reason = scope
            .exception()
            .map(|e| e.to_rust_string_lossy(scope))
            .unwrap_or_default();
        let reason = reason
            .strip_prefix("SyntaxError: ")
            .unwrap_or(&reason)
            .to_string();
        scope.reset();
        let message = string(scope, &format!("{url} is not valid JSON: {reason}"))?;
        let error = v8::Exception::syntax_error(scope, message);
        scope.throw_exception(error);
    }
    scope.rethrow();
    None
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

/// V8 links: every request was loaded before.
pub(crate) fn resolve_request<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    specifier: v8::Local<'s, v8::String>,
    attributes: v8::Local<'s, v8::FixedArray>,
    referrer: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    let modules = &State::from_scope(scope).modules;
    let specifier = name_text(scope, specifier);
    let referrer = modules.url_of(scope, referrer);
    let attributes = Attributes::read(scope, attributes, 3);
    modules.load_one(scope, &specifier, &referrer, &attributes)
}

/// The evaluation of a synthetic module: sets its default export.
pub(crate) fn evaluate_synthetic<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Value>> {
    let modules = &State::from_scope(scope).modules;
    let value = modules.with_entry(module, |entry| {
        entry
            .value
            .as_ref()
            .map(|value| v8::Local::new(scope, value))
    });
    let value = value
        .flatten()
        .unwrap_or_else(|| v8::undefined(scope).into());
    let default = string(scope, "default")?;
    module.set_synthetic_module_export(scope, default, value)?;
    let resolver = v8::PromiseResolver::new(scope)?;
    let undefined = v8::undefined(scope);
    resolver.resolve(scope, undefined.into());
    Some(resolver.get_promise(scope).into())
}
