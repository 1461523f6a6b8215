//! Responses that are put into a cache together.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use nano_engine::external_memory::{Reservation, for_nobody};
use nano_webidl::room::no_room;
use nano_webidl::{
    DomExceptionName, Error, ExternalSize as _, Fallible, Ref, Scope, Trace, require_room,
    type_error,
};
use nano_worker::{CacheEntry, CacheError, Fields, SortedFields};

use super::cache_access::CacheAccess;
use crate::bindings::cache_batch::CacheBatchMethods;
use crate::fetch::body::WithBody as _;
use crate::fetch::request::Request;
use crate::fetch::response::Response;

/// Responses that are on their way into a cache, in their order; those are missing whose bodies are not read yet.
#[derive(Default, Trace)]
pub struct CacheBatch {
    #[untraced]
    drafts: Rc<RefCell<Vec<Option<Draft>>>>,
}

/// A response that is the app's memory until it is in the cache.
struct Draft {
    entry: CacheEntry,
    _memory: Reservation,
}

/// What is wrong with a batch.
pub(super) fn error_of(error: CacheError) -> Error {
    match error {
        CacheError::TooLarge(size, most) => Error::dom(
            DomExceptionName::QuotaExceeded,
            format!(
                "It would take {size} bytes, but the app's caches may have {most} now (\"cache_mb\")"
            ),
        ),
        CacheError::Duplicate => Error::dom(
            DomExceptionName::InvalidState,
            "Two of the responses are for the same request",
        ),
    }
}

impl CacheBatchMethods for CacheBatch {
    // https://w3c.github.io/ServiceWorker/#cache-put
    fn reserve<'s>(&self, _: &mut Scope<'s, '_>, request: Ref<'s, Request>) -> Fallible<u32> {
        let request = request.value();
        // 4. If innerRequest's url's scheme is not one of "http" and "https", or innerRequest's method is not `GET`, reject with a TypeError.
        let url = request.parsed_url();
        if !url.is_some_and(|url| matches!(url.protocol(), "http:" | "https:")) {
            return Err(type_error(
                "the request's URL is not one of http: or https:",
            ));
        }
        if *request.http_method() != http::Method::GET {
            return Err(type_error(format!(
                "the request's method is {}, and only responses to GET are cached",
                request.http_method()
            )));
        }
        let mut drafts = self.drafts.borrow_mut();
        drafts.push(None);
        Ok((drafts.len() - 1) as u32)
    }

    // The same.
    fn draft<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        place: u32,
        request: Ref<'s, Request>,
        response: Ref<'s, Response>,
        must_be_ok: bool,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        let (request, response) = (request.value(), response.value());
        match response.status_code() {
            101 => return Err(type_error("the response is a WebSocket (101)")),
            // 6. If innerResponse's status is 206, reject with a TypeError.
            206 => return Err(type_error("the response is a part of one (206)")),
            // https://w3c.github.io/ServiceWorker/#cache-addAll, step 5.
            status if must_be_ok && !(200..=299).contains(&status) => {
                return Err(type_error(format!(
                    "the response is no success: its status is {status}"
                )));
            }
            _ => {}
        }
        let headers = request.header_list().borrow();
        let size = headers.external_size() + response.header_list().borrow().external_size();
        require_room(scope, size)?;
        let fields = headers.iter().map(|(name, value)| (name, &**value));
        let fields = Fields::from_iter(fields);
        drop(headers);
        let mut cached = response.to_cache();
        // 7. If its `Vary` has an item that is "*", reject with a TypeError. As it is with more names than are compared, which no app
        // needs: to compare them takes time that nothing interrupts.
        let varies_by = cached.varies_by();
        let varies_by =
            varies_by.map_err(|what| type_error(format!("the response varies by {what}")))?;
        // 8. If innerResponse's body is disturbed or locked, reject with a TypeError.
        let body = response.body_ref();
        if body.is_unusable(scope) {
            return Err(type_error(
                "the response's body was read already, or its stream is locked",
            ));
        }
        let url = request.parsed_url().map(|url| url.href().to_owned());
        let url = url.ok_or_else(|| type_error("the request's URL is invalid"))?;
        let drafts = self.drafts.clone();
        // 11. to 15. Read all bytes.
        body.whole(scope, move |scope, bytes| {
            require_room(scope, bytes.as_ref().map_or(0, Bytes::len))?;
            cached.body = bytes;
            // As the caches keep it, and nobody's; the app's by what it reserves until it is in a cache.
            let entry = for_nobody(|| CacheEntry::new(&url, &fields, varies_by, &cached));
            let memory = Reservation::take(scope, entry.size());
            let draft = Draft {
                _memory: memory.ok_or_else(|| no_room(entry.size()))?,
                entry,
            };
            if let Some(place) = drafts.borrow_mut().get_mut(place as usize) {
                *place = Some(draft);
            }
            Ok(())
        })
    }

    // https://w3c.github.io/ServiceWorker/#batch-cache-operations
    fn commit<'s>(&self, scope: &mut Scope<'s, '_>, cache: Ref<'s, CacheAccess>) -> Fallible<()> {
        let drafts = self.drafts.take().into_iter().flatten();
        let entries: Vec<_> = drafts.map(|draft| draft.entry).collect();
        let fields = entries.iter().map(|entry| entry.fields.len());
        require_room(scope, fields.sum::<usize>() * SortedFields::SIZE)?;
        for_nobody(|| cache.value().cache.put(entries)).map_err(error_of)
    }
}
