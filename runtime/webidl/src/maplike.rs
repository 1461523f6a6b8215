//! `maplike<K, V>`, <https://webidl.spec.whatwg.org/#js-maplike>.

use std::marker::PhantomData;

use crate::call::Call;
use crate::idl::{Any, Boolean, Callback, FromJs, Idl, ToJs, UnsignedLong};
use crate::iterable::Kind;
use crate::{Error, Fallible, PlatformObject, Ref, Scope, Trace, Traced, Value, script};

/// A maplike interface. Generated glue implements it by the interface's trait.
pub trait Maplike: PlatformObject {
    /// The keys' type.
    type Key: FromJs + ToJs;
    /// The values' type.
    type Value: FromJs + ToJs;

    /// The object's map entries.
    fn map_entries(&self) -> &MapEntries<Self::Key, Self::Value>;
}

/// The [map entries](https://webidl.spec.whatwg.org/#dfn-map-entries) of an object: a JavaScript map, so that its iterators are
/// the standard's, and live. The object keeps it in a field.
///
/// A new one is empty. Entries that an object has from the start are set when the object exists, in `constructed`: before, the
/// collector does not see them.
#[derive(Trace)]
pub struct MapEntries<K, V> {
    map: Traced<v8::Map>,
    types: PhantomData<(K, V)>,
}

impl<K, V> Default for MapEntries<K, V> {
    fn default() -> Self {
        MapEntries {
            map: Traced::default(),
            types: PhantomData,
        }
    }
}

impl<K, V> MapEntries<K, V> {
    fn map<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Map> {
        self.map.get(scope).unwrap_or_else(|| {
            let map = v8::Map::new(scope);
            self.map.set(scope, map);
            map
        })
    }

    /// The number of entries.
    pub fn size(&self, scope: &mut Scope) -> usize {
        self.map(scope).size()
    }

    /// Removes all entries. Iterators over them go on with those that are set later.
    pub fn clear(&self, scope: &mut Scope) {
        self.map(scope).clear();
    }
}

impl<K: ToJs, V: Idl> MapEntries<K, V> {
    /// Whether there is an entry with this key.
    pub fn has<'s>(&self, scope: &mut Scope<'s, '_>, key: K::Native<'s>) -> Fallible<bool> {
        let key = K::to_js(scope, key)?;
        self.map(scope).has(scope, key).ok_or(Error::Thrown)
    }

    /// The value of this key.
    pub fn get<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        key: K::Native<'s>,
    ) -> Fallible<Option<V::Native<'s>>>
    where
        V: FromJs,
    {
        let key = K::to_js(scope, key)?;
        let map = self.map(scope);
        if !map.has(scope, key).ok_or(Error::Thrown)? {
            return Ok(None);
        }
        let value = map.get(scope, key).ok_or(Error::Thrown)?;
        V::from_js(scope, value).map(Some)
    }

    /// Gives the key this value. An entry that is there keeps its place. JavaScript's map makes a key that is −0 to +0.
    pub fn set<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        key: K::Native<'s>,
        value: V::Native<'s>,
    ) -> Fallible<()>
    where
        V: ToJs,
    {
        let key = K::to_js(scope, key)?;
        let value = V::to_js(scope, value)?;
        self.map(scope)
            .set(scope, key, value)
            .ok_or(Error::Thrown)?;
        Ok(())
    }

    /// Removes the entry with this key; whether there was one.
    pub fn delete<'s>(&self, scope: &mut Scope<'s, '_>, key: K::Native<'s>) -> Fallible<bool> {
        let key = K::to_js(scope, key)?;
        self.map(scope).delete(scope, key).ok_or(Error::Thrown)
    }
}

/// The `size` getter.
pub fn size<'s, T: Maplike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let size = this.map_entries().size(scope);
    call.returns::<UnsignedLong>(scope, size.try_into().unwrap_or(u32::MAX))
}

/// `entries()`, `keys()`, `values()`: <https://webidl.spec.whatwg.org/#create-a-map-iterator>
pub fn iterator<'s, T: Maplike>(
    scope: &mut Scope<'s, '_>,
    call: &mut Call<'s>,
    kind: Kind,
) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let map = this.map_entries().map(scope);
    let kind = kind.name(scope);
    let iterator = script::call(scope, "createMapIterator", &[map.into(), kind])?;
    call.returns_value(iterator);
    Ok(())
}

/// `forEach(callback, thisArg)`
pub fn for_each<'s, T: Maplike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let map = this.map_entries().map(scope);
    let callback = call.argument::<Callback>(scope, 0)?.0;
    let arguments: [Value; 4] = [
        map.into(),
        callback.into(),
        call.raw(1),
        this.object().into(),
    ];
    script::call(scope, "forEachOfMap", &arguments)?;
    Ok(())
}

/// `get(key)`
pub fn get<'s, T: Maplike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let key = call.argument::<T::Key>(scope, 0)?;
    let key = T::Key::to_js(scope, key)?;
    let map = this.map_entries().map(scope);
    let value = map.get(scope, key).ok_or(Error::Thrown)?;
    call.returns::<Any>(scope, value)
}

/// `has(key)`
pub fn has<'s, T: Maplike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let key = call.argument::<T::Key>(scope, 0)?;
    let has = this.map_entries().has(scope, key)?;
    call.returns::<Boolean>(scope, has)
}

/// `set(key, value)`
pub fn set<'s, T: Maplike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let key = call.argument::<T::Key>(scope, 0)?;
    let value = call.argument::<T::Value>(scope, 1)?;
    this.map_entries().set(scope, key, value)?;
    call.returns_value(this.object().into());
    Ok(())
}

/// `delete(key)`
pub fn delete<'s, T: Maplike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let key = call.argument::<T::Key>(scope, 0)?;
    let was_there = this.map_entries().delete(scope, key)?;
    call.returns::<Boolean>(scope, was_there)
}

/// `clear()`
pub fn clear<'s, T: Maplike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    this.map_entries().clear(scope);
    Ok(())
}
