//! Sequences, frozen arrays and records.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash, RandomState};
use std::marker::PhantomData;

use nano_engine::{State, external_memory};

use super::{FromJs, Idl, ToJs};
use crate::{Error, Fallible, Scope, Value, internalized, type_error};

/// `sequence<T>`, <https://webidl.spec.whatwg.org/#js-sequence>.
pub struct Sequence<T>(PhantomData<T>);

impl<T: Idl> Idl for Sequence<T> {
    type Native<'s> = Vec<T::Native<'s>>;
}

impl<T: FromJs> FromJs for Sequence<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Vec<T::Native<'s>>> {
        let object: v8::Local<v8::Object> = value
            .try_into()
            .map_err(|_| type_error("is not a sequence."))?;
        match iterator_method(scope, object)? {
            Some(method) => Self::from_iterator(scope, object, method),
            None => Err(type_error("is not a sequence.")),
        }
    }
}

impl<T: FromJs> Sequence<T> {
    /// <https://webidl.spec.whatwg.org/#create-sequence-from-iterable>
    pub fn from_iterator<'s>(
        scope: &mut Scope<'s, '_>,
        iterable: v8::Local<'s, v8::Object>,
        method: v8::Local<'s, v8::Function>,
    ) -> Fallible<Vec<T::Native<'s>>> {
        let iterator = method
            .call(scope, iterable.into(), &[])
            .ok_or(Error::Thrown)?;
        let iterator: v8::Local<v8::Object> = iterator
            .try_into()
            .map_err(|_| type_error("has an iterator method whose result is not an object."))?;
        let (next, done, value) = (
            internalized(scope, "next"),
            internalized(scope, "done"),
            internalized(scope, "value"),
        );
        let next = iterator.get(scope, next.into()).ok_or(Error::Thrown)?;
        let next: v8::Local<v8::Function> = next
            .try_into()
            .map_err(|_| type_error("has an iterator whose 'next' is not a function."))?;
        let mut items = Vec::new();
        loop {
            let step = next
                .call(scope, iterator.into(), &[])
                .ok_or(Error::Thrown)?;
            let step: v8::Local<v8::Object> = step
                .try_into()
                .map_err(|_| type_error("has an iterator whose result is not an object."))?;
            if step
                .get(scope, done.into())
                .ok_or(Error::Thrown)?
                .boolean_value(scope)
            {
                return Ok(items);
            }
            let item = step.get(scope, value.into()).ok_or(Error::Thrown)?;
            items.push(
                T::from_js(scope, item)
                    .map_err(|e| e.of(format_args!("element {}", items.len())))?,
            );
            item_converted::<T::Native<'s>>(scope)?;
        }
    }
}

impl<T: ToJs> ToJs for Sequence<T> {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, items: Vec<T::Native<'s>>) -> Fallible<Value<'s>> {
        Ok(array::<T>(scope, items)?.into())
    }

    fn held(items: &Vec<T::Native<'_>>) -> usize {
        held_by_list::<T>(items)
    }
}

fn held_by_list<T: ToJs>(items: &[T::Native<'_>]) -> usize {
    size_of_val(items) + items.iter().map(T::held).sum::<usize>()
}

fn array<'s, T: ToJs>(
    scope: &mut Scope<'s, '_>,
    items: Vec<T::Native<'s>>,
) -> Fallible<v8::Local<'s, v8::Array>> {
    let items = items
        .into_iter()
        .map(|item| T::to_js(scope, item))
        .collect::<Fallible<Vec<_>>>()?;
    Ok(v8::Array::new_with_elements(scope, &items))
}

/// `FrozenArray<T>`, <https://webidl.spec.whatwg.org/#js-frozen-array>.
pub struct FrozenArray<T>(PhantomData<T>);

impl<T: Idl> Idl for FrozenArray<T> {
    type Native<'s> = Vec<T::Native<'s>>;
}

impl<T: FromJs> FromJs for FrozenArray<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Vec<T::Native<'s>>> {
        Sequence::<T>::from_js(scope, value)
    }
}

impl<T: ToJs> ToJs for FrozenArray<T> {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, items: Vec<T::Native<'s>>) -> Fallible<Value<'s>> {
        let array = array::<T>(scope, items)?;
        array
            .set_integrity_level(scope, v8::IntegrityLevel::Frozen)
            .ok_or(Error::Thrown)?;
        Ok(array.into())
    }

    fn held(items: &Vec<T::Native<'_>>) -> usize {
        held_by_list::<T>(items)
    }
}

/// `record<K, V>`, <https://webidl.spec.whatwg.org/#js-record>.
pub struct Record<K, V>(PhantomData<(K, V)>);

impl<K: Idl, V: Idl> Idl for Record<K, V> {
    type Native<'s> = Vec<(K::Native<'s>, V::Native<'s>)>;
}

impl<K: FromJs, V: FromJs> FromJs for Record<K, V>
where
    for<'s> K::Native<'s>: Hash + Eq,
{
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Self::Native<'s>> {
        // 1. If V is not an Object, then throw a TypeError.
        let object: v8::Local<v8::Object> = value
            .try_into()
            .map_err(|_| type_error("is not an object."))?;
        // 3. Let keys be ? O.[[OwnPropertyKeys]]().
        let arguments = v8::GetPropertyNamesArgs {
            mode: v8::KeyCollectionMode::OwnOnly,
            property_filter: v8::PropertyFilter::ALL_PROPERTIES,
            index_filter: v8::IndexFilter::IncludeIndices,
            key_conversion: v8::KeyConversionMode::ConvertToString,
        };
        let keys = object
            .get_own_property_names(scope, arguments)
            .ok_or(Error::Thrown)?;
        let mut result: Self::Native<'s> = Vec::new();
        let mut places = Places::default();
        // 4. For each key of keys:
        for index in 0..keys.length() {
            let key = keys.get_index(scope, index).ok_or(Error::Thrown)?;
            let property: v8::Local<v8::Name> = key
                .try_into()
                .map_err(|_| type_error("has a key that is no name."))?;
            // 4.1 to 4.2: only properties that are there and enumerable.
            if !is_enumerable_own(scope, object, property)? {
                continue;
            }
            let typed_key = K::from_js(scope, key).map_err(|e| e.of("key"))?;
            let value = object.get(scope, key).ok_or(Error::Thrown)?;
            let typed_value = V::from_js(scope, value).map_err(|e| e.of("value"))?;
            // 4.2.4: a key that converts to one that is there already replaces its value.
            match places.find(&result, &typed_key) {
                Some(place) => result[place].1 = typed_value,
                None => result.push((typed_key, typed_value)),
            }
            item_converted::<(K::Native<'s>, V::Native<'s>)>(scope)?;
        }
        Ok(result)
    }
}

/// Finds keys among a record's entries: a few by looking at each, more by their hashes.
#[derive(Default)]
struct Places {
    hasher: RandomState,
    by_hash: HashMap<u64, usize>,
}

impl Places {
    /// The key's place. One that is not there is the next to be appended.
    fn find<K: Hash + Eq, V>(&mut self, entries: &[(K, V)], key: &K) -> Option<usize> {
        const FEW: usize = 16;
        let among = || entries.iter().position(|(other, _)| other == key);
        if entries.len() < FEW {
            return among();
        }
        if self.by_hash.is_empty() {
            let hashes = entries.iter().map(|(key, _)| self.hasher.hash_one(key));
            self.by_hash = hashes.zip(0..).collect();
        }
        match self.by_hash.entry(self.hasher.hash_one(key)) {
            Entry::Vacant(vacant) => {
                vacant.insert(entries.len());
                None
            }
            Entry::Occupied(place) if entries[*place.get()].0 == *key => Some(*place.get()),
            // Another key with the same hash, which nobody can find on purpose.
            Entry::Occupied(_) => among(),
        }
    }
}

/// Notes that one more item was made, which may be one of endlessly many; what strings in it take has been noted already.
///
/// # Errors
/// The isolate must end: an iterator of V8's own would not stop the loop.
fn item_converted<T>(scope: &mut Scope) -> Fallible<()> {
    /// The handles to the iterator's result and what was read from it live as long as the call.
    const HANDLES: usize = 4 * size_of::<usize>();
    external_memory::converted(scope, HANDLES + size_of::<T>());
    match State::from_scope(scope).is_terminated() {
        true => Err(Error::Thrown),
        false => Ok(()),
    }
}

/// Whether `key` is an own enumerable property at this moment.
fn is_enumerable_own<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: v8::Local<'s, v8::Name>,
) -> Fallible<bool> {
    if object.is_proxy() {
        let descriptor = object
            .get_own_property_descriptor(scope, key)
            .ok_or(Error::Thrown)?;
        let Ok(descriptor) = v8::Local::<v8::Object>::try_from(descriptor) else {
            return Ok(false);
        };
        let enumerable = internalized(scope, "enumerable");
        return Ok(descriptor
            .get(scope, enumerable.into())
            .ok_or(Error::Thrown)?
            .boolean_value(scope));
    }
    // OPTIMIZATION: ordinary objects answer without building a descriptor; not observable.
    if !object.has_own_property(scope, key).ok_or(Error::Thrown)? {
        return Ok(false);
    }
    let attributes = object
        .get_property_attributes(scope, key.into())
        .ok_or(Error::Thrown)?;
    Ok(!attributes.is_dont_enum())
}

impl<K: ToJs, V: ToJs> ToJs for Record<K, V> {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, entries: Self::Native<'s>) -> Fallible<Value<'s>> {
        let object = v8::Object::new(scope);
        for (key, value) in entries {
            let key: v8::Local<v8::Name> = K::to_js(scope, key)?
                .try_into()
                .map_err(|_| type_error("has a key that is no name."))?;
            let value = V::to_js(scope, value)?;
            object
                .create_data_property(scope, key, value)
                .ok_or(Error::Thrown)?;
        }
        Ok(object.into())
    }

    fn held(entries: &Self::Native<'_>) -> usize {
        let inside = entries
            .iter()
            .map(|(key, value)| K::held(key) + V::held(value));
        size_of_val(&**entries) + inside.sum::<usize>()
    }
}

/// Whether a value converts to a sequence where it could be of another type, too.
///
/// DEPARTURE: the conversion asks for the method again, which only a getter or a proxy can tell.
pub fn is_iterable<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<bool> {
    match value.try_into() {
        Ok(object) => Ok(iterator_method(scope, object)?.is_some()),
        Err(_) => Ok(false),
    }
}

/// `? GetMethod(object, %Symbol.iterator%)`
pub fn iterator_method<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Fallible<Option<v8::Local<'s, v8::Function>>> {
    let symbol = v8::Symbol::get_iterator(scope);
    let method = object.get(scope, symbol.into()).ok_or(Error::Thrown)?;
    if method.is_null_or_undefined() {
        return Ok(None);
    }
    method
        .try_into()
        .map(Some)
        .map_err(|_| type_error("has an iterator method that is not a function."))
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn keys_are_found_among_few_and_many() {
        let mut places = Places::default();
        let mut entries = Vec::new();
        // Every key comes twice, and replaces itself.
        for round in 0..2 {
            for key in 0..100 {
                match places.find(&entries, &key) {
                    None => entries.push((key, round)),
                    Some(place) => {
                        assert_eq!(entries[place].0, key);
                        entries[place].1 = round;
                    }
                }
            }
        }
        assert_eq!(entries, (0..100).map(|key| (key, 1)).collect::<Vec<_>>());
    }
}
