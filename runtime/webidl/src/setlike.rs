//! `setlike<T>`, <https://webidl.spec.whatwg.org/#js-setlike>.

use std::marker::PhantomData;

use crate::call::Call;
use crate::idl::{Boolean, Callback, FromJs, ToJs, UnsignedLong};
use crate::iterable::Kind;
use crate::{Error, Fallible, PlatformObject, Ref, Scope, Trace, Traced, Value, script};

/// A setlike interface. Generated glue implements it by the interface's trait.
pub trait Setlike: PlatformObject {
    /// The elements' type.
    type Element: FromJs + ToJs;

    /// The object's set entries.
    fn set_entries(&self) -> &SetEntries<Self::Element>;
}

/// The [set entries](https://webidl.spec.whatwg.org/#dfn-set-entries) of an object: a JavaScript set, so that its iterators are
/// the standard's, and live. The object keeps it in a field.
///
/// A new one is empty. Elements that an object has from the start are added when the object exists, in `constructed`: before, the
/// collector does not see them.
#[derive(Trace)]
pub struct SetEntries<T> {
    set: Traced<v8::Set>,
    element: PhantomData<T>,
}

impl<T> Default for SetEntries<T> {
    fn default() -> Self {
        SetEntries {
            set: Traced::default(),
            element: PhantomData,
        }
    }
}

impl<T> SetEntries<T> {
    fn set<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Set> {
        self.set.get(scope).unwrap_or_else(|| {
            let set = v8::Set::new(scope);
            self.set.set(scope, set);
            set
        })
    }

    /// The number of elements.
    pub fn size(&self, scope: &mut Scope) -> usize {
        self.set(scope).size()
    }

    /// Removes all elements. Iterators over them go on with those that are added later.
    pub fn clear(&self, scope: &mut Scope) {
        self.set(scope).clear();
    }
}

impl<T: ToJs> SetEntries<T> {
    /// Whether the value is an element.
    pub fn has<'s>(&self, scope: &mut Scope<'s, '_>, value: T::Native<'s>) -> Fallible<bool> {
        let value = T::to_js(scope, value)?;
        self.set(scope).has(scope, value).ok_or(Error::Thrown)
    }

    /// Adds an element at the end, unless it is there. JavaScript's set makes a value that is −0 to +0.
    pub fn add<'s>(&self, scope: &mut Scope<'s, '_>, value: T::Native<'s>) -> Fallible<()> {
        let value = T::to_js(scope, value)?;
        self.set(scope).add(scope, value).ok_or(Error::Thrown)?;
        Ok(())
    }

    /// Removes an element; whether it was there.
    pub fn delete<'s>(&self, scope: &mut Scope<'s, '_>, value: T::Native<'s>) -> Fallible<bool> {
        let value = T::to_js(scope, value)?;
        self.set(scope).delete(scope, value).ok_or(Error::Thrown)
    }
}

/// The `size` getter.
pub fn size<'s, T: Setlike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let size = this.set_entries().size(scope);
    call.returns::<UnsignedLong>(scope, size.try_into().unwrap_or(u32::MAX))
}

/// `entries()`, `values()`: <https://webidl.spec.whatwg.org/#create-a-set-iterator>
pub fn iterator<'s, T: Setlike>(
    scope: &mut Scope<'s, '_>,
    call: &mut Call<'s>,
    kind: Kind,
) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let set = this.set_entries().set(scope);
    let kind = kind.name(scope);
    let iterator = script::call(scope, "createSetIterator", &[set.into(), kind])?;
    call.returns_value(iterator);
    Ok(())
}

/// `forEach(callback, thisArg)`
pub fn for_each<'s, T: Setlike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let set = this.set_entries().set(scope);
    let callback = call.argument::<Callback>(scope, 0)?.0;
    let arguments: [Value; 4] = [
        set.into(),
        callback.into(),
        call.raw(1),
        this.object().into(),
    ];
    script::call(scope, "forEachOfSet", &arguments)?;
    Ok(())
}

/// `has(value)`
pub fn has<'s, T: Setlike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let value = call.argument::<T::Element>(scope, 0)?;
    let has = this.set_entries().has(scope, value)?;
    call.returns::<Boolean>(scope, has)
}

/// `add(value)`
pub fn add<'s, T: Setlike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let value = call.argument::<T::Element>(scope, 0)?;
    this.set_entries().add(scope, value)?;
    call.returns_value(this.object().into());
    Ok(())
}

/// `delete(value)`
pub fn delete<'s, T: Setlike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let value = call.argument::<T::Element>(scope, 0)?;
    let was_there = this.set_entries().delete(scope, value)?;
    call.returns::<Boolean>(scope, was_there)
}

/// `clear()`
pub fn clear<'s, T: Setlike>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    this.set_entries().clear(scope);
    Ok(())
}
