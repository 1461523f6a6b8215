//! The global object's native members, as generated from all specifications that extend it.

use nano_webidl::idl::CallbackFunction;
use nano_webidl::{Fallible, Ref, Scope, ScriptRef, Value, script};

use crate::bindings::marker;
use crate::bindings::types::{RequestInfo, RequestInit, StructuredSerializeOptions, TimerHandler};
use crate::bindings::worker_global_scope::WorkerGlobalScopeMethods;
use crate::encoding::base64;
use crate::html::navigator::Navigator;
use crate::html::timers;
use crate::webcrypto::crypto::Crypto;

/// The global object.
pub struct WorkerGlobalScope;

impl WorkerGlobalScopeMethods for WorkerGlobalScope {
    fn self_<'s>(scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Object> {
        scope.get_current_context().global(scope)
    }

    fn navigator<'s>(scope: &mut Scope<'s, '_>) -> Ref<'s, Navigator> {
        Ref::new(scope, Navigator)
    }

    fn crypto<'s>(scope: &mut Scope<'s, '_>) -> Ref<'s, Crypto> {
        Ref::new(scope, Crypto::default())
    }

    fn performance<'s>(scope: &mut Scope<'s, '_>) -> ScriptRef<'s, marker::Performance> {
        let object = script::call(scope, "performance", &[])
            .ok()
            .and_then(|p| p.try_into().ok());
        ScriptRef::trusted(object.expect("a built-in script has the performance object"))
    }

    // https://html.spec.whatwg.org/multipage/webappapis.html#dom-reporterror
    fn report_error<'s>(scope: &mut Scope<'s, '_>, e: Value<'s>) -> Fallible<()> {
        (crate::EMBEDDING.report_exception)(scope, e, None);
        Ok(())
    }

    fn btoa<'s>(
        scope: &mut Scope<'s, '_>,
        data: v8::Local<'s, v8::String>,
    ) -> Fallible<v8::Local<'s, v8::String>> {
        base64::btoa(scope, data)
    }

    fn atob<'s>(scope: &mut Scope<'s, '_>, data: v8::Local<'s, v8::String>) -> Fallible<Vec<u8>> {
        base64::atob(scope, data)
    }

    fn set_timeout<'s>(
        scope: &mut Scope<'s, '_>,
        handler: TimerHandler<'s>,
        timeout: i32,
        arguments: Vec<Value<'s>>,
    ) -> Fallible<i32> {
        timers::set(scope, handler, timeout, &arguments, false)
    }

    fn clear_timeout(scope: &mut Scope, id: i32) -> Fallible<()> {
        timers::clear(scope, id);
        Ok(())
    }

    fn set_interval<'s>(
        scope: &mut Scope<'s, '_>,
        handler: TimerHandler<'s>,
        timeout: i32,
        arguments: Vec<Value<'s>>,
    ) -> Fallible<i32> {
        timers::set(scope, handler, timeout, &arguments, true)
    }

    fn clear_interval(scope: &mut Scope, id: i32) -> Fallible<()> {
        timers::clear(scope, id);
        Ok(())
    }

    // https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-queuemicrotask
    fn queue_microtask<'s>(
        scope: &mut Scope<'s, '_>,
        callback: CallbackFunction<'s>,
    ) -> Fallible<()> {
        // A script's microtask reports what the callback throws; V8's own would drop it.
        script::call(scope, "queueMicrotask", &[callback.0.into()]).map(|_| ())
    }

    fn structured_clone<'s>(
        scope: &mut Scope<'s, '_>,
        value: Value<'s>,
        options: StructuredSerializeOptions<'s>,
    ) -> Fallible<Value<'s>> {
        crate::structured_clone::structured_clone(scope, value, options.transfer)
    }

    fn fetch<'s>(
        scope: &mut Scope<'s, '_>,
        input: RequestInfo<'s>,
        init: RequestInit<'s>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        crate::fetch::fetch::fetch(scope, input, init)
    }
}
