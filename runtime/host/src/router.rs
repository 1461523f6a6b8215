//! From a hostname to what serves it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::HostPattern;

/// A table of virtual hosts: exact names first, then the most specific wildcard, then the default.
#[derive(Debug)]
pub struct Router<T> {
    exact: HashMap<Arc<str>, T>,
    /// By the name that follows `*.`.
    below: HashMap<Arc<str>, T>,
    any: Option<T>,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            below: HashMap::new(),
            any: None,
        }
    }
}

impl<T> Router<T> {
    /// Adds a route, in place of an earlier one of the same pattern.
    pub fn insert(&mut self, pattern: &HostPattern, target: T) {
        match pattern {
            HostPattern::Exact(name) => {
                self.exact.insert(name.clone(), target);
            }
            HostPattern::Below(name) => {
                self.below.insert(name.clone(), target);
            }
            HostPattern::Any => self.any = Some(target),
        }
    }

    /// What serves a host: a name in lower case without a port.
    pub fn find(&self, host: &str) -> Option<&T> {
        if let Some(target) = self.exact.get(host) {
            return Some(target);
        }
        if !self.below.is_empty() {
            let mut rest = host;
            while let Some((_, parent)) = rest.split_once('.') {
                if let Some(target) = self.below.get(parent) {
                    return Some(target);
                }
                rest = parent;
            }
        }
        self.any.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(patterns: &[&'static str]) -> Router<&'static str> {
        let mut router = Router::default();
        for text in patterns {
            let pattern = match (*text, text.strip_prefix("*.")) {
                ("*", _) => HostPattern::Any,
                (_, Some(parent)) => HostPattern::Below(parent.into()),
                (name, None) => HostPattern::Exact(name.into()),
            };
            router.insert(&pattern, *text);
        }
        router
    }

    #[test]
    fn the_most_specific_route_wins() {
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
            assert_eq!(router.find(host), Some(&route), "{host}");
        }
    }

    #[test]
    fn without_a_default_an_unknown_host_has_no_route() {
        let router = router(&["a.test", "*.b.test"]);
        assert_eq!(router.find("c.test"), None);
        assert_eq!(router.find("b.test"), None);
        assert_eq!(router.find(""), None);
    }
}
