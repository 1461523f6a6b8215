//! ES modules of one isolate: graphs are loaded whole, then linked, then evaluated.
//!
//! Loading is synchronous: sources are local files or memory ([`ModuleSource`]). All functions that return `Option` follow
//! V8's way: `None` means that an exception is pending.

mod attributes;
mod compile;
mod errors;
mod source_maps;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use attributes::{Attributes, name_text};
pub use compile::{SourceType, code_cache_hits, detect, evaluate};
pub(crate) use errors::{Fault, string, throw_cannot_import};
pub(crate) use source_maps::{original, stack, with_originals};

use crate::external_memory::{ExternalMemory, Reservation};
use crate::hardening::wasm_functions::{self, Functions, declared};
use crate::module_source::{LoadError, Loaded, ModuleError, ModuleKind, ModuleSource};
use crate::state::State;
use crate::{entry, hardening};
use errors::{parse_json, throw_mistake};
use source_maps::SourceMaps;

/// The module map of an isolate.
#[derive(Default)]
pub(crate) struct Modules {
    source: OnceCell<Box<dyn ModuleSource>>,
    entries: RefCell<Vec<Entry>>,
    by_name: RefCell<HashMap<(Rc<str>, ModuleKind), usize>>,
    by_identity: RefCell<HashMap<i32, Vec<usize>>>,
    /// Modules that were compiled without a code cache, to make one when there is time.
    uncached: RefCell<Vec<(v8::Global<v8::Module>, Arc<str>)>>,
    cache_hits: Cell<usize>,
    /// Whether a module's text took more memory than the isolate may have.
    is_too_large: Cell<bool>,
    maps: SourceMaps,
}

struct Entry {
    module: v8::Global<v8::Module>,
    url: Rc<str>,
    /// The default export of a synthetic module.
    value: Option<v8::Global<v8::Value>>,
    /// A file has as many modules as an app finds queries for its URL.
    _memory: ExternalMemory,
}

/// About what an entry takes with its handles and its places in both maps, beside the URL.
const ENTRY: usize = size_of::<Entry>() + 256;

/// A module whose evaluation has begun.
pub struct Evaluated<'s> {
    /// Its exports. Bindings are uninitialised until the evaluation is done.
    pub namespace: v8::Local<'s, v8::Object>,
    /// Settles when the evaluation is done, top-level `await` included; pending until a microtask checkpoint at least.
    pub promise: v8::Local<'s, v8::Promise>,
}

/// Loads, links and begins to evaluate a module and what it imports.
pub fn import<'s>(scope: &mut v8::PinScope<'s, '_>, specifier: &str) -> Option<Evaluated<'s>> {
    import_prepared(scope, specifier, |_, _| Some(()))
}

/// Like [`import`]; before anything is evaluated, `prepare` sees which exports the module has.
pub fn import_prepared<'s, 'i>(
    scope: &mut v8::PinScope<'s, 'i>,
    specifier: &str,
    prepare: impl FnOnce(&mut v8::PinScope<'s, 'i>, v8::Local<'s, v8::Object>) -> Option<()>,
) -> Option<Evaluated<'s>> {
    let modules = &State::from_scope(scope).modules;
    let module = modules.load(scope, specifier, "", &Attributes::NONE)?;
    let namespace = link(scope, module)?;
    prepare(scope, namespace)?;
    evaluate_linked(scope, module, namespace)
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

/// Whether a module could not be imported because its text takes more memory than the isolate may have: it will not fit next time.
pub fn is_too_large(scope: &v8::PinScope) -> bool {
    State::from_scope(scope).modules.is_too_large.get()
}

pub(crate) fn link_and_evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Module>,
) -> Option<Evaluated<'s>> {
    let namespace = link(scope, module)?;
    evaluate_linked(scope, module, namespace)
}

fn link<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Object>> {
    entry::instantiate_module(scope, module)?;
    module.get_module_namespace().try_into().ok()
}

fn evaluate_linked<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Module>,
    namespace: v8::Local<'s, v8::Object>,
) -> Option<Evaluated<'s>> {
    let promise = module.evaluate(scope)?.try_into().ok()?;
    Some(Evaluated { namespace, promise })
}

impl Modules {
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
        self.maps.clear();
    }

    /// The module that a specifier means, with everything that it imports.
    pub(crate) fn load<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        specifier: &str,
        referrer: &str,
        attributes: &Attributes,
    ) -> Option<v8::Local<'s, v8::Module>> {
        let (module, is_new) = self.load_one(scope, specifier, referrer, attributes)?;
        if is_new {
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
                let (imported, is_new) =
                    self.load_one(scope, &specifier, &referrer, &attributes)?;
                if is_new {
                    waiting.push(imported);
                }
            }
        }
        Some(())
    }

    /// The module that a specifier means, without its imports; and whether it is new.
    fn load_one<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        specifier: &str,
        referrer: &str,
        attributes: &Attributes,
    ) -> Option<(v8::Local<'s, v8::Module>, bool)> {
        let named = self.source().and_then(|source| {
            let (url, kind) = self.name(specifier, referrer, attributes)?;
            Ok((source, url, kind))
        });
        let (source, url, kind) = match named {
            Ok(named) => named,
            Err(error) => return throw_cannot_import(scope, specifier, referrer, &error),
        };
        let key: (Rc<str>, ModuleKind) = (url.into(), kind);
        if let Some(index) = self.by_name.borrow().get(&key) {
            let module = v8::Local::new(scope, &self.entries.borrow()[*index].module);
            return Some((module, false));
        }
        let (url, kind) = key;
        // What is read is there beside what is made of it, until that is done.
        let (mut room, mut fits) = (None, true);
        let loaded = source.load(&url, kind, &mut |size| {
            room = Reservation::take(scope, size.saturating_mul(kind.copies()));
            fits = room.is_some();
            fits
        });
        let Loaded { bytes, map } = match loaded {
            Ok(loaded) => loaded,
            Err(LoadError::Missing(ModuleError(message))) if !fits => {
                self.throw_too_large(scope, &message);
                return None;
            }
            Err(LoadError::Missing(error)) => {
                return throw_cannot_import(scope, specifier, referrer, &error);
            }
            Err(LoadError::Mistake(url, mistake)) => return throw_mistake(scope, &url, &mistake),
        };
        if let Some(map) = map {
            self.maps.add(scope, &url, map);
        }
        let text = |bytes: Vec<u8>| {
            let mut text = String::from_utf8(bytes)
                .map_err(|_| ModuleError(format!("{url} is not UTF-8 text")))?;
            if text.starts_with('\u{feff}') {
                text.remove(0);
            }
            Ok::<_, ModuleError>(text)
        };
        let value: v8::Local<v8::Value> = match kind {
            ModuleKind::JavaScript => {
                let module = match text(bytes).map(Arc::<str>::from) {
                    Ok(text) => {
                        // One of the two is left.
                        if let Some(room) = &mut room {
                            room.set(text.len());
                        }
                        self.compile(scope, &url, text)?
                    }
                    Err(error) => return throw_cannot_import(scope, specifier, referrer, &error),
                };
                self.insert(scope, url, kind, module, None);
                return Some((module, true));
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
                if let Some(room) = room.take() {
                    room.hand_over();
                }
                let Some(buffer) = crate::external_memory::array_buffer(scope, bytes) else {
                    let error =
                        ModuleError(format!("its {len} bytes do not fit into the memory limit"));
                    return throw_cannot_import(scope, specifier, referrer, &error);
                };
                v8::Uint8Array::new(scope, buffer, 0, len)?.into()
            }
            ModuleKind::Wasm => {
                let app = State::from_scope(scope).shared.name();
                if let Some(refusal) = hardening::refusal(app, &bytes) {
                    return throw_cannot_import(scope, specifier, referrer, &ModuleError(refusal));
                }
                let functions = match Functions::take(scope, declared(&bytes)) {
                    Ok(functions) => functions,
                    Err(refusal) => {
                        let refusal = ModuleError(refusal.to_string());
                        return throw_cannot_import(scope, specifier, referrer, &refusal);
                    }
                };
                let module = v8::WasmModuleObject::compile(scope, &bytes)?;
                wasm_functions::keep(scope, module, functions.into());
                module.into()
            }
        };
        let name = string(scope, &url)?;
        let default = string(scope, "default")?;
        let module = entry::synthetic_module(scope, name, default);
        self.insert(scope, url, kind, module, Some(value));
        Some((module, true))
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

    fn insert<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        url: Rc<str>,
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
            _memory: ExternalMemory::new(url.len() + ENTRY),
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
        self.with_entry(module, |entry| entry.url.to_string())
            .unwrap_or_default()
    }
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
    let (module, _) = modules.load_one(scope, &specifier, &referrer, &attributes)?;
    Some(module)
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
