//! The global object's own members, and what HTML's `mixin WindowOrWorkerGlobalScope` adds to them:
//! <https://html.spec.whatwg.org/multipage/webappapis.html#windoworworkerglobalscope-mixin>.

use nano_webidl::idl::CallbackFunction;
use nano_webidl::{Fallible, Ref, Scope, Value, script};

use super::navigator::Navigator;
use super::timers;
use crate::bindings::types::{StructuredSerializeOptions, TimerHandler};
use crate::bindings::worker_global_scope::{HtmlGlobalMethods, WorkerGlobalScopeMethods};
use crate::encoding::base64;
use crate::nano::worker_global_scope::WorkerGlobalScope;

impl WorkerGlobalScopeMethods for WorkerGlobalScope {
    fn self_<'s>(scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Object> {
        scope.get_current_context().global(scope)
    }

    fn navigator<'s>(scope: &mut Scope<'s, '_>) -> Ref<'s, Navigator> {
        Ref::new(scope, Navigator)
    }
}

impl HtmlGlobalMethods for WorkerGlobalScope {
    // https://html.spec.whatwg.org/multipage/webappapis.html#dom-reporterror
    fn report_error<'s>(scope: &mut Scope<'s, '_>, e: Value<'s>) -> Fallible<()> {
        nano_engine::report_exception(scope, e, None);
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
}
