//! A cache, as its built-in script reaches it.

use std::sync::Arc;

use nano_engine::external_memory::for_nobody;
use nano_webidl::{Fallible, Ref, Scope, Trace, Value, require_room};
use nano_worker::{CacheEntry, CacheHandle, CacheQuery, LazyFields, SortedFields};

use crate::bindings::cache_access::CacheAccessMethods;
use crate::bindings::types::CacheQueryOptions;
use crate::fetch::body::WithBody as _;
use crate::fetch::request::Request;
use crate::fetch::response::Response;

/// A cache that is open.
#[derive(Trace)]
pub struct CacheAccess {
    #[untraced]
    pub(super) cache: CacheHandle,
}

/// Does something with what is asked for; nothing answers a method that is not GET.
pub(super) fn with_query<R>(
    scope: &mut Scope,
    request: &Request,
    options: &CacheQueryOptions,
    ask: impl FnOnce(&CacheQuery<'_>) -> R,
) -> Fallible<Option<R>> {
    if *request.http_method() != http::Method::GET && !options.ignore_method {
        return Ok(None);
    }
    let Some(url) = request.parsed_url() else {
        return Ok(None);
    };
    let headers = request.header_list().borrow();
    require_room(scope, headers.len() * SortedFields::SIZE)?;
    let sorted = || -> SortedFields<'_> {
        let fields = headers.iter().map(|(name, value)| {
            let name = name.as_str().as_bytes();
            (name, &**value)
        });
        fields.collect()
    };
    let query = CacheQuery {
        url: url.href().split('#').next().unwrap_or_default(),
        fields: LazyFields::new(&sorted),
        ignore_search: options.ignore_search,
        ignore_vary: options.ignore_vary,
    };
    Ok(Some(for_nobody(|| ask(&query))))
}

/// The response, or undefined.
pub(super) fn response<'s>(
    scope: &mut Scope<'s, '_>,
    found: Option<&CacheEntry>,
) -> Fallible<Value<'s>> {
    Ok(match found {
        None => v8::undefined(scope).into(),
        Some(entry) => {
            require_room(scope, entry.response.fields.size())?;
            let response = Response::from_cache(scope, &entry.response)?;
            Ref::new(scope, response).object().into()
        }
    })
}

fn frozen<'s>(scope: &mut Scope<'s, '_>, items: &[Value<'s>]) -> Value<'s> {
    let array = v8::Array::new_with_elements(scope, items);
    // It fails where the isolate ends.
    let _ = array.set_integrity_level(scope, v8::IntegrityLevel::Frozen);
    array.into()
}

impl CacheAccess {
    fn all(
        &self,
        scope: &mut Scope,
        request: Option<Ref<Request>>,
        options: &CacheQueryOptions,
    ) -> Fallible<Vec<Arc<CacheEntry>>> {
        let Some(request) = request else {
            return Ok(for_nobody(|| self.cache.all(None)));
        };
        let found = with_query(scope, request.value(), options, |query| {
            self.cache.all(Some(query))
        });
        Ok(found?.unwrap_or_default())
    }
}

impl CacheAccessMethods for CacheAccess {
    fn first_response<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        request: Ref<'s, Request>,
        options: CacheQueryOptions,
    ) -> Fallible<Value<'s>> {
        let found = with_query(scope, request.value(), &options, |query| {
            self.cache.first(query)
        })?;
        response(scope, found.flatten().as_deref())
    }

    fn responses<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        request: Option<Ref<'s, Request>>,
        options: CacheQueryOptions,
    ) -> Fallible<Value<'s>> {
        let found = self.all(scope, request, &options)?;
        require_room(scope, found.iter().map(|entry| entry.size()).sum())?;
        let responses = found.iter().map(|entry| response(scope, Some(entry)));
        let responses = responses.collect::<Fallible<Vec<_>>>()?;
        Ok(frozen(scope, &responses))
    }

    fn requests<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        request: Option<Ref<'s, Request>>,
        options: CacheQueryOptions,
    ) -> Fallible<Value<'s>> {
        let found = self.all(scope, request, &options)?;
        let sizes = found.iter().map(|entry| entry.request_size());
        require_room(scope, sizes.sum())?;
        let requests = found.iter().map(|entry| -> Value<'s> {
            let request = Request::from_cache(&entry.url, &entry.fields);
            Ref::new(scope, request).object().into()
        });
        let requests: Vec<_> = requests.collect();
        Ok(frozen(scope, &requests))
    }

    fn remove_responses<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        request: Ref<'s, Request>,
        options: CacheQueryOptions,
    ) -> Fallible<bool> {
        let found = with_query(scope, request.value(), &options, |query| {
            self.cache.delete(query)
        });
        Ok(found?.unwrap_or(false))
    }
}
