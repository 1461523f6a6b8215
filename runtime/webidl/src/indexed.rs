//! Indexed properties that are read only, <https://webidl.spec.whatwg.org/#js-legacy-platform-objects>.
//!
//! Nothing can be written, defined or deleted at an array index of such an object: there are no indexed setters and deleters.

use nano_engine::entry;

use crate::idl::{self, ToJs};
use crate::object::head;
use crate::{Fallible, PlatformObject, Scope, Value};

/// An interface with an indexed getter. Generated glue implements it by the interface's trait.
pub trait Indexed: PlatformObject {
    /// The type of the values.
    type Value: ToJs;

    /// The number of [supported property indices](https://webidl.spec.whatwg.org/#dfn-supported-property-indices), which are those
    /// from 0 on.
    fn supported_property_indices(&self) -> u32;

    /// The value at a supported property index.
    fn indexed_value<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: u32,
    ) -> Fallible<<Self::Value as crate::idl::Idl>::Native<'s>>;
}

/// V8's entry points for the indexed properties of an interface's objects.
pub struct Handler {
    getter: v8::IndexedPropertyGetterCallback,
    setter: v8::IndexedPropertySetterCallback,
    query: v8::IndexedPropertyQueryCallback,
    deleter: v8::IndexedPropertyDeleterCallback,
    enumerator: v8::IndexedPropertyEnumeratorCallback,
    definer: v8::IndexedPropertyDefinerCallback,
}

impl Handler {
    /// The entry points for an interface.
    pub fn of<T: Indexed>() -> Handler {
        Handler {
            getter: entry::indexed_getter(get::<T>),
            setter: entry::indexed_setter(refuse_to_set),
            query: entry::indexed_query(query::<T>),
            deleter: entry::indexed_deleter(delete::<T>),
            enumerator: entry::indexed_enumerator(enumerate::<T>),
            definer: entry::indexed_definer(refuse_to_define),
        }
    }

    /// What a snapshot must know of it.
    pub(crate) fn external_references(&self) -> [v8::ExternalReference; 6] {
        [
            v8::ExternalReference {
                indexed_getter: self.getter,
            },
            v8::ExternalReference {
                indexed_setter: self.setter,
            },
            v8::ExternalReference {
                indexed_query: self.query,
            },
            v8::ExternalReference {
                indexed_deleter: self.deleter,
            },
            v8::ExternalReference {
                enumerator: self.enumerator,
            },
            v8::ExternalReference {
                indexed_definer: self.definer,
            },
        ]
    }

    /// Gives the objects that the template makes their indexed properties.
    pub(crate) fn install(&self, instances: v8::Local<v8::ObjectTemplate>) {
        let configuration = v8::IndexedPropertyHandlerConfiguration::new()
            .getter_raw(self.getter)
            .setter_raw(self.setter)
            .query_raw(self.query)
            .deleter_raw(self.deleter)
            .enumerator_raw(self.enumerator)
            .definer_raw(self.definer);
        instances.set_indexed_property_handler(configuration);
    }
}

/// The number of supported property indices.
fn count<'s, T: Indexed>(
    scope: &mut Scope<'s, '_>,
    arguments: &v8::PropertyCallbackArguments<'s>,
) -> u32 {
    holder::<T>(scope, arguments).map_or(0, Indexed::supported_property_indices)
}

/// The object with the properties: the receiver, or a prototype of it.
fn holder<'s, T: Indexed>(
    scope: &mut Scope<'s, '_>,
    arguments: &v8::PropertyCallbackArguments<'s>,
) -> Option<&'s T> {
    T::from_head(head(scope, arguments.holder())?)
}

/// <https://webidl.spec.whatwg.org/#LegacyPlatformObjectGetOwnProperty>, the value
fn get<'s, T: Indexed>(
    scope: &mut v8::PinScope<'s, '_>,
    index: u32,
    arguments: v8::PropertyCallbackArguments<'s>,
    mut result: v8::ReturnValue<v8::Value>,
) -> v8::Intercepted {
    let Some(this) = holder::<T>(scope, &arguments) else {
        return v8::Intercepted::kNo;
    };
    if index >= count::<T>(scope, &arguments) {
        return v8::Intercepted::kNo;
    }
    let value = this
        .indexed_value(scope, index)
        .and_then(|value| idl::result::<T::Value>(scope, value));
    match value {
        Ok(value) => result.set(value),
        Err(error) => error
            .in_context(&format!(
                "Failed to read an indexed property from '{}'",
                T::NAME
            ))
            .throw(scope),
    }
    v8::Intercepted::kYes
}

/// The same, the attributes: not writable, but enumerable and configurable.
fn query<'s, T: Indexed>(
    scope: &mut v8::PinScope<'s, '_>,
    index: u32,
    arguments: v8::PropertyCallbackArguments<'s>,
    mut result: v8::ReturnValue<v8::Integer>,
) -> v8::Intercepted {
    if index >= count::<T>(scope, &arguments) {
        return v8::Intercepted::kNo;
    }
    result.set_uint32(v8::PropertyAttribute::READ_ONLY.as_u32());
    v8::Intercepted::kYes
}

/// <https://webidl.spec.whatwg.org/#legacy-platform-object-set>: without an indexed setter, no index can be written. Those
/// that are not supported cannot either, because they cannot be defined.
fn refuse_to_set<'s>(
    _: &mut v8::PinScope<'s, '_>,
    _: u32,
    _: v8::Local<'s, v8::Value>,
    _: v8::PropertyCallbackArguments<'s>,
    mut result: v8::ReturnValue<v8::Boolean>,
) -> v8::Intercepted {
    result.set_bool(false);
    v8::Intercepted::kYes
}

/// <https://webidl.spec.whatwg.org/#legacy-platform-object-defineownproperty>, step 1.1.2
fn refuse_to_define<'s>(
    _: &mut v8::PinScope<'s, '_>,
    _: u32,
    _: &v8::PropertyDescriptor,
    _: v8::PropertyCallbackArguments<'s>,
    mut result: v8::ReturnValue<v8::Boolean>,
) -> v8::Intercepted {
    result.set_bool(false);
    v8::Intercepted::kYes
}

/// <https://webidl.spec.whatwg.org/#legacy-platform-object-delete>, step 1
fn delete<'s, T: Indexed>(
    scope: &mut v8::PinScope<'s, '_>,
    index: u32,
    arguments: v8::PropertyCallbackArguments<'s>,
    mut result: v8::ReturnValue<v8::Boolean>,
) -> v8::Intercepted {
    result.set_bool(index >= count::<T>(scope, &arguments));
    v8::Intercepted::kYes
}

/// <https://webidl.spec.whatwg.org/#legacy-platform-object-ownpropertykeys>, step 2
fn enumerate<'s, T: Indexed>(
    scope: &mut v8::PinScope<'s, '_>,
    arguments: v8::PropertyCallbackArguments<'s>,
    mut result: v8::ReturnValue<v8::Array>,
) {
    let indices: Vec<Value> = (0..count::<T>(scope, &arguments))
        .map(|index| v8::Integer::new_from_unsigned(scope, index).into())
        .collect();
    let indices = v8::Array::new_with_elements(scope, &indices);
    result.set(indices);
}
