//! From a host and a path to what serves it.
//!
//! The most specific route wins: of hosts, the exact name, then the wildcard with the most labels, then the default; within a host,
//! segment by segment from the left, the one that is named, then those of which a part is (`:id.json`), the longest part first, then one
//! that is not (`:id`), then the route that ends there. Where a host has no route for a path, the next host that matches is asked.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use url::Url;

use crate::config::{HostPattern, PathPattern, PathSegment};

/// A table of routes.
#[derive(Debug)]
pub(crate) struct Router<T> {
    exact: HashMap<Arc<str>, Paths<T>>,
    /// By the name that follows `*.`.
    below: HashMap<Arc<str>, Paths<T>>,
    any: Paths<T>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found<'a, T> {
    /// What serves the request.
    pub(crate) target: &'a T,
    /// Whether it serves every path of the host.
    pub(crate) is_whole_host: bool,
}

/// The routes of a host, by the segments of paths.
#[derive(Debug)]
struct Paths<T> {
    here: Option<T>,
    literal: HashMap<Box<str>, Paths<T>>,
    /// The most specific ones first.
    partial: Vec<(Ends, Paths<T>)>,
    any: Option<Box<Paths<T>>>,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self {
            here: None,
            literal: HashMap::new(),
            partial: Vec::new(),
            any: None,
        }
    }
}

/// How a segment begins and ends.
#[derive(Debug, PartialEq, Eq)]
struct Ends {
    before: Box<str>,
    after: Box<str>,
}

impl Ends {
    /// Orders them: what says more comes first, and of those that say as much, what says more of the beginning.
    fn rank(&self) -> impl Ord + '_ {
        let Self { before, after } = self;
        let length = before.len() + after.len();
        (Reverse((length, before.len())), before, after)
    }

    /// Whether a segment is like this, with something between.
    fn fit(&self, segment: &str) -> bool {
        let rest = segment.strip_prefix(&*self.before);
        let rest = rest.and_then(|rest| rest.strip_suffix(&*self.after));
        rest.is_some_and(|between| !between.is_empty())
    }
}

impl<T> Paths<T> {
    fn insert(&mut self, segments: &[PathSegment], target: T) {
        match segments {
            [] => self.here = Some(target),
            [PathSegment::Literal(name), rest @ ..] => {
                let next = self.literal.entry(name.clone()).or_default();
                next.insert(rest, target);
            }
            [PathSegment::Partial { before, after }, rest @ ..] => {
                let ends = Ends {
                    before: before.clone(),
                    after: after.clone(),
                };
                let place = self
                    .partial
                    .binary_search_by(|(other, _)| other.rank().cmp(&ends.rank()));
                let index = place.unwrap_or_else(|index| {
                    self.partial.insert(index, (ends, Self::default()));
                    index
                });
                self.partial[index].1.insert(rest, target);
            }
            [PathSegment::Any, rest @ ..] => {
                self.any.get_or_insert_default().insert(rest, target);
            }
        }
    }

    /// What has this route.
    fn at(&self, segments: &[PathSegment]) -> Option<&T> {
        match segments {
            [] => self.here.as_ref(),
            [PathSegment::Literal(name), rest @ ..] => self.literal.get(name)?.at(rest),
            [PathSegment::Partial { before, after }, rest @ ..] => {
                let is_same = |ends: &Ends| ends.before == *before && ends.after == *after;
                let same = self.partial.iter().find(|(ends, _)| is_same(ends));
                same?.1.at(rest)
            }
            [PathSegment::Any, rest @ ..] => self.any.as_ref()?.at(rest),
        }
    }

    /// Whether there is more than one route.
    fn has_paths(&self) -> bool {
        !self.literal.is_empty() || !self.partial.is_empty() || self.any.is_some()
    }

    /// What serves a path, of which the segments up to here are left out; `None`: nothing is left. Visits each node once at most.
    fn find(&self, path: Option<&str>) -> Option<&T> {
        let below = path.and_then(|path| {
            let (segment, rest) = match path.split_once('/') {
                Some((segment, rest)) => (segment, Some(rest)),
                None => (path, None),
            };
            let named = self.literal.get(segment).and_then(|next| next.find(rest));
            let any = self.any.as_ref().filter(|_| !segment.is_empty());
            let mut partial = self.partial.iter().filter(|(ends, _)| ends.fit(segment));
            let partial = || partial.find_map(|(_, next)| next.find(rest));
            named.or_else(partial).or_else(|| any?.find(rest))
        });
        below.or(self.here.as_ref())
    }
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            below: HashMap::new(),
            any: Paths::default(),
        }
    }
}

impl<T: Clone> Router<T> {
    /// Adds a route to these paths, or all if there are none, in place of earlier ones of the same patterns.
    pub(crate) fn insert(&mut self, host: &HostPattern, paths: &[PathPattern], target: &T) {
        let table = match host {
            HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
            HostPattern::Below(name) => self.below.entry(name.clone()).or_default(),
            HostPattern::Any => &mut self.any,
        };
        if paths.is_empty() {
            table.insert(&[], target.clone());
        }
        for path in paths {
            table.insert(path.segments(), target.clone());
        }
    }
}

impl<T> Router<T> {
    /// What has the route of just these patterns; without a path, of all paths.
    pub(crate) fn at(&self, host: &HostPattern, path: Option<&PathPattern>) -> Option<&T> {
        let paths = match host {
            HostPattern::Exact(name) => self.exact.get(name)?,
            HostPattern::Below(name) => self.below.get(name)?,
            HostPattern::Any => &self.any,
        };
        paths.at(path.map_or(&[], PathPattern::segments))
    }

    /// What serves a host, a name in lower case without a port, and a path, as a request has it.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<Found<'_, T>> {
        let mut look = Look {
            path,
            normal: None,
            is_whole_host: true,
        };
        if let Some(target) = self.exact.get(host).and_then(|paths| look.at(paths)) {
            return Some(look.found(target));
        }
        if !self.below.is_empty() {
            let mut rest = host;
            while let Some((_, parent)) = rest.split_once('.') {
                if let Some(target) = self.below.get(parent).and_then(|paths| look.at(paths)) {
                    return Some(look.found(target));
                }
                rest = parent;
            }
        }
        let target = look.at(&self.any)?;
        Some(look.found(target))
    }
}

/// A look at one host after the other.
struct Look<'a> {
    path: &'a str,
    normal: Option<Cow<'a, str>>,
    is_whole_host: bool,
}

impl Look<'_> {
    fn at<'a, T>(&mut self, paths: &'a Paths<T>) -> Option<&'a T> {
        if !paths.has_paths() {
            return paths.here.as_ref();
        }
        self.is_whole_host = false;
        let normal = self.normal.get_or_insert_with(|| normalize(self.path));
        paths.find(Some(normal.strip_prefix('/').unwrap_or(normal)))
    }

    fn found<'a, T>(&self, target: &'a T) -> Found<'a, T> {
        Found {
            target,
            is_whole_host: self.is_whole_host,
        }
    }
}

/// The path as the app sees it in its URL: without `..`, however that is written, and percent-encoded where it has to be. So an app gets no
/// path that is another's.
fn normalize(path: &str) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    let is_dot = |part: &[u8]| part == b"/." || part.eq_ignore_ascii_case(b"%2e");
    let may_differ = bytes.iter().any(|byte| is_encoded(*byte))
        || bytes.windows(2).any(is_dot)
        || bytes.windows(3).any(is_dot);
    if may_differ && let Ok(url) = Url::parse(&format!("http://host{path}")) {
        // The crate does not know yet that the set has this one.
        return Cow::Owned(url.path().replace('^', "%5E"));
    }
    Cow::Borrowed(path)
}

/// Whether a byte of a path stands in the URL as another one, or as three:
/// <https://url.spec.whatwg.org/#path-percent-encode-set>, and the backslash.
fn is_encoded(byte: u8) -> bool {
    !(0x21..0x7F).contains(&byte) || b"\"<>\\^`{}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &'static str) -> HostPattern {
        match (text, text.strip_prefix("*.")) {
            ("*", _) => HostPattern::Any,
            (_, Some(parent)) => HostPattern::Below(parent.into()),
            (name, None) => HostPattern::Exact(name.into()),
        }
    }

    fn router(patterns: &[&'static str]) -> Router<&'static str> {
        let mut router = Router::default();
        for text in patterns {
            let (name, path) = text.split_once('/').map_or((*text, None), |(name, path)| {
                (
                    name,
                    Some(PathPattern::parse(&format!("/{path}")).expect("a path")),
                )
            });
            router.insert(&host(name), path.as_slice(), text);
            assert_eq!(router.at(&host(name), path.as_ref()), Some(text));
        }
        router
    }

    #[test]
    fn the_most_specific_host_wins() {
        let router = router(&["a.test", "*.a.test", "*.b.a.test", "*"]);
        for (host, route) in [
            ("a.test", "a.test"),
            ("x.a.test", "*.a.test"),
            ("y.x.a.test", "*.a.test"),
            ("b.a.test", "*.a.test"),
            ("x.b.a.test", "*.b.a.test"),
            ("other.test", "*"),
            ("xa.test", "*"),
        ] {
            let found = router.find(host, "/shop").expect("a route");
            assert_eq!(
                (*found.target, found.is_whole_host),
                (route, true),
                "{host}"
            );
        }
    }

    #[test]
    fn without_a_default_an_unknown_host_has_no_route() {
        let router = router(&["a.test", "*.b.test"]);
        assert_eq!(router.find("c.test", "/"), None);
        assert_eq!(router.find("b.test", "/"), None);
        assert_eq!(router.find("", "/"), None);
        assert_eq!(router.at(&host("x.b.test"), None), None);
    }

    #[test]
    fn the_most_specific_path_wins() {
        let router = router(&[
            "a.test",
            "a.test/shop",
            "a.test/shop/cart",
            "a.test/users/:id/orders",
            "a.test/users/me",
            "a.test/caf%C3%A9",
            "a.test/%22%3C%3E%5E%60%7B%7D",
            "b.test/only",
            "c.test/files/*",
            "c.test/files/:name.json",
            "c.test/files/img-*.json",
            "c.test/files/me.json",
            "c.test/files/:name.min.json",
            "c.test/files/:name.json/deep",
            "c.test/api/*/v1",
            "*.test/api",
            "*",
        ]);
        for (host, path, route) in [
            ("a.test", "/", "a.test"),
            ("a.test", "/shopping", "a.test"),
            ("a.test", "/Shop", "a.test"),
            ("a.test", "/shop", "a.test/shop"),
            ("a.test", "/shop/", "a.test/shop"),
            ("a.test", "/shop/tea/1", "a.test/shop"),
            ("a.test", "/shop/cart/1", "a.test/shop/cart"),
            ("a.test", "/users/7/orders/1", "a.test/users/:id/orders"),
            ("a.test", "/users/7", "a.test"),
            ("a.test", "/users//orders", "a.test"),
            ("a.test", "/users/me/orders", "a.test/users/me"),
            // The same path in another form, as an app would see it.
            ("a.test", "/shop/../users/me", "a.test/users/me"),
            ("a.test", "/shop/%2E%2e/users/me", "a.test/users/me"),
            ("a.test", "/shop\\cart", "a.test/shop/cart"),
            ("a.test", "/shop/..", "a.test"),
            ("a.test", "/caf\u{e9}/1", "a.test/caf%C3%A9"),
            ("a.test", "/caf%C3%A9/1", "a.test/caf%C3%A9"),
            ("a.test", "/\"<>^`{}", "a.test/%22%3C%3E%5E%60%7B%7D"),
            // A part of a segment.
            ("c.test", "/files/a.json", "c.test/files/:name.json"),
            ("c.test", "/files/a.json/x", "c.test/files/:name.json"),
            ("c.test", "/files/me.json", "c.test/files/me.json"),
            ("c.test", "/files/.json", "c.test/files/*"),
            ("c.test", "/files/img-a.json", "c.test/files/img-*.json"),
            ("c.test", "/files/img-a", "c.test/files/*"),
            ("c.test", "/files/a.min.json", "c.test/files/:name.min.json"),
            (
                "c.test",
                "/files/a.min.json/deep",
                "c.test/files/:name.min.json",
            ),
            (
                "c.test",
                "/files/a.json/deep",
                "c.test/files/:name.json/deep",
            ),
            ("c.test", "/api/x/v1/y", "c.test/api/*/v1"),
            ("c.test", "/api/x/v2", "*.test/api"),
            // No route of the host's: the next one is asked.
            ("b.test", "/only/this", "b.test/only"),
            ("b.test", "/api/1", "*.test/api"),
            ("b.test", "/", "*"),
        ] {
            let found = router.find(host, path).expect("a route");
            assert_eq!(
                (*found.target, found.is_whole_host),
                (route, false),
                "{host}{path}"
            );
        }
        assert!(
            router
                .find("c.other", "/api")
                .expect("the default")
                .is_whole_host
        );
    }
}
