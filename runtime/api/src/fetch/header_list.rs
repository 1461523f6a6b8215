//! Header lists, names and values: <https://fetch.spec.whatwg.org/#terminology-headers>.
//!
//! Names are kept in lower case. DEPARTURE: the standard keeps the case in which a name was first appended; no API shows it, and
//! HTTP does not distinguish it.

use http::HeaderName;
use nano_webidl::{Accounted, ExternalSize};

/// A header name and its value.
pub type Header = (HeaderName, Vec<u8>);

/// <https://fetch.spec.whatwg.org/#concept-header-list>
#[derive(Debug, Clone, Default)]
pub struct HeaderList(Vec<Header>);

/// A header list that belongs to an app: a `Headers` object shares it with the request or the response.
pub type AppHeaderList = Accounted<HeaderList>;

/// About how many bytes a header takes in a list.
pub fn header_size(name: &HeaderName, value: &[u8]) -> usize {
    size_of::<Header>() + name.as_str().len() + value.len()
}

impl ExternalSize for HeaderList {
    fn external_size(&self) -> usize {
        let sizes = self.0.iter().map(|(name, value)| header_size(name, value));
        sizes.sum()
    }
}

impl HeaderList {
    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Header> {
        self.0.iter()
    }

    /// The number of headers, values of one name counted each.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// <https://fetch.spec.whatwg.org/#header-list-contains>
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-get>: all values, joined by `, `.
    pub fn get(&self, name: &HeaderName) -> Option<Vec<u8>> {
        let mut values = self
            .0
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, value)| value);
        let first = values.next()?;
        let mut joined = Vec::with_capacity(self.joined_length(name));
        joined.extend_from_slice(first);
        for value in values {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        Some(joined)
    }

    /// The length of what [`get`](Self::get) joins, and a little more.
    pub fn joined_length(&self, name: &HeaderName) -> usize {
        self.get_all(name)
            .map(|value| value.len() + b", ".len())
            .sum()
    }

    /// All values of a name, one by one.
    pub fn get_all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_slice())
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-append>
    pub fn append(&mut self, name: HeaderName, value: Vec<u8>) {
        if self.0.is_empty() {
            // Most responses have one, and their lists live until they are collected.
            self.0.reserve_exact(1);
        }
        self.0.push((name, value));
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-delete>
    pub fn delete(&mut self, name: &HeaderName) {
        self.0.retain(|(n, _)| n != name);
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-set>
    pub fn set(&mut self, name: HeaderName, value: Vec<u8>) {
        match self.0.iter().position(|(n, _)| *n == name) {
            None => self.0.push((name, value)),
            Some(first) => {
                self.0[first].1 = value;
                let mut index = 0;
                self.0.retain(|(n, _)| {
                    index += 1;
                    index - 1 <= first || *n != name
                });
            }
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine>
    pub fn sort_and_combine(&self) -> Vec<Header> {
        let mut sorted: Vec<&Header> = self.0.iter().collect();
        // Values of one name keep their order.
        sorted.sort_by_key(|(name, _)| name.as_str());
        let mut combined: Vec<Header> = Vec::with_capacity(sorted.len());
        for (name, value) in sorted {
            match combined.last_mut() {
                Some((last, joined)) if last == name && *name != http::header::SET_COOKIE => {
                    joined.extend_from_slice(b", ");
                    joined.extend_from_slice(value);
                }
                _ => combined.push((name.clone(), value.clone())),
            }
        }
        combined
    }
}

impl FromIterator<Header> for HeaderList {
    fn from_iter<T: IntoIterator<Item = Header>>(headers: T) -> HeaderList {
        HeaderList(headers.into_iter().collect())
    }
}

/// <https://fetch.spec.whatwg.org/#concept-header-value-normalize>: without leading and trailing HTTP whitespace.
pub fn normalize(mut value: Vec<u8>) -> Vec<u8> {
    let is_space = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' ');
    let end = value
        .iter()
        .rposition(|b| !is_space(b))
        .map_or(0, |last| last + 1);
    value.truncate(end);
    let start = value.iter().position(|b| !is_space(b)).unwrap_or(0);
    if start > 0 {
        value.drain(..start);
    }
    value
}

/// <https://fetch.spec.whatwg.org/#header-value>, for a normalized value.
pub fn is_value(value: &[u8]) -> bool {
    !value.iter().any(|byte| matches!(byte, 0 | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> HeaderName {
        HeaderName::from_bytes(text.as_bytes()).unwrap()
    }

    #[test]
    fn set_replaces_the_first_and_drops_the_rest() {
        let mut list = HeaderList::default();
        for (n, v) in [("a", "1"), ("b", "2"), ("A", "3"), ("c", "4"), ("a", "5")] {
            list.append(name(n), v.into());
        }
        list.set(name("a"), b"x".to_vec());
        let left: Vec<_> = list
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_slice()))
            .collect();
        assert_eq!(left, [("a", &b"x"[..]), ("b", b"2"), ("c", b"4")]);
    }

    #[test]
    fn set_cookie_is_never_combined() {
        let mut list = HeaderList::default();
        for (n, v) in [
            ("set-cookie", "b"),
            ("x", "1"),
            ("set-cookie", "a"),
            ("x", "2"),
        ] {
            list.append(name(n), v.into());
        }
        let combined: Vec<_> = list
            .sort_and_combine()
            .into_iter()
            .map(|(n, v)| format!("{n}={}", String::from_utf8(v).unwrap()))
            .collect();
        assert_eq!(combined, ["set-cookie=b", "set-cookie=a", "x=1, 2"]);
    }

    #[test]
    fn values_lose_outer_whitespace_only() {
        assert_eq!(normalize(b" \t a b\r\n".to_vec()), b"a b");
        assert_eq!(normalize(b"  ".to_vec()), b"");
        assert!(is_value(b"a\x01b") && !is_value(b"a\nb") && !is_value(b"\0"));
    }
}
