//! A response in a cache, with the request that it is for.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::HeaderName;

use super::CacheQuery;
use super::freshness::{Lifetime, lifetime};
use crate::Fields;

/// What an entry takes beside its texts: the places where it stands.
const OVERHEAD: usize = 512;

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
    vary: Vec<(HeaderName, Option<Vec<u8>>)>,
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

static VARY: HeaderName = http::header::VARY;

/// The values of a name, joined.
fn combined(fields: &Fields, name: &HeaderName) -> Option<Vec<u8>> {
    let mut values = fields.values(name);
    let mut all = values.next()?.to_vec();
    for value in values {
        all.extend_from_slice(b", ");
        all.extend_from_slice(value);
    }
    Some(all)
}

/// The names in `Vary`; `None` stands for `*`.
fn varied(fields: &Fields) -> impl Iterator<Item = Option<HeaderName>> {
    let values = fields.values(&VARY);
    let names = values.flat_map(|value| value.split(|byte| *byte == b','));
    names.filter_map(|name| match name.trim_ascii() {
        b"*" => Some(None),
        // What is no name is in no request.
        name => HeaderName::from_bytes(name).ok().map(Some),
    })
}

impl CachedResponse {
    /// Whether it is another one for each request.
    pub fn varies_by_everything(&self) -> bool {
        varied(&self.fields).any(|name| name.is_none())
    }
}

impl CacheEntry {
    /// An entry that is put into a cache now: a copy, as what is given is the memory of an instance. What a shared cache must not keep
    /// is not in it.
    pub fn new(url: &str, fields: &Fields, response: &CachedResponse) -> Self {
        let vary = varied(&response.fields).flatten();
        let vary = vary.map(|name| {
            let value = combined(fields, &name);
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

    /// <https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm>, from step 5, of URLs that fit.
    pub(super) fn fits(&self, query: &CacheQuery<'_>) -> bool {
        let mut vary = self.vary.iter();
        query.ignore_vary || vary.all(|(name, value)| (query.field)(name) == *value)
    }

    /// Whether one of the two answers the other's request.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let answers = |one: &Self, fields: &Fields| {
            let mut vary = one.vary.iter();
            vary.all(|(name, value)| combined(fields, name) == *value)
        };
        self.key == other.key && (answers(self, &other.fields) || answers(other, &self.fields))
    }

    /// <https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm> with this entry's own request.
    pub(super) fn is_answered_by(&self, other: &Self) -> bool {
        let mut vary = other.vary.iter();
        vary.all(|(name, value)| combined(&self.fields, name) == *value)
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
            name.as_str().len() + value.as_ref().map_or(0, Vec::len) + size_of::<HeaderName>()
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
