//! Objects of Web APIs: `Headers`, `Request`, `Blob`, `Event` and the rest print with their attributes.
//!
//! An app can put getters of its own on our prototypes. Native attributes are therefore read by the callbacks in the tables of the
//! IDL; those of built-in scripts by getters that come out of the script that was baked into the snapshot.

use nano_webidl::interface::{Interface, InterfaceKind, Member, Placement};
use nano_webidl::object::head;
use nano_webidl::{Realm, Scope, Value, script};

use super::Inspector;
use super::layout::Parts;
use super::property::{ALL, Keys, Property, chain, own_data, own_keys, own_property};
use crate::bindings::TABLES;

/// Attributes that are not read: a stream, made by being asked for.
const UNREAD: &[&str] = &["body"];

impl<'s> Inspector<'_, 's> {
    /// `URL { href: … }`, `Headers { 'a' => 'b' }`; `None` for an object of the language or the app.
    pub(super) fn platform_object(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Option<Parts> {
        let native = native_interface(scope, object);
        if native.is_none() && script_interface(scope, object).is_none() {
            return None;
        }
        let mut parts =
            Parts::named(self.header(scope, object, native.map_or("Object", |i| i.name), None));
        if let Some((pairs, more)) =
            native.and_then(|interface| self.pairs(scope, object, interface))
        {
            for (key, value) in pairs {
                let key = self.nested(scope, key, depth);
                let value = self.nested(scope, value, depth);
                parts.push(&format!("{} => ", key.text), value);
            }
            if more {
                parts.entries.push("... more items".to_owned());
            }
            return Some(parts);
        }
        for (name, value) in attributes(scope, object) {
            // Event handlers that nobody set are noise.
            if name.starts_with("on") && value.is_null() {
                continue;
            }
            let value = self.nested(scope, value, depth);
            parts.push(&format!("{name}: "), value);
        }
        Some(parts)
    }

    /// The pairs of an `iterable<K, V>`, and whether there are more than are shown.
    fn pairs(
        &self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        interface: &'static Interface,
    ) -> Option<(Vec<(Value<'s>, Value<'s>)>, bool)> {
        let of = interface.members.iter().find_map(|m| match m {
            Member::Iterator { of } => Some(*of),
            _ => None,
        })?;
        let iterator: v8::Local<v8::Object> = call_operation(scope, object, interface, of)?
            .try_into()
            .ok()?;
        let iterator_interface = native_interface(scope, iterator)?;
        let mut pairs = Vec::new();
        loop {
            let step: v8::Local<v8::Object> =
                call_operation(scope, iterator, iterator_interface, "next")?
                    .try_into()
                    .ok()?;
            if own_data(scope, step, "done")?.is_true() {
                return Some((pairs, false));
            }
            if pairs.len() == self.options.max_entries {
                return Some((pairs, true));
            }
            let pair: v8::Local<v8::Array> = own_data(scope, step, "value")?.try_into().ok()?;
            pairs.push((pair.get_index(scope, 0)?, pair.get_index(scope, 1)?));
        }
    }
}

/// The attributes of a platform object, those of parent interfaces first.
pub(super) fn attributes<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Vec<(String, Value<'s>)> {
    match native_interface(scope, object) {
        Some(interface) => native_attributes(scope, object, interface),
        None if script_interface(scope, object).is_some() => script_attributes(scope, object),
        None => Vec::new(),
    }
}

/// The interface of a native object.
fn native_interface<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<&'static Interface> {
    let kind = head(scope, object)?.kind();
    TABLES.interfaces.get(usize::from(kind)).copied()
}

fn native_attributes<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    interface: &'static Interface,
) -> Vec<(String, Value<'s>)> {
    let mut interfaces = vec![interface];
    while let Some(parent) = interfaces.last().and_then(|interface| interface.parent) {
        interfaces.push(TABLES.interfaces[usize::from(parent)]);
    }
    let mut attributes = Vec::new();
    for interface in interfaces.into_iter().rev() {
        if interface.kind == InterfaceKind::Iterator {
            continue;
        }
        for member in interface.members {
            let Member::Attribute {
                name,
                getter,
                placement,
                ..
            } = member
            else {
                continue;
            };
            if *placement == Placement::Static || UNREAD.contains(name) {
                continue;
            }
            if let Some(value) = call_native(scope, object, *getter) {
                attributes.push(((*name).to_owned(), value));
            }
        }
    }
    attributes
}

fn call_operation<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    interface: &'static Interface,
    operation: &str,
) -> Option<Value<'s>> {
    let callback = interface.members.iter().find_map(|member| match member {
        Member::Operation { name, callback, .. } if *name == operation => Some(*callback),
        _ => None,
    })?;
    call_native(scope, object, callback)
}

/// Calls a callback of the tables; `None` if it throws.
fn call_native<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    callback: v8::FunctionCallback,
) -> Option<Value<'s>> {
    v8::tc_scope!(let scope, scope);
    let function = v8::Function::builder_raw(callback).build(scope)?;
    function.call(scope, object.into(), &[])
}

/// The interface that a built-in script implements and that the object belongs to, if there is one.
pub(crate) fn script_interface<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<String> {
    if object.is_api_wrapper() || object.is_proxy() {
        return None;
    }
    let unwrap = Realm::script_function(scope, "unwrapScript");
    let constructor = chain(scope, object)
        .into_iter()
        .skip(1)
        .find_map(|prototype| {
            let constructor = own_data(scope, prototype, "constructor")?;
            let function: v8::Local<v8::Function> = constructor.try_into().ok()?;
            (!function.is_proxy() && function.script_id() == unwrap.script_id()).then_some(function)
        })?;
    let name = constructor.get_name(scope);
    v8::tc_scope!(let scope, scope);
    let implementation = script::call(scope, "unwrapScript", &[name.into(), object.into()]).ok()?;
    implementation
        .is_object()
        .then(|| name.to_rust_string_lossy(scope))
}

/// The values of getters from the built-in scripts.
fn script_attributes<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Vec<(String, Value<'s>)> {
    let builtin = Realm::script_function(scope, "unwrapScript").script_id();
    let mut attributes = Vec::new();
    for prototype in chain(scope, object).into_iter().skip(1).rev() {
        for name in own_keys(scope, prototype, Keys::All, false, ALL).names {
            let Some(Property::Accessor { get, .. }) = own_property(scope, prototype, name) else {
                continue;
            };
            let Ok(getter) = v8::Local::<v8::Function>::try_from(get) else {
                continue;
            };
            if getter.is_proxy() || getter.script_id() != builtin {
                continue;
            }
            let name = name.to_rust_string_lossy(scope);
            if UNREAD.contains(&name.as_str()) {
                continue;
            }
            v8::tc_scope!(let scope, scope);
            if let Some(value) = getter.call(scope, object.into(), &[]) {
                attributes.push((name, value));
            }
        }
    }
    attributes
}
