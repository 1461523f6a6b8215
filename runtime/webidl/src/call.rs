//! Between V8 and a hand-written member: receivers, arguments, results, exceptions, panics.
//!
//! <https://webidl.spec.whatwg.org/#dfn-create-operation-function>

use nano_engine::entry;

use crate::idl::{self, FromJs, ToJs};
use crate::{Error, Fallible, PlatformObject, Ref, Scope, Value, internalized, type_error};

/// One call of a generated callback.
pub struct Call<'s> {
    arguments: v8::FunctionCallbackArguments<'s>,
    result: v8::ReturnValue<'s, v8::Value>,
}

impl<'s> Call<'s> {
    /// `this` as the interface's Rust type.
    pub fn receiver<T: PlatformObject>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, T>> {
        Ref::from_value(scope, self.arguments.this().into())
            .ok_or_else(|| type_error("Illegal invocation"))
    }

    /// Checks that `this` is the global object; V8 has put it in place of `undefined` and `null`.
    pub fn global_receiver(&self, scope: &mut Scope<'s, '_>) -> Fallible<()> {
        let global = scope.get_current_context().global(scope);
        if self.arguments.this() == global {
            Ok(())
        } else {
            Err(type_error("Illegal invocation"))
        }
    }

    /// `this` as V8 has it.
    pub fn this(&self) -> v8::Local<'s, v8::Object> {
        self.arguments.this()
    }

    /// The number of arguments given.
    pub fn length(&self) -> usize {
        usize::try_from(self.arguments.length()).unwrap_or(0)
    }

    /// The argument as it was given, `undefined` where there is none.
    pub fn raw(&self, index: usize) -> Value<'s> {
        self.arguments.get(index as i32)
    }

    /// Whether `new` was used.
    pub fn is_construct_call(&self) -> bool {
        self.arguments.is_construct_call()
    }

    /// Checks the number of arguments.
    pub fn require(&self, count: usize) -> Fallible<()> {
        let given = self.length();
        if given >= count {
            return Ok(());
        }
        let plural = if count == 1 { "" } else { "s" };
        Err(type_error(format!(
            "{count} argument{plural} required, but only {given} present."
        )))
    }

    /// A required argument.
    pub fn argument<T: FromJs>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
    ) -> Fallible<T::Native<'s>> {
        T::from_js(scope, self.raw(index))
            .map_err(|e| e.of(format_args!("parameter {}", index + 1)))
    }

    /// An optional argument without default: `None` where it is missing or `undefined`.
    pub fn optional<T: FromJs>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
    ) -> Fallible<Option<T::Native<'s>>> {
        if self.raw(index).is_undefined() {
            Ok(None)
        } else {
            self.argument::<T>(scope, index).map(Some)
        }
    }

    /// An optional argument with a default.
    pub fn optional_or<T: FromJs>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
        default: impl FnOnce() -> T::Native<'s>,
    ) -> Fallible<T::Native<'s>> {
        Ok(self.optional::<T>(scope, index)?.unwrap_or_else(default))
    }

    /// The arguments from `index` on, of a variadic argument.
    pub fn rest<T: FromJs>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
    ) -> Fallible<Vec<T::Native<'s>>> {
        (index..self.length())
            .map(|i| self.argument::<T>(scope, i))
            .collect()
    }

    /// Converts the result and returns it.
    pub fn returns<T: ToJs>(
        &mut self,
        scope: &mut Scope<'s, '_>,
        value: T::Native<'s>,
    ) -> Fallible<()> {
        let value = idl::result::<T>(scope, value)?;
        self.result.set(value);
        Ok(())
    }

    /// Returns a JavaScript value.
    pub fn returns_value(&mut self, value: Value<'s>) {
        self.result.set(value);
    }

    /// A `[Replaceable]` setter: the value becomes a property of `this` in place of the attribute.
    /// <https://webidl.spec.whatwg.org/#dfn-attribute-setter>, step 5.5.
    pub fn replace(&self, scope: &mut Scope<'s, '_>, name: &'static str) -> Fallible<()> {
        let key = internalized(scope, name);
        // CreateDataPropertyOrThrow(jsValue, id, V)
        let created = self
            .this()
            .create_data_property(scope, key.into(), self.raw(0));
        if created.ok_or(Error::Thrown)? {
            Ok(())
        } else {
            Err(type_error("the property cannot be replaced."))
        }
    }

    /// A `[PutForwards]` setter: writes `forward` of the object that the attribute holds.
    /// <https://webidl.spec.whatwg.org/#dfn-attribute-setter>, step 5.8.
    pub fn put_forwards(
        &self,
        scope: &mut Scope<'s, '_>,
        name: &'static str,
        forward: &'static str,
    ) -> Fallible<()> {
        // Let Q be ? Get(jsValue, id). If Q is not an Object, then throw a TypeError.
        let key = internalized(scope, name);
        let held = self.this().get(scope, key.into()).ok_or(Error::Thrown)?;
        let held: v8::Local<v8::Object> = held
            .try_into()
            .map_err(|_| type_error("its value is not an object."))?;
        // Perform ? Set(Q, forwardId, V, false).
        let forward = internalized(scope, forward);
        held.set(scope, forward.into(), self.raw(0))
            .ok_or(Error::Thrown)?;
        Ok(())
    }

    /// A `[SameObject]` getter: makes the value at first, and keeps it with `this` from then on.
    pub fn same_object<T: ToJs>(
        &mut self,
        scope: &mut Scope<'s, '_>,
        key: &'static str,
        make: impl FnOnce(&mut Scope<'s, '_>) -> Fallible<T::Native<'s>>,
    ) -> Fallible<()> {
        let this = self.this();
        let name = internalized(scope, key);
        let slot = v8::Private::for_api(scope, Some(name));
        let mut value = this.get_private(scope, slot).ok_or(Error::Thrown)?;
        if value.is_undefined() {
            let native = make(scope)?;
            value = idl::result::<T>(scope, native)?;
            this.set_private(scope, slot, value);
        }
        self.result.set(value);
        Ok(())
    }
}

/// Runs a member that throws its errors. `context` is what messages begin with: `Failed to execute 'append' on 'Headers'`.
///
/// # Safety
/// `info` must be what V8 gave to the callback that calls this.
pub unsafe fn member(
    info: *const v8::FunctionCallbackInfo,
    context: &str,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, &mut Call<'s>) -> Fallible<()>,
) {
    // SAFETY: the caller passes V8's pointer on.
    unsafe {
        entry::function(info, |scope, arguments, result| {
            let mut call = Call { arguments, result };
            if let Err(error) = body(scope, &mut call) {
                error.in_context(context).throw(scope);
            }
        });
    }
}

/// Runs a member whose type is a promise: its errors, those of its conversions included, become a rejected promise.
///
/// # Safety
/// As for [`member`].
pub unsafe fn promise_member(
    info: *const v8::FunctionCallbackInfo,
    context: &str,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, &mut Call<'s>) -> Fallible<()>,
) {
    // SAFETY: the caller passes V8's pointer on.
    unsafe {
        entry::function(info, |scope, arguments, result| {
            let mut call = Call { arguments, result };
            v8::tc_scope!(let scope, scope);
            // What panics rejects the promise, too.
            let outcome = entry::catch(|| body(scope, &mut call))
                .unwrap_or_else(|panicked| Err(type_error(panicked.to_string())));
            let Err(error) = outcome else { return };
            let exception = match error.in_context(context).to_exception(scope) {
                Some(exception) => exception,
                // Termination is not an exception: it passes on to whoever ordered it.
                None if scope.has_terminated() => return,
                None => scope
                    .exception()
                    .unwrap_or_else(|| v8::undefined(scope).into()),
            };
            scope.reset();
            if let Some(resolver) = v8::PromiseResolver::new(scope) {
                resolver.reject(scope, exception);
                call.result.set(resolver.get_promise(scope).into());
            }
        });
    }
}

/// No overload takes such arguments, <https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>.
pub fn no_overload() -> Error {
    type_error("Overload resolution failed.")
}
