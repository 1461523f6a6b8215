//! Default iterators of `iterable<K, V>`, <https://webidl.spec.whatwg.org/#js-default-iterator-object>.

use std::cell::Cell;

use crate::call::Call;
use crate::idl::{self, CallbackFunction, ToJs};
use crate::object::Head;
use crate::{Error, Fallible, PlatformObject, Ref, Scope, Trace, Value, internalized, type_error};

/// An interface with value pairs to iterate over. Generated glue implements it by the interface's trait.
pub trait PairIterable: PlatformObject {
    /// The keys' type.
    type Key: ToJs;
    /// The values' type.
    type Value: ToJs;
    /// The kind of the interface's iterator objects.
    const ITERATOR_KIND: u16;
    /// The iterators' class string.
    const ITERATOR_NAME: &'static str;

    /// The pair at this index of the list as it is now.
    ///
    /// # Errors
    /// There is no room for a copy of it.
    fn pair_at<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
    ) -> Fallible<Option<Pair<'s, Self>>>;
}

/// A key and its value.
pub type Pair<'s, T> = (
    <<T as PairIterable>::Key as crate::idl::Idl>::Native<'s>,
    <<T as PairIterable>::Value as crate::idl::Idl>::Native<'s>,
);

/// What an iterator gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keys.
    Keys,
    /// Values.
    Values,
    /// Arrays of both.
    Entries,
}

impl Kind {
    /// The standard's word for it.
    pub(crate) fn name<'s>(self, scope: &mut Scope<'s, '_>) -> Value<'s> {
        let name = match self {
            Kind::Keys => "key",
            Kind::Values => "value",
            Kind::Entries => "key+value",
        };
        internalized(scope, name).into()
    }
}

/// A default iterator object.
#[derive(Trace)]
pub struct PairIterator<T> {
    target: v8::TracedReference<v8::Object>,
    index: Cell<usize>,
    #[untraced]
    kind: Kind,
    interface: std::marker::PhantomData<T>,
}

impl<T: PairIterable> PlatformObject for PairIterator<T> {
    const NAME: &'static str = T::ITERATOR_NAME;
    const KIND: u16 = T::ITERATOR_KIND;

    fn from_head(head: &Head) -> Option<&Self> {
        head.exactly()
    }
}

/// `entries()`, `keys()`, `values()`
pub fn create<'s, T: PairIterable>(
    scope: &mut Scope<'s, '_>,
    call: &mut Call<'s>,
    kind: Kind,
) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    let target = v8::TracedReference::new(scope, this.object());
    let iterator: PairIterator<T> = PairIterator {
        target,
        index: Cell::new(0),
        kind,
        interface: std::marker::PhantomData,
    };
    let iterator = Ref::new(scope, iterator);
    call.returns_value(iterator.object().into());
    Ok(())
}

/// `next()` of the iterator
pub fn next<'s, T: PairIterable>(scope: &mut Scope<'s, '_>, call: &mut Call<'s>) -> Fallible<()> {
    let this: Ref<PairIterator<T>> = call.receiver(scope)?;
    let target = this.target.get(scope);
    // A live iterator keeps its target, which `create` took of a `Ref` of the interface.
    let target = target.and_then(|target| Ref::<T>::from_value(scope, target.into()));
    let index = this.index.get();
    let pair = match target {
        Some(target) => target.pair_at(scope, index)?,
        None => None,
    };
    let result = match pair {
        None => result_object(scope, v8::undefined(scope).into(), true)?,
        Some((key, value)) => {
            this.index.set(index + 1);
            let item = match this.kind {
                Kind::Keys => idl::result::<T::Key>(scope, key)?,
                Kind::Values => idl::result::<T::Value>(scope, value)?,
                Kind::Entries => {
                    let pair = pair_to_js::<T>(scope, key, value)?;
                    v8::Array::new_with_elements(scope, &pair).into()
                }
            };
            result_object(scope, item, false)?
        }
    };
    call.returns_value(result);
    Ok(())
}

/// `forEach(callback, thisArg)`, <https://webidl.spec.whatwg.org/#js-forEach>
pub fn for_each<'s, T: PairIterable>(
    scope: &mut Scope<'s, '_>,
    call: &mut Call<'s>,
) -> Fallible<()> {
    let this: Ref<T> = call.receiver(scope)?;
    call.require(1)?;
    let callback: CallbackFunction = call.argument::<crate::idl::Callback>(scope, 0)?;
    let this_arg = call.raw(1);
    let mut index = 0;
    while let Some((key, value)) = this.pair_at(scope, index)? {
        let [key, value] = pair_to_js::<T>(scope, key, value)?;
        callback.invoke(scope, this_arg, &[value, key, this.object().into()])?;
        index += 1;
    }
    Ok(())
}

fn pair_to_js<'s, T: PairIterable>(
    scope: &mut Scope<'s, '_>,
    key: <T::Key as idl::Idl>::Native<'s>,
    value: <T::Value as idl::Idl>::Native<'s>,
) -> Fallible<[Value<'s>; 2]> {
    Ok([
        idl::result::<T::Key>(scope, key)?,
        idl::result::<T::Value>(scope, value)?,
    ])
}

fn result_object<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    done: bool,
) -> Fallible<Value<'s>> {
    let object = v8::Object::new(scope);
    let (value_key, done_key) = (
        v8::String::new(scope, "value"),
        v8::String::new(scope, "done"),
    );
    let (Some(value_key), Some(done_key)) = (value_key, done_key) else {
        return Err(type_error("out of memory"));
    };
    let done = v8::Boolean::new(scope, done);
    object
        .create_data_property(scope, value_key.into(), value)
        .ok_or(Error::Thrown)?;
    object
        .create_data_property(scope, done_key.into(), done.into())
        .ok_or(Error::Thrown)?;
    Ok(object.into())
}
