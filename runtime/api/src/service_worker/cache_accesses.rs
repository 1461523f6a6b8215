//! `CacheAccesses`: how the built-in scripts reach the app's caches; and `caches`.

use std::sync::Arc;

use nano_engine::external_memory::for_nobody;
use nano_engine::{State, text};
use nano_webidl::idl::FromJs as _;
use nano_webidl::room::{code_units, no_room};
use nano_webidl::{Fallible, Ref, Scope, ScriptRef, Value, script};
use nano_worker::{CacheHandle, Caches};

use super::cache_access::{CacheAccess, response, with_query};
use super::cache_batch::{CacheBatch, error_of};
use crate::bindings::cache_accesses::CacheAccessesMethods;
use crate::bindings::request::RequestMethods as _;
use crate::bindings::types::{CacheQueryOptions, RequestInfo};
use crate::bindings::worker_global_scope::ServiceWorkersGlobalMethods;
use crate::bindings::{marker, ty};
use crate::fetch::client::Way;
use crate::fetch::fetch::fetch;
use crate::fetch::request::Request;
use crate::nano::worker_global_scope::WorkerGlobalScope;

/// The namespace.
pub struct CacheAccesses;

type Name<'s> = v8::Local<'s, v8::String>;

/// Does something with the app's caches. They belong to no instance, and neither does what they keep.
fn with_caches<R>(scope: &Scope, work: impl FnOnce(&Arc<Caches>) -> R) -> R {
    let caches = State::from_scope(scope).extension::<Arc<Caches>>();
    for_nobody(|| work(caches))
}

fn access<'s>(scope: &mut Scope<'s, '_>, cache: CacheHandle) -> Ref<'s, CacheAccess> {
    Ref::new(scope, CacheAccess { cache })
}

impl CacheAccessesMethods for CacheAccesses {
    fn cache_request<'s>(
        scope: &mut Scope<'s, '_>,
        info: RequestInfo<'s>,
    ) -> Fallible<Ref<'s, Request>> {
        let info = match info {
            RequestInfo::Request(request) => return Ok(request),
            url => url,
        };
        let none = v8::undefined(scope).into();
        let init = ty::RequestInit::from_js(scope, none)?;
        let request = Request::constructor(scope, info, init)?;
        Ok(Ref::new(scope, request))
    }

    fn fetch_for_cache<'s>(
        scope: &mut Scope<'s, '_>,
        request: Ref<'s, Request>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        let none = v8::undefined(scope).into();
        let init = ty::RequestInit::from_js(scope, none)?;
        fetch(scope, RequestInfo::Request(request), init, Way::Network)
    }

    fn new_cache_batch<'s>(scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, CacheBatch>> {
        Ok(Ref::new(scope, CacheBatch::default()))
    }

    fn open_cache<'s>(scope: &mut Scope<'s, '_>, name: Name<'s>) -> Fallible<Ref<'s, CacheAccess>> {
        let name = code_units(scope, name)?;
        let cache = with_caches(scope, |caches| caches.open(&name)).map_err(error_of)?;
        Ok(access(scope, cache))
    }

    fn open_default_cache<'s>(scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, CacheAccess>> {
        let cache = with_caches(scope, |caches| caches.default_cache());
        Ok(access(scope, cache))
    }

    fn has_cache<'s>(scope: &mut Scope<'s, '_>, name: Name<'s>) -> Fallible<bool> {
        let name = code_units(scope, name)?;
        Ok(with_caches(scope, |caches| caches.has(&name)))
    }

    fn delete_cache<'s>(scope: &mut Scope<'s, '_>, name: Name<'s>) -> Fallible<bool> {
        let name = code_units(scope, name)?;
        Ok(with_caches(scope, |caches| caches.delete(&name)))
    }

    fn cache_names<'s>(scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        let names = with_caches(scope, |caches| caches.names());
        let names = names.iter().map(|name| -> Fallible<Value<'s>> {
            let string = text::two_byte(scope, name);
            let string = string.ok_or_else(|| no_room(size_of_val(&**name)))?;
            Ok(string.into())
        });
        let names = names.collect::<Fallible<Vec<_>>>()?;
        Ok(v8::Array::new_with_elements(scope, &names).into())
    }

    fn first_response_of_caches<'s>(
        scope: &mut Scope<'s, '_>,
        name: Option<Name<'s>>,
        request: Ref<'s, Request>,
        options: CacheQueryOptions,
    ) -> Fallible<Value<'s>> {
        let name = name.map(|name| code_units(scope, name)).transpose()?;
        let caches = State::from_scope(scope).extension::<Arc<Caches>>().clone();
        let found = with_query(scope, request.value(), &options, |query| {
            caches.first_match(name.as_deref(), query)
        })?;
        response(scope, found.flatten().as_deref())
    }
}

impl ServiceWorkersGlobalMethods for WorkerGlobalScope {
    // https://w3c.github.io/ServiceWorker/#self-caches
    fn caches<'s>(scope: &mut Scope<'s, '_>) -> Fallible<ScriptRef<'s, marker::CacheStorage>> {
        let storage = script::call(scope, "newCacheStorage", &[])?;
        script::require(scope, storage)
    }
}
