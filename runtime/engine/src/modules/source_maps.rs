//! Where the text of modules has come from, for whoever reads of an error in it: <https://tc39.es/ecma426/>.
//!
//! Nothing of it is read before an error is shown, and nothing is done for modules without a source map.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::Modules;
use crate::entry;
use crate::external_memory::{self, Reservation};
use crate::module_source::{MapOf, ModuleKind, join_url};
use crate::state::State;
use crate::text::{cut, text};
use crate::transpiler::SourceMap;

/// How many source maps are kept that were read.
const KEPT: usize = 4;
/// How large a map may be, in bytes.
const MAX_MAP: usize = 16 << 20;
/// No URL that names a file is longer.
const MAX_URL: usize = 8 << 10;
/// How many bytes are taken while a map is read, for each of its own: its text twice, as a URL has it, and what it is made into.
const TAKEN: usize = 7;
/// The most bytes of the name of an original.
const MAX_NAME: usize = 1 << 10;
/// The most frames of a stack trace whose places are looked up.
const MAX_FRAMES: usize = 200;

/// The source maps of an isolate's modules.
#[derive(Default)]
pub(crate) struct SourceMaps {
    /// What modules were made with, by their URLs.
    loaded: RefCell<HashMap<String, Loaded>>,
    /// Modules that name their map. It is looked up where it is needed: its URL may be the map.
    linked: Cell<bool>,
    /// Those that were read last, or could not be read.
    read: RefCell<Vec<Rc<Read>>>,
}

struct Loaded {
    map: String,
    _reservation: Reservation,
}

/// A source map that was read, or not: a broken one is not read again and again.
struct Read {
    module: String,
    /// What the names of originals are relative to; `None`: the module itself was made of the original.
    base: Option<String>,
    map: Option<Box<dyn SourceMap>>,
    _reservation: Option<Reservation>,
}

/// A place in an original.
pub(crate) struct OriginalPlace {
    pub(crate) file: String,
    /// Counts from 1.
    pub(crate) line: usize,
    /// Counts from 0.
    pub(crate) column: usize,
    /// The text of the line.
    pub(crate) text: Option<String>,
}

impl SourceMaps {
    pub(super) fn clear(&self) {
        self.loaded.take();
        self.read.take();
    }

    fn is_empty(&self) -> bool {
        !self.linked.get() && self.loaded.borrow().is_empty()
    }

    /// A module was made of an original, and is about to be compiled.
    pub(super) fn add(&self, scope: &mut v8::PinScope, url: &str, map: String) {
        self.begin(scope);
        let loaded = Loaded {
            _reservation: Reservation::of(scope, url.len() + map.len()),
            map,
        };
        self.loaded.borrow_mut().insert(url.to_owned(), loaded);
    }

    /// A module that was compiled may name its map.
    pub(super) fn look_at<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        module: v8::Local<'s, v8::Module>,
    ) {
        if !self.linked.get() && link_of(scope, module).is_some() {
            self.begin(scope);
            self.linked.set(true);
        }
    }

    /// From now on, stacks show originals.
    fn begin(&self, scope: &mut v8::PinScope) {
        if self.is_empty() {
            entry::prepare_stack_traces(scope);
        }
    }
}

/// Whether there is room for what is made of a map of so many bytes, while it is read.
fn fits(scope: &mut v8::PinScope, size: usize) -> bool {
    size <= MAX_MAP && external_memory::has_room(scope, size * TAKEN)
}

/// The URL of a module's source map, as it says itself.
fn link_of<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::String>> {
    let script = module.get_unbound_module_script(scope);
    let link = script.get_source_mapping_url(scope);
    let link = v8::Local::<v8::String>::try_from(link).ok()?;
    (link.length() > 0).then_some(link)
}

impl Modules {
    /// The source map of a module, if there is one that can be read.
    fn source_map(&self, scope: &mut v8::PinScope, url: &str) -> Option<Rc<Read>> {
        let cached = {
            let read = self.maps.read.borrow();
            read.iter().find(|read| read.module == url).cloned()
        };
        let read = match cached {
            Some(read) => read,
            None => {
                let read = Rc::new(self.read_source_map(scope, url)?);
                let mut kept = self.maps.read.borrow_mut();
                kept.truncate(KEPT - 1);
                kept.insert(0, read.clone());
                read
            }
        };
        read.map.is_some().then_some(read)
    }

    /// `None` where the module has no map.
    fn read_source_map(&self, scope: &mut v8::PinScope, url: &str) -> Option<Read> {
        let source = self.source.get()?;
        let loaded = {
            let loaded = self.maps.loaded.borrow();
            loaded.get(url).map(|Loaded { map, .. }| {
                fits(scope, map.len())
                    .then(|| source.source_map(url, MapOf::Loaded(map), &mut |_| true))
                    .flatten()
            })
        };
        let (base, map) = match loaded {
            Some(map) => (None, map),
            None => {
                let key: (Rc<str>, ModuleKind) = (url.into(), ModuleKind::JavaScript);
                let index = *self.by_name.borrow().get(&key)?;
                v8::scope!(let scope, scope);
                let module = v8::Local::new(scope, &self.entries.borrow()[index].module);
                let link = link_of(scope, module)?;
                let length = link.length();
                // One that is too long names nothing.
                let link = match length <= MAX_URL || fits(scope, length) {
                    true => link.to_rust_string_lossy(scope),
                    false => String::new(),
                };
                let map =
                    source.source_map(url, MapOf::Linked(&link), &mut |size| fits(scope, size));
                let base = if link.starts_with("data:") {
                    None
                } else {
                    join_url(url, &link)
                };
                (Some(base.unwrap_or_else(|| url.to_owned())), map)
            }
        };
        let reservation = match &map {
            Some(map) => Reservation::take(scope, map.size()),
            None => None,
        };
        Some(Read {
            module: url.to_owned(),
            base,
            // What the app has no room for is not kept.
            map: map.filter(|_| reservation.is_some()),
            _reservation: reservation,
        })
    }
}

/// Where the text of a place of a module has come from; the line counts from 1, the column from 0.
pub(crate) fn original(
    scope: &mut v8::PinScope,
    module: &str,
    line: usize,
    column: usize,
) -> Option<OriginalPlace> {
    let modules = &State::from_scope(scope).modules;
    if modules.maps.is_empty() {
        return None;
    }
    let read = modules.source_map(scope, module)?;
    let line = u32::try_from(line.checked_sub(1)?).ok()?;
    let found = read
        .map
        .as_ref()?
        .original(line, u32::try_from(column).ok()?)?;
    let url = match &read.base {
        None => Some(module.to_owned()),
        Some(base) => join_url(base, found.source),
    };
    let read_line = |text: &str| text.lines().nth(found.line as usize).map(str::to_owned);
    let text = match (found.content, &url) {
        (Some(content), _) => read_line(content),
        (None, Some(url)) => {
            let text = modules.source.get().and_then(|source| source.original(url));
            text.and_then(|text| read_line(&text))
        }
        (None, None) => None,
    };
    // The names of originals outside of the folder are shown as they are.
    let name = url.unwrap_or_else(|| found.source.to_owned());
    let name = name.replace(char::is_control, "\u{fffd}");
    Some(OriginalPlace {
        file: cut(name, MAX_NAME),
        line: found.line as usize + 1,
        column: found.column as usize,
        text,
    })
}

/// The frames of a stack trace, a line each, with the places of originals.
pub(crate) fn with_originals(scope: &mut v8::PinScope, frames: &str) -> String {
    let mut shown = String::with_capacity(frames.len());
    for (index, frame) in frames.split('\n').enumerate() {
        if index > 0 {
            shown.push('\n');
        }
        match frame_with_original(scope, frame).filter(|_| index < MAX_FRAMES) {
            Some(frame) => shown.push_str(&frame),
            None => shown.push_str(frame),
        }
    }
    shown
}

/// `    at f (app:///index.js:12:2)`
fn frame_with_original(scope: &mut v8::PinScope, frame: &str) -> Option<String> {
    let (before, place, after) = match frame.strip_suffix(')') {
        Some(inner) => {
            let at = inner.rfind('(')? + 1;
            (&frame[..at], &inner[at..], ")")
        }
        None => {
            let at = frame.rfind(' ')? + 1;
            (&frame[..at], &frame[at..], "")
        }
    };
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    let column = column.parse::<usize>().ok()?.checked_sub(1)?;
    let found = original(scope, file, line.parse().ok()?, column)?;
    let OriginalPlace {
        file, line, column, ..
    } = found;
    Some(format!("{before}{file}:{line}:{}{after}", column + 1))
}

/// The value of an error's `stack`, when it is first asked for: as V8 makes it, with the places of originals.
pub(crate) fn stack<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    error: v8::Local<'s, v8::Value>,
    sites: v8::Local<'s, v8::Array>,
) -> Option<v8::Local<'s, v8::Value>> {
    // https://v8.dev/docs/stack-trace-api: V8 leaves it to whoever makes stacks to ask the app.
    if let Some(stack) = stack_of_app(scope, error, sites) {
        return Some(stack);
    }
    let mut frames = String::new();
    for index in 0..sites.length() {
        let site = sites.get_index(scope, index)?.to_string(scope)?;
        frames.push_str("\n    at ");
        frames.push_str(&text(scope, site, MAX_NAME * 4));
    }
    let frames = with_originals(scope, &frames);
    let frames = v8::String::new(scope, &frames)?;
    let header = header(scope, error).or_else(|| v8::String::new(scope, "<error>"))?;
    Some(v8::String::concat(scope, header, frames)?.into())
}

/// What the app's own `Error.prepareStackTrace` makes.
fn stack_of_app<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    error: v8::Local<'s, v8::Value>,
    sites: v8::Local<'s, v8::Array>,
) -> Option<v8::Local<'s, v8::Value>> {
    v8::tc_scope!(let scope, scope);
    let global = scope.get_current_context().global(scope);
    let name = super::string(scope, "Error")?;
    let constructor = global.get(scope, name.into())?;
    let constructor = v8::Local::<v8::Object>::try_from(constructor).ok()?;
    let name = super::string(scope, "prepareStackTrace")?;
    let prepare = constructor.get(scope, name.into())?;
    let prepare = v8::Local::<v8::Function>::try_from(prepare).ok()?;
    prepare.call(scope, constructor.into(), &[error, sites.into()])
}

/// What a stack begins with: <https://tc39.es/ecma262/#sec-error.prototype.tostring>.
fn header<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    error: v8::Local<'s, v8::Value>,
) -> Option<v8::Local<'s, v8::String>> {
    v8::tc_scope!(let scope, scope);
    let error = v8::Local::<v8::Object>::try_from(error).ok()?;
    let part = |key: &str, default: &str| {
        let key = super::string(scope, key)?;
        let value = error.get(scope, key.into())?;
        if value.is_undefined() {
            super::string(scope, default)
        } else {
            value.to_string(scope)
        }
    };
    let (name, message) = (part("name", "Error")?, part("message", "")?);
    if name.length() == 0 {
        return Some(message);
    }
    if message.length() == 0 {
        return Some(name);
    }
    let colon = super::string(scope, ": ")?;
    let name = v8::String::concat(scope, name, colon)?;
    v8::String::concat(scope, name, message)
}
