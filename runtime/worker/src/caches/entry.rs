//! A response in a cache, with the request that it is for.

use std::cell::LazyCell;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::HeaderName;

use super::freshness::{Lifetime, lifetime};
use super::vary::{self, SortedFields, TooVaried};
use crate::Fields;

/// What an entry takes beside its texts: the places where it stands.
const OVERHEAD: usize = 512;

/// The name of a field that a response varies by, and its combined value in the request.
type Varied = (HeaderName, Option<Box<[u8]>>);

/// A response in a cache.
#[derive(Debug)]
pub struct CacheEntry {
    /// The request's URL, with its fragment; its method is GET.
    pub url: Box<str>,
    /// The request's fields.
    pub fields: Fields,
    /// The response.
    pub response: CachedResponse,
    /// The URL that it is found by.
    pub(super) key: Arc<str>,
    /// The fields that it varies by, with their values in the request.
    vary: Box<[Varied]>,
    /// When it is not fresh any more, if it says so.
    expires: Option<Instant>,
    /// Whether it may be kept at all.
    pub(super) is_kept: bool,
}

/// A response as a cache has it.
#[derive(Debug)]
pub struct CachedResponse {
    /// The status; 0 for a network error.
    pub status: u16,
    /// The status text.
    pub reason: Box<[u8]>,
    /// Where it came from; empty where an app has made it.
    pub url: Box<str>,
    /// Whether redirects were followed on the way.
    pub is_redirected: bool,
    /// Whether it came from a server.
    pub is_from_network: bool,
    /// Its fields.
    pub fields: Fields,
    /// Its body, if it has one.
    pub body: Option<Bytes>,
}

impl CachedResponse {
    /// The fields of its request that it varies by.
    ///
    /// # Errors
    /// No cache keeps it.
    pub fn varies_by(&self) -> Result<Vec<HeaderName>, TooVaried> {
        vary::names(&self.fields)
    }
}

impl CacheEntry {
    /// An entry that is put into a cache now: a copy, as what is given is the memory of an instance. What a shared cache must not keep
    /// is not in it. `varies_by` is the response's.
    pub fn new(
        url: &str,
        fields: &Fields,
        varies_by: Vec<HeaderName>,
        response: &CachedResponse,
    ) -> Self {
        let sorted = LazyCell::new(|| fields.sorted());
        let vary = varies_by.into_iter().map(|name| {
            let value = sorted.combined(&name);
            (name, value)
        });
        let (lifetime, withheld) = lifetime(&response.fields, SystemTime::now());
        let (expires, is_kept) = match lifetime {
            Lifetime::Fresh(time) => (Instant::now().checked_add(time), !time.is_zero()),
            Lifetime::Unknown => (None, true),
            Lifetime::None => (None, false),
        };
        let is_withheld = |name: &HeaderName| withheld.contains(name);
        Self {
            url: url.into(),
            fields: fields.clone(),
            key: url.split('#').next().unwrap_or_default().into(),
            vary: vary.collect(),
            expires,
            is_kept,
            response: CachedResponse {
                reason: response.reason.clone(),
                url: response.url.clone(),
                fields: response.fields.replaced(is_withheld, &Fields::default()),
                body: response.body.as_deref().map(Bytes::copy_from_slice),
                ..*response
            },
        }
    }

    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// <https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm>, from step 5, for a request with these fields and a
    /// URL that fits. It looks at them where the response varies.
    pub(super) fn answers<'f>(&self, fields: &impl Deref<Target = SortedFields<'f>>) -> bool {
        let mut vary = self.vary.iter();
        vary.all(|(name, value)| fields.has(name, value.as_deref()))
    }

    /// About how many bytes of it are the request's.
    pub fn request_size(&self) -> usize {
        self.url.len() + self.fields.size()
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let response = &self.response;
        let body = response.body.as_ref().map_or(0, Bytes::len);
        let vary = self.vary.iter().map(|(name, value)| {
            name.as_str().len()
                + value.as_ref().map_or(0, |value| value.len())
                + size_of::<Varied>()
        });
        OVERHEAD
            + self.request_size()
            + 2 * self.key.len()
            + response.reason.len()
            + response.url.len()
            + response.fields.size()
            + vary.sum::<usize>()
            + body
    }
}
