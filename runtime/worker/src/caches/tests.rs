use std::cell::Cell;

use http::HeaderMap;

use super::*;
use crate::Fields;

fn fields(fields: &[(&'static str, &str)]) -> Fields {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(*name, value.parse().unwrap());
    }
    Fields::from(&map)
}

fn entry(
    url: &str,
    request: &[(&'static str, &str)],
    response: &[(&'static str, &str)],
    body: usize,
) -> CacheEntry {
    let response = CachedResponse {
        status: 200,
        reason: Box::default(),
        url: Box::default(),
        is_redirected: false,
        is_from_network: false,
        fields: fields(response),
        body: Some(vec![b'a'; body].into()),
    };
    let varies_by = response.varies_by().unwrap();
    CacheEntry::new(url, &fields(request), varies_by, &response)
}

fn plain(url: &str, body: usize) -> CacheEntry {
    entry(url, &[], &[], body)
}

fn urls(entries: &[Arc<CacheEntry>]) -> Vec<&str> {
    entries.iter().map(|entry| &*entry.url).collect()
}

fn query(url: &str) -> CacheQuery<'_> {
    CacheQuery {
        url,
        fields: LazyFields::new(&SortedFields::default),
        ignore_search: false,
        ignore_vary: false,
    }
}

fn name(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}

#[test]
fn urls_are_found_with_and_without_their_queries() {
    let caches = Arc::new(Caches::default());
    let cache = caches.default_cache();
    for url in [
        "http://a/b?x=1",
        "http://a/b",
        "http://a/bc?x",
        "http://a/b?y#f",
        "http://a/b/c",
    ] {
        cache.put(vec![plain(url, 1)]).unwrap();
    }
    assert_eq!(urls(&cache.all(Some(&query("http://a/b")))), ["http://a/b"]);
    assert_eq!(
        urls(&cache.all(Some(&query("http://a/b?y")))),
        ["http://a/b?y#f"]
    );
    let loose = CacheQuery {
        ignore_search: true,
        ..query("http://a/b?z")
    };
    let found = cache.all(Some(&loose));
    assert_eq!(
        urls(&found),
        ["http://a/b?x=1", "http://a/b", "http://a/b?y#f"]
    );
    assert!(cache.delete(&loose));
    assert_eq!(urls(&cache.all(None)), ["http://a/bc?x", "http://a/b/c"]);
    assert!(!cache.delete(&loose));
}

#[test]
fn responses_vary_by_what_they_say() {
    let caches = Arc::new(Caches::default());
    let cache = caches.default_cache();
    for language in ["de", "en"] {
        let vary = [("vary", "Accept-Language")];
        cache
            .put(vec![entry(
                "http://a/",
                &[("accept-language", language)],
                &vary,
                1,
            )])
            .unwrap();
    }
    assert_eq!(cache.all(None).len(), 2);
    let english = fields(&[("accept-language", "en")]);
    let english = || english.sorted();
    let asked = CacheQuery {
        fields: LazyFields::new(&english),
        ..query("http://a/")
    };
    let found = cache.first(&asked).unwrap();
    assert_eq!(
        found.fields.get(&http::header::ACCEPT_LANGUAGE),
        Some(&b"en"[..])
    );
    assert!(cache.first(&query("http://a/")).is_none());
    let any = CacheQuery {
        ignore_vary: true,
        ..query("http://a/")
    };
    assert_eq!(cache.all(Some(&any)).len(), 2);
    // It takes the place of the one for the same request, and comes last.
    cache
        .put(vec![entry(
            "http://a/",
            &[("accept-language", "de")],
            &[],
            1,
        )])
        .unwrap();
    assert_eq!(cache.all(None).len(), 2);
    assert!(cache.first(&query("http://a/")).is_some());
}

#[test]
fn what_has_expired_is_gone() {
    let caches = Arc::new(Caches::default());
    let cache = caches.default_cache();
    cache.put(vec![plain("http://a/", 1)]).unwrap();
    let long = [("cache-control", "max-age=1000")];
    cache.put(vec![entry("http://b/", &[], &long, 1)]).unwrap();
    assert_eq!(cache.all(None).len(), 2);
    let held = caches.held();
    let now = Instant::now() + std::time::Duration::from_secs(1001);
    assert_eq!(
        caches
            .change(|store, _| store.all(DEFAULT, None, now))
            .len(),
        1
    );
    assert!(caches.held() < held);
    // What may not be kept ends what was there for its request.
    let none = [("cache-control", "no-store")];
    cache.put(vec![entry("http://a/", &[], &none, 1)]).unwrap();
    assert_eq!((cache.all(None).len(), caches.held()), (0, 0));
}

#[test]
fn what_was_used_longest_ago_makes_room() {
    let size = plain("http://a/1", 1000).size();
    let memory = Arc::new(CacheMemory::default());
    let caches = Arc::new(Caches::new(3 * size, memory.clone()));
    let cache = caches.default_cache();
    for url in ["http://a/1", "http://a/2", "http://a/3"] {
        cache.put(vec![plain(url, 1000)]).unwrap();
    }
    assert!(cache.first(&query("http://a/1")).is_some());
    cache.put(vec![plain("http://a/4", 1000)]).unwrap();
    assert_eq!(
        urls(&cache.all(None)),
        ["http://a/1", "http://a/3", "http://a/4"]
    );
    assert_eq!((caches.held(), memory.held()), (3 * size, 3 * size));
    let large = plain("http://a/5", 3 * size);
    let error = CacheError::TooLarge(large.size(), 3 * size);
    assert_eq!(cache.put(vec![large]), Err(error));
    assert_eq!(cache.all(None).len(), 3);
    caches.set_budget(size);
    cache.put(vec![plain("http://a/6", 1000)]).unwrap();
    assert_eq!(urls(&cache.all(None)), ["http://a/6"]);
    drop(cache);
    drop(caches);
    assert_eq!(memory.held(), 0);
}

#[test]
fn an_app_leaves_room_to_others() {
    let size = plain("http://a/1", 1000).size();
    let memory = Arc::new(CacheMemory::new(8 * size));
    let [one, other] = [(); 2].map(|()| Arc::new(Caches::new(100 * size, memory.clone())));
    for caches in [&one, &other] {
        let cache = caches.default_cache();
        for number in 0..9 {
            cache
                .put(vec![plain(&format!("http://a/{number}"), 1000)])
                .unwrap();
        }
    }
    assert_eq!((one.held(), other.held()), (4 * size, 2 * size));
}

#[test]
fn names_are_in_order_and_what_is_open_stays() {
    let caches = Arc::new(Caches::default());
    let first = caches.open(&name("first")).unwrap();
    let second = caches.open(&name("second")).unwrap();
    first.put(vec![plain("http://a/", 1)]).unwrap();
    second
        .put(vec![plain("http://a/", 1), plain("http://b/", 1)])
        .unwrap();
    assert_eq!(*caches.names()[1], *name("second"));
    assert!(caches.first_match(None, &query("http://b/")).is_some());
    assert!(
        caches
            .first_match(Some(&name("first")), &query("http://b/"))
            .is_none()
    );
    assert!(
        caches
            .first_match(Some(&name("third")), &query("http://b/"))
            .is_none()
    );
    assert!(caches.delete(&name("second")) && !caches.delete(&name("second")));
    assert!(!caches.has(&name("second")) && caches.has(&name("first")));
    assert!(caches.first_match(None, &query("http://b/")).is_none());
    assert_eq!(second.all(None).len(), 2);
    let (held, anew) = (caches.held(), caches.open(&name("second")).unwrap());
    assert_eq!(anew.all(None).len(), 0);
    drop(second);
    assert!(caches.held() < held);
    // Names have a part of the room.
    let refused = (0..).find_map(|number: usize| caches.open(&vec![97_u16; 10_000 + number]).err());
    assert!(matches!(refused, Some(CacheError::TooLarge(..))));
    assert!(caches.held() < Caches::DEFAULT_BUDGET / 4 + held);
}

#[test]
fn fields_are_sorted_where_a_response_varies() {
    let caches = Arc::new(Caches::default());
    let cache = caches.default_cache();
    let (url, sorted) = ("http://a/", Cell::new(0));
    let sort = || {
        sorted.set(sorted.get() + 1);
        SortedFields::default()
    };
    let asked = CacheQuery {
        fields: LazyFields::new(&sort),
        ..query(url)
    };
    cache.put(vec![plain(url, 1)]).unwrap();
    assert!(cache.first(&asked).is_some());
    assert_eq!(sorted.get(), 0);
    cache
        .put(vec![entry(url, &[], &[("vary", "x-a")], 1)])
        .unwrap();
    assert!(cache.first(&asked).is_some());
    assert!(cache.first(&asked).is_some());
    assert_eq!(sorted.get(), 1);
}

#[test]
fn of_two_that_answer_each_other_none_is_put() {
    let caches = Arc::new(Caches::default());
    let cache = caches.default_cache();
    let both = vec![plain("http://a/", 1), plain("http://a/#b", 1)];
    assert_eq!(cache.put(both), Err(CacheError::Duplicate));
    for is_turned in [false, true] {
        let mut both = vec![
            entry("http://a/", &[("x-a", "1")], &[("vary", "x-a")], 1),
            entry("http://a/", &[("x-a", "2")], &[("vary", "x-b")], 1),
        ];
        if is_turned {
            both.reverse();
        }
        assert_eq!(cache.put(both), Err(CacheError::Duplicate));
    }
    assert_eq!(cache.all(None).len(), 0);
}
