//! Functions and indexed properties.

use std::cell::Cell;
use std::ffi::c_void;

use v8::MapFnTo as _;
use v8::{
    Array, Boolean, FunctionCallbackArguments as Arguments, Integer, Intercepted, Local, PinScope,
    PropertyCallbackArguments, PropertyDescriptor, ReturnValue, Value,
};

use super::{Panicked, enter, throw};
use crate::state::State;

/// Runs the body of a function. For callbacks of snapshots, which must have an address; else see [`function_builder`].
///
/// # Safety
/// `info` must be what V8 gave to the callback that calls this.
#[inline]
pub unsafe fn function(
    info: *const v8::FunctionCallbackInfo,
    body: impl for<'s, 'i> FnOnce(&mut PinScope<'s, 'i>, Arguments<'s>, ReturnValue<'s, Value>),
) {
    // SAFETY: V8's pointer is valid for the whole callback.
    let info = unsafe { &*info };
    scope!(scope, info);
    let arguments = Arguments::from_function_callback_info(info);
    let result = ReturnValue::from_function_callback_info(info);
    enter(scope, |scope| body(scope, arguments, result));
}

/// A function object to be made: `callback` is a function item, or a closure that captures nothing.
pub fn function_builder<'s, F>(callback: F) -> v8::FunctionBuilder<'s, v8::Function>
where
    F: for<'a, 'i> Fn(&mut PinScope<'a, 'i>, Arguments<'a>, ReturnValue<'a, Value>) + Copy,
{
    fn typed<F>(callback: F) -> F
    where
        F: for<'a, 'i> Fn(&mut PinScope<'a, 'i>, Arguments<'a>, ReturnValue<'a, Value>) + Copy,
    {
        callback
    }
    v8::Function::builder(typed(move |scope, arguments, result| {
        enter(scope, |scope| callback(scope, arguments, result));
    }))
}

/// Gives an object a data property that is not enumerable and whose value is made when it is first asked for: `make` returns it, or,
/// where that is no function, [`Embedding::lazy`](crate::Embedding::lazy) makes it of `make`. As long as an exception is thrown in place of a
/// value, the property stays as it is.
///
/// In a snapshot `make` must belong to no context: a number or a string.
pub fn lazy_property(
    scope: &mut PinScope,
    object: Local<v8::Object>,
    name: Local<v8::Name>,
    make: Local<Value>,
) -> Option<bool> {
    let attributes = v8::PropertyAttribute::DONT_ENUM;
    object.set_lazy_data_property_with_data(
        scope,
        name,
        make_lazy,
        make,
        attributes,
        v8::SideEffectType::HasSideEffect,
        v8::SideEffectType::HasSideEffect,
    )
}

/// What a snapshot with lazy properties refers to. It is V8's address for them only as long as nobody else makes one of `make_lazy`.
pub(crate) fn lazy_reference() -> v8::ExternalReference {
    let getter: v8::AccessorNameGetterCallback = make_lazy.map_fn_to();
    v8::ExternalReference {
        pointer: getter as *mut c_void,
    }
}

thread_local! {
    static SEARCH: Cell<Search> = const { Cell::new(Search::None) };
}

/// The search for a lazy property.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    None,
    Begun,
    Found,
}

fn make_lazy<'s>(
    scope: &mut PinScope<'s, '_>,
    name: Local<'s, v8::Name>,
    arguments: PropertyCallbackArguments<'s>,
    mut result: ReturnValue<Value>,
) {
    enter(scope, |scope| {
        if SEARCH.get() == Search::Begun {
            SEARCH.set(Search::Found);
            return throw(scope, Panicked);
        }
        let Some(value) = lazy_value(scope, arguments.data()) else {
            return;
        };
        if is_lazy(scope, arguments.holder(), name) {
            result.set(value);
        } else if let Some(text) = v8::String::new(scope, "a global changed while it was made") {
            let error = v8::Exception::type_error(scope, text);
            scope.throw_exception(error);
        }
    });
}

fn lazy_value<'s>(
    scope: &mut PinScope<'s, '_>,
    make: Local<'s, Value>,
) -> Option<Local<'s, Value>> {
    if let Ok(make) = Local::<v8::Function>::try_from(make) {
        let this = v8::undefined(scope).into();
        return make.call(scope, this, &[]);
    }
    let Some(state) = State::from_isolate(scope) else {
        panic!("the snapshot that is being baked asks for a lazy property of its own")
    };
    let lazy = state.embedding.lazy;
    lazy(scope, make)
}

/// Whether a property is lazy still. V8 puts the value that it is given in the place of the property, and ends the process if that is no
/// lazy one any more: code of an app's may have run meanwhile. To look at an own property runs none, but calls [`make_lazy`].
fn is_lazy(scope: &mut PinScope, holder: Local<v8::Object>, name: Local<v8::Name>) -> bool {
    v8::tc_scope!(let scope, scope);
    SEARCH.set(Search::Begun);
    let _ = holder.get_own_property_descriptor(scope, name);
    SEARCH.replace(Search::None) == Search::Found
}

/// The entry points of indexed properties. Each gives V8 a callback that runs `callback`, which captures nothing; after a panic it
/// has intercepted the access, with an exception.
macro_rules! indexed {
    ($($(#[$doc:meta])* $name:ident -> $raw:ident: ($($argument:ident: $type:ty),*) => $result:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name<F>(callback: F) -> v8::$raw
        where
            F: for<'a, 'i> Fn(
                    &mut PinScope<'a, 'i>,
                    u32,
                    $($type,)*
                    PropertyCallbackArguments<'a>,
                    ReturnValue<$result>,
                ) -> Intercepted
                + Copy,
        {
            fn typed<F>(callback: F) -> F
            where
                F: for<'a, 'i> Fn(
                        &mut PinScope<'a, 'i>,
                        u32,
                        $($type,)*
                        PropertyCallbackArguments<'a>,
                        ReturnValue<$result>,
                    ) -> Intercepted
                    + Copy,
            {
                callback
            }
            typed(move |scope, index, $($argument,)* arguments, result| {
                enter(scope, |scope| callback(scope, index, $($argument,)* arguments, result))
                    .unwrap_or(Intercepted::kYes)
            })
            .map_fn_to()
        }
    )*};
}

indexed! {
    /// Gives the value at an index.
    indexed_getter -> IndexedPropertyGetterCallback: () => Value;
    /// Gives the attributes of the property at an index.
    indexed_query -> IndexedPropertyQueryCallback: () => Integer;
    /// Writes at an index.
    indexed_setter -> IndexedPropertySetterCallback: (value: Local<'a, Value>) => Boolean;
    /// Defines a property at an index.
    indexed_definer -> IndexedPropertyDefinerCallback: (descriptor: &PropertyDescriptor) => Boolean;
    /// Deletes the property at an index.
    indexed_deleter -> IndexedPropertyDeleterCallback: () => Boolean;
}

/// The entry point that lists the indices.
pub fn indexed_enumerator<F>(callback: F) -> v8::IndexedPropertyEnumeratorCallback
where
    F: for<'a, 'i> Fn(&mut PinScope<'a, 'i>, PropertyCallbackArguments<'a>, ReturnValue<Array>)
        + Copy,
{
    fn typed<F>(callback: F) -> F
    where
        F: for<'a, 'i> Fn(&mut PinScope<'a, 'i>, PropertyCallbackArguments<'a>, ReturnValue<Array>)
            + Copy,
    {
        callback
    }
    typed(move |scope, arguments, result| {
        enter(scope, |scope| callback(scope, arguments, result));
    })
    .map_fn_to()
}
