//! One object: which kind it is, what is shown of every kind, and when it is only named.

use nano_engine::text::text;
use nano_webidl::{Scope, Value, script};

use super::layout::{Parts, Rendered};
use super::primitive::{self, Style, quote};
use super::property::{self, Keys, Property, class_name, own_data, own_keys, own_property, tag};
use super::{Inspector, MAX_DEPTH, code_units, more};

impl<'s> Inspector<'_, 's> {
    /// An object. `depth` counts the objects around it.
    pub(super) fn object(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Rendered {
        let mut object = object;
        while let Ok(proxy) = v8::Local::<v8::Proxy>::try_from(object) {
            if proxy.is_revoked() {
                return Rendered::flat(self.paint(Style::Special, "<Revoked Proxy>".to_owned()));
            }
            if self.options.show_hidden {
                return self.proxy(scope, proxy, depth);
            }
            match proxy.get_target(scope).try_into() {
                Ok(target) => object = target,
                Err(_) => break,
            }
        }
        if self.path.contains(&object) {
            let number = self
                .circular
                .iter()
                .position(|o| *o == object)
                .unwrap_or_else(|| {
                    self.circular.push(object);
                    self.circular.len() - 1
                });
            return Rendered::flat(
                self.paint(Style::Special, format!("[Circular *{}]", number + 1)),
            );
        }
        let limit = self.options.depth.unwrap_or(MAX_DEPTH).min(MAX_DEPTH);
        if (depth > limit || self.written > self.options.max_text)
            && let Some(name) = self.name_only(scope, object)
        {
            return Rendered {
                text: self.paint(Style::Special, name),
                height: 1,
            };
        }

        self.path.push(object);
        let mut parts = self.parts(scope, object, depth);
        self.path.pop();
        if let Some(number) = self.circular.iter().position(|o| *o == object) {
            let reference = self.paint(Style::Special, format!("<ref *{}>", number + 1));
            parts.prefix = format!("{reference} {}", parts.prefix)
                .trim_end()
                .to_owned();
        }
        parts.render(self.indent, self.options.width)
    }

    /// What stands for an object below the last level that is shown; `None` for those that have no levels below.
    fn name_only(
        &self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
    ) -> Option<String> {
        let value: Value = object.into();
        if value.is_function() || value.is_date() || value.is_reg_exp() {
            return None;
        }
        if self.is_error(scope, object) {
            return Some(format!("[{}]", self.error_header(scope, object, 256)));
        }
        let name = class_name(scope, object);
        Some(match name {
            Some(name) => format!("[{name}]"),
            None => "[Object: null prototype]".to_owned(),
        })
    }

    fn proxy(
        &mut self,
        scope: &mut Scope<'s, '_>,
        proxy: v8::Local<'s, v8::Proxy>,
        depth: u32,
    ) -> Rendered {
        let object: v8::Local<v8::Object> = proxy.into();
        // A chain of proxies counts as levels, too.
        if depth > self.options.depth.unwrap_or(MAX_DEPTH).min(MAX_DEPTH)
            || self.path.contains(&object)
        {
            return Rendered::flat(self.paint(Style::Special, "[Proxy]".to_owned()));
        }
        self.path.push(object);
        let mut parts = Parts {
            list: true,
            ..Parts::named("Proxy".to_owned())
        };
        for part in [proxy.get_target(scope), proxy.get_handler(scope)] {
            let part = self.nested(scope, part, depth);
            parts.push("", part);
        }
        self.path.pop();
        parts.render(self.indent, self.options.width)
    }

    fn parts(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Parts {
        let value: Value = object.into();
        if let Ok(array) = v8::Local::<v8::Array>::try_from(value) {
            return self.array(scope, array, depth);
        }
        if value.is_function() {
            return self.function(scope, object, depth);
        }
        if self.is_error(scope, object) {
            return self.error(scope, object, depth);
        }
        if let Some(mut parts) = self.collection(scope, object, depth) {
            self.properties(scope, object, Keys::Named, depth, &mut parts);
            return parts;
        }
        if let Some(mut parts) = self.special(scope, object, depth) {
            self.properties(scope, object, Keys::Named, depth, &mut parts);
            return parts;
        }
        if let Some(mut parts) = self.platform_object(scope, object, depth) {
            self.properties(scope, object, Keys::All, depth, &mut parts);
            return parts;
        }
        let mut parts = Parts::named(self.header(scope, object, "Object", None));
        self.properties(scope, object, Keys::All, depth, &mut parts);
        parts
    }

    /// Kinds of objects that hold one thing: dates, patterns, wrapped primitives, promises.
    fn special(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Option<Parts> {
        let value: Value = object.into();
        if let Ok(date) = v8::Local::<v8::Date>::try_from(value) {
            let text = self.paint(Style::Date, primitive::date_text(date.value_of()));
            return Some(Parts {
                bare: true,
                ..Parts::named(text)
            });
        }
        if let Ok(pattern) = v8::Local::<v8::RegExp>::try_from(value) {
            let flags = script::call(scope, "inspectRegExpFlags", &[value]).ok();
            let flags = flags
                .map(|flags| flags.to_rust_string_lossy(scope))
                .unwrap_or_default();
            let source = pattern.get_source(scope);
            let source = text(scope, source, self.room());
            self.written += source.len();
            let text = self.paint(Style::RegExp, format!("/{source}/{flags}"));
            return Some(Parts {
                bare: true,
                ..Parts::named(text)
            });
        }
        if let Some(kind) = boxed_kind(value) {
            let inner = script::call(scope, "inspectUnbox", &[value]).ok()?;
            let inner = self.primitive(scope, inner);
            return Some(Parts {
                bare: true,
                ..Parts::named(format!("[{kind}: {inner}]"))
            });
        }
        if let Ok(promise) = v8::Local::<v8::Promise>::try_from(value) {
            let mut parts = Parts::named(self.header(scope, object, "Promise", None));
            match promise.state() {
                v8::PromiseState::Pending => parts
                    .entries
                    .push(self.paint(Style::Special, "<pending>".to_owned())),
                v8::PromiseState::Fulfilled => {
                    let result = promise.result(scope);
                    let result = self.nested(scope, result, depth);
                    parts.push("", result);
                }
                v8::PromiseState::Rejected => {
                    let result = promise.result(scope);
                    let result = self.nested(scope, result, depth);
                    let rejected = self.paint(Style::Special, "<rejected>".to_owned());
                    parts.push(&format!("{rejected} "), result);
                }
            }
            return Some(parts);
        }
        if value.is_module_namespace_object() {
            return Some(Parts::named("[Module: null prototype]".to_owned()));
        }
        None
    }

    /// `Foo(2) [tag]`: the class, the size where there is one, `Symbol.toStringTag` where it says something else. Empty for a plain
    /// object or array.
    pub(super) fn header(
        &self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        fallback: &str,
        size: Option<usize>,
    ) -> String {
        let name = class_name(scope, object);
        let tag = tag(scope, object).filter(|tag| name.as_ref() != Some(tag));
        let plain = tag.is_none() && name.as_deref() == Some(fallback);
        if plain && matches!(fallback, "Object" | "Array") {
            return String::new();
        }
        let size = size.map(|size| format!("({size})")).unwrap_or_default();
        let mut header = match name {
            Some(name) => format!("{name}{size}"),
            None => format!("[{fallback}{size}: null prototype]"),
        };
        if let Some(tag) = tag {
            header.push_str(&format!(" [{tag}]"));
        }
        header
    }

    /// Adds the own properties.
    pub(super) fn properties(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        which: Keys,
        depth: u32,
        parts: &mut Parts,
    ) {
        let most = self.options.max_entries;
        let visible = own_keys(scope, object, which, false, most);
        for key in &visible.names {
            self.named_property(scope, object, *key, false, depth, parts);
        }
        if visible.rest > 0 {
            parts
                .entries
                .push(format!("... {}", more(visible.rest, "item")));
        }
        if !self.options.show_hidden {
            return;
        }
        // Twice as many, as the visible ones are among them.
        let hidden = own_keys(scope, object, which, true, 2 * most).names;
        for key in hidden
            .into_iter()
            .filter(|key| !visible.names.contains(key))
            .take(most)
        {
            self.named_property(scope, object, key, true, depth, parts);
        }
    }

    /// Adds one own property, if it is there. Names that are not enumerable are in brackets.
    pub(super) fn named_property(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        key: v8::Local<'s, v8::Name>,
        hidden: bool,
        depth: u32,
        parts: &mut Parts,
    ) {
        let name = self.key_text(scope, key, hidden);
        self.written += name.len();
        let value = match own_property(scope, object, key) {
            Some(property) => self.property(scope, property, depth),
            // A module's binding that has no value yet.
            None if object.is_module_namespace_object() => {
                Rendered::flat(self.paint(Style::Special, "<uninitialized>".to_owned()))
            }
            None => return,
        };
        parts.push(&format!("{name}: "), value);
    }

    /// The value of a property; getters are named and not called.
    pub(super) fn property(
        &mut self,
        scope: &mut Scope<'s, '_>,
        property: Property<'s>,
        depth: u32,
    ) -> Rendered {
        let accessor = match property {
            Property::Data(value) => return self.nested(scope, value, depth),
            Property::Accessor { get, set } if get.is_undefined() && set.is_undefined() => {
                "undefined"
            }
            Property::Accessor { get, .. } if get.is_undefined() => "[Setter]",
            Property::Accessor { set, .. } if set.is_undefined() => "[Getter]",
            Property::Accessor { .. } => "[Getter/Setter]",
        };
        Rendered::flat(self.paint(Style::Special, accessor.to_owned()))
    }

    fn key_text(
        &self,
        scope: &mut Scope<'s, '_>,
        key: v8::Local<'s, v8::Name>,
        hidden: bool,
    ) -> String {
        if let Ok(symbol) = v8::Local::<v8::Symbol>::try_from(key) {
            let text = primitive::symbol_text(scope, symbol);
            return format!("[{}]", self.paint(Style::Symbol, text));
        }
        let Ok(string) = v8::Local::<v8::String>::try_from(key) else {
            return String::new();
        };
        let (length, room) = (string.length(), self.room());
        let units = code_units(scope, string, room);
        let name = String::from_utf16_lossy(&units);
        if length > room {
            let start = self.paint(Style::String, quote(&units));
            return format!("{start}... {}", more(length - room, "character"));
        }
        if hidden {
            format!("[{name}]")
        } else if is_identifier(&name) {
            name
        } else {
            self.paint(Style::String, quote(&units))
        }
    }
}

/// Whether a name needs no quotes.
fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '$'))
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'))
}

/// The constructor of a wrapped primitive.
fn boxed_kind(value: Value) -> Option<&'static str> {
    Some(match () {
        () if value.is_string_object() => "String",
        () if value.is_number_object() => "Number",
        () if value.is_boolean_object() => "Boolean",
        () if value.is_symbol_object() => "Symbol",
        () if value.is_big_int_object() => "BigInt",
        () => return None,
    })
}

/// An own data property that holds a string.
pub(super) fn own_string<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
    max: usize,
) -> Option<String> {
    let string: v8::Local<v8::String> = own_data(scope, object, name)?.try_into().ok()?;
    Some(text(scope, string, max))
}

/// A data property that holds a string, of the object or its prototypes.
pub(super) fn inherited_string<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
    max: usize,
) -> Option<String> {
    property::chain(scope, object)
        .into_iter()
        .find_map(|object| own_string(scope, object, name, max))
}
