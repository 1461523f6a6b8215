//! Functions and indexed properties.

use v8::MapFnTo as _;
use v8::{
    Array, Boolean, FunctionCallbackArguments as Arguments, Integer, Intercepted, Local, PinScope,
    PropertyCallbackArguments, PropertyDescriptor, ReturnValue, Value,
};

use super::enter;

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

/// Gives an object a data property whose value `make` returns when it is first asked for.
pub(crate) fn lazy_property(
    scope: &mut PinScope,
    object: Local<v8::Object>,
    name: Local<v8::Name>,
    make: Local<v8::Function>,
) -> Option<bool> {
    fn get<'s>(
        scope: &mut PinScope<'s, '_>,
        _name: Local<'s, v8::Name>,
        arguments: PropertyCallbackArguments<'s>,
        mut result: ReturnValue<Value>,
    ) {
        enter(scope, |scope| {
            let make: Local<v8::Function> = arguments.data().try_into().ok()?;
            let this = v8::undefined(scope).into();
            result.set(make.call(scope, this, &[])?);
            Some(())
        });
    }
    let attributes = v8::PropertyAttribute::DONT_ENUM;
    object.set_lazy_data_property_with_data(
        scope,
        name,
        get,
        make.into(),
        attributes,
        v8::SideEffectType::HasSideEffect,
        v8::SideEffectType::HasSideEffect,
    )
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
