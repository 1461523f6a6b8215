//! Any JavaScript value as text for people, like `util.inspect` elsewhere.
//!
//! Printing a value must not change it, so no code of the app runs here: properties are read from their descriptors, getters are
//! named and not called, proxies are shown by their target. The exceptions: attributes of our own interfaces, read through our own
//! getters ([`platform`]), and an app's `Error.prepareStackTrace`, which V8 asks for the text of a stack.
//!
//! * [`object`]: one object of any kind, and what kinds there are.
//! * [`collection`]: arrays, maps, sets, buffers.
//! * [`error`]: errors with stack and causes.
//! * [`function`]: functions and classes.
//! * [`platform`]: objects of Web APIs.
//! * [`property`]: own properties and prototypes, without side effects.
//! * [`primitive`]: strings, numbers, dates, and the colours of everything.
//! * [`layout`]: one line or many.

mod collection;
mod error;
mod function;
mod layout;
mod object;
mod platform;
mod primitive;
mod property;
#[cfg(test)]
mod tests;

use nano_webidl::{Scope, Value};

pub(crate) use error::describe_thrown;
pub(crate) use layout::columns;
use nano_engine::text::{code_units, cut, more};
pub(crate) use platform::script_interface;
pub use primitive::number_text;
pub(crate) use property::{Keys, Property, own_keys, own_property};

use layout::Rendered;
use primitive::{Style, quote};

/// However deep an app asks to look, the thread's stack ends somewhere.
const MAX_DEPTH: u32 = 100;
/// What a text has at most where nobody says anything else.
const MAX_TEXT: usize = 1 << 20;

/// How to print a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectOptions {
    /// How many levels of objects below the value are shown; `None` for all.
    pub depth: Option<u32>,
    /// With ANSI colours, for terminals.
    pub colors: bool,
    /// With properties that are not enumerable, the contents of weak collections, and proxies as such.
    pub show_hidden: bool,
    /// How many columns a line should have at most.
    pub width: usize,
    /// How many elements of a collection, and properties of an object, are shown.
    pub max_entries: usize,
    /// How many characters of a string inside of an object are shown.
    pub max_string: usize,
    /// How many bytes the text has at most: what is beyond is copied out of V8's heap no further than to be counted.
    pub max_text: usize,
}

impl Default for InspectOptions {
    fn default() -> Self {
        InspectOptions {
            depth: Some(2),
            colors: false,
            show_hidden: false,
            width: 80,
            max_entries: 100,
            max_string: 10_000,
            max_text: MAX_TEXT,
        }
    }
}

/// A value as text. Strings are in quotes.
pub fn inspect<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    options: &InspectOptions,
) -> String {
    // Whatever goes wrong on the way (a module's binding without a value, a terminated isolate) must not stay pending.
    v8::tc_scope!(let scope, scope);
    let text = Inspector::new(options).value(scope, value, 0).text;
    // What is copied is bounded; escapes and margins are not.
    cut(text, 2 * options.max_text)
}

/// The state of one inspection.
struct Inspector<'o, 's> {
    options: &'o InspectOptions,
    /// The objects that are being printed, outermost first.
    path: Vec<v8::Local<'s, v8::Object>>,
    /// Those of them that were met again; the index is the number, less one, in `<ref *1>` and `[Circular *1]`.
    circular: Vec<v8::Local<'s, v8::Object>>,
    /// Columns that lines begin with.
    indent: usize,
    /// Length of all that was copied from values so far.
    written: usize,
}

impl<'o, 's> Inspector<'o, 's> {
    fn new(options: &'o InspectOptions) -> Self {
        Inspector {
            options,
            path: Vec::new(),
            circular: Vec::new(),
            indent: 0,
            written: 0,
        }
    }

    /// Any value. `depth` counts the objects around it.
    fn value(&mut self, scope: &mut Scope<'s, '_>, value: Value<'s>, depth: u32) -> Rendered {
        if let Ok(object) = v8::Local::<v8::Object>::try_from(value) {
            return self.object(scope, object, depth);
        }
        let text = self.primitive(scope, value);
        self.written += text.len();
        Rendered::flat(text)
    }

    /// How many characters of the next string are shown.
    fn room(&self) -> usize {
        let left = self.options.max_text.saturating_sub(self.written);
        self.options.max_string.min(left)
    }

    /// A value inside of another: what it puts on lines of its own is indented.
    fn nested(&mut self, scope: &mut Scope<'s, '_>, value: Value<'s>, depth: u32) -> Rendered {
        self.indent += 2;
        let rendered = self.value(scope, value, depth + 1);
        self.indent -= 2;
        rendered
    }

    fn primitive(&self, scope: &mut Scope<'s, '_>, value: Value<'s>) -> String {
        if let Ok(string) = v8::Local::<v8::String>::try_from(value) {
            let (length, room) = (string.length(), self.room());
            let shown = quote(&code_units(scope, string, room));
            let mut shown = self.paint(Style::String, shown);
            if length > room {
                shown.push_str(&format!("... {}", more(length - room, "character")));
            }
            return shown;
        }
        let (style, text) = if value.is_undefined() {
            (Style::Undefined, "undefined".to_owned())
        } else if value.is_null() {
            (Style::Null, "null".to_owned())
        } else if value.is_boolean() {
            (Style::Boolean, value.is_true().to_string())
        } else if let Ok(number) = v8::Local::<v8::Number>::try_from(value) {
            (Style::Number, number_text(scope, number.value()))
        } else if let Ok(bigint) = v8::Local::<v8::BigInt>::try_from(value) {
            (Style::Number, primitive::bigint_text(scope, bigint))
        } else if let Ok(symbol) = v8::Local::<v8::Symbol>::try_from(value) {
            (Style::Symbol, primitive::symbol_text(scope, symbol))
        } else {
            (Style::Special, format!("<{}>", value.type_repr()))
        };
        self.paint(style, text)
    }

    fn paint(&self, style: Style, text: String) -> String {
        if self.options.colors {
            style.paint(&text)
        } else {
            text
        }
    }
}
