//! Own properties and prototypes of objects, read without running any code of the app. Not for proxies: those have traps.

use nano_engine::text::text;
use nano_webidl::{Scope, Value, internalized};

/// More properties than any of our own objects has.
pub(super) const ALL: usize = 1000;
/// Longer chains of prototypes are not looked at to the end.
const MAX_CHAIN: usize = 100;

/// An own property.
#[derive(Clone, Copy)]
pub(crate) enum Property<'s> {
    /// A value.
    Data(Value<'s>),
    /// A getter, a setter or both; `undefined` for the one that is not there.
    Accessor {
        /// The getter.
        get: Value<'s>,
        /// The setter.
        set: Value<'s>,
    },
}

impl<'s> Property<'s> {
    /// The value of a data property.
    pub(crate) fn data(self) -> Option<Value<'s>> {
        match self {
            Property::Data(value) => Some(value),
            Property::Accessor { .. } => None,
        }
    }
}

/// An own property, if it is there.
pub(crate) fn own_property<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: v8::Local<'s, v8::Name>,
) -> Option<Property<'s>> {
    // A module's binding without a value throws.
    v8::tc_scope!(let scope, scope);
    let descriptor = object.get_own_property_descriptor(scope, name)?;
    let descriptor: v8::Local<v8::Object> = descriptor.try_into().ok()?;
    // The descriptor's own properties only: what it lacks would be looked up in `Object.prototype`, which is the app's.
    let field = |name: &str| {
        let name = internalized(scope, name);
        if !descriptor.has_own_property(scope, name.into())? {
            return None;
        }
        descriptor.get(scope, name.into())
    };
    if let Some(value) = field("value") {
        return Some(Property::Data(value));
    }
    Some(Property::Accessor {
        get: field("get")?,
        set: field("set")?,
    })
}

/// An own data property by its name.
pub(super) fn own_data<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
) -> Option<Value<'s>> {
    let name = internalized(scope, name);
    // OPTIMIZATION: most objects that are asked have no such property, and this answer needs no descriptor.
    if !object.has_own_property(scope, name.into())? {
        return None;
    }
    own_property(scope, object, name.into())?.data()
}

/// Which own properties are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// All enumerable ones.
    All,
    /// Those that are no indices: indices are elements of arrays, or characters of strings.
    Named,
    /// The indices.
    Indices,
}

/// The first names of an object's own properties.
#[derive(Default)]
pub(crate) struct OwnKeys<'s> {
    /// Strings and symbols.
    pub(crate) names: Vec<v8::Local<'s, v8::Name>>,
    /// How many more there are.
    pub(crate) rest: usize,
}

/// The names of own properties, `most` of them. `hidden`: also those that are not enumerable.
pub(crate) fn own_keys<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    which: Keys,
    hidden: bool,
    most: usize,
) -> OwnKeys<'s> {
    let keys = list_keys(scope, object, which, hidden)
        // Asking a module whether a binding without a value is enumerable throws.
        .or_else(|| list_keys(scope, object, which, true));
    let Some(keys) = keys else {
        return OwnKeys::default();
    };
    let name = |index| {
        keys.get_index(scope, index)
            .and_then(|key| key.try_into().ok())
    };
    let count = keys.length() as usize;
    OwnKeys {
        names: (0..count.min(most) as u32).filter_map(name).collect(),
        rest: count.saturating_sub(most),
    }
}

fn list_keys<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    which: Keys,
    hidden: bool,
) -> Option<v8::Local<'s, v8::Array>> {
    v8::tc_scope!(let scope, scope);
    let mut filter = v8::PropertyFilter::ALL_PROPERTIES;
    if !hidden {
        filter = filter | v8::PropertyFilter::ONLY_ENUMERABLE;
    }
    let indices = match which {
        Keys::Named => v8::IndexFilter::SkipIndices,
        Keys::All | Keys::Indices => v8::IndexFilter::IncludeIndices,
    };
    if which == Keys::Indices {
        filter = filter | v8::PropertyFilter::SKIP_SYMBOLS;
    }
    let arguments = v8::GetPropertyNamesArgs {
        mode: v8::KeyCollectionMode::OwnOnly,
        property_filter: filter,
        index_filter: indices,
        key_conversion: v8::KeyConversionMode::ConvertToString,
    };
    object.get_property_names(scope, arguments)
}

/// The object and its prototypes, up to a proxy.
pub(super) fn chain<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Vec<v8::Local<'s, v8::Object>> {
    let mut chain = vec![object];
    while let Some(last) = chain.last()
        && !last.is_proxy()
        && chain.len() < MAX_CHAIN
    {
        match last
            .get_prototype(scope)
            .and_then(|prototype| prototype.try_into().ok())
        {
            Some(prototype) => chain.push(prototype),
            None => break,
        }
    }
    if chain.last().is_some_and(|last| last.is_proxy()) {
        chain.pop();
    }
    chain
}

/// The name of the object's class: that of the first `constructor` among its prototypes.
pub(super) fn class_name<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<String> {
    for object in chain(scope, object) {
        let constructor = own_data(scope, object, "constructor");
        let function = constructor.and_then(|c| v8::Local::<v8::Function>::try_from(c).ok());
        if let Some(function) = function.filter(|f| !f.is_proxy()) {
            let name = function_name(scope, function);
            if !name.is_empty() {
                return Some(name);
            }
        }
    }
    None
}

/// `Symbol.toStringTag`, where it is a value.
pub(super) fn tag<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<String> {
    let symbol: v8::Local<v8::Name> = v8::Symbol::get_to_string_tag(scope).into();
    for object in chain(scope, object) {
        if object.has_own_property(scope, symbol)? {
            let property = own_property(scope, object, symbol)?;
            let tag: v8::Local<v8::String> = property.data()?.try_into().ok()?;
            return Some(text(scope, tag, 128)).filter(|tag| !tag.is_empty());
        }
    }
    None
}

/// A function's name: its `name` property, or the one from its source.
pub(crate) fn function_name<'s>(
    scope: &mut Scope<'s, '_>,
    function: v8::Local<'s, v8::Function>,
) -> String {
    let own = own_data(scope, function.into(), "name")
        .and_then(|name| v8::Local::<v8::String>::try_from(name).ok());
    let name = own.unwrap_or_else(|| function.get_name(scope));
    text(scope, name, 128)
}
