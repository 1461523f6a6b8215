//! Header lists, names and values: <https://fetch.spec.whatwg.org/#terminology-headers>.
//!
//! Names are kept in lower case. DEPARTURE: the standard keeps the case in which a name was first appended; no API shows it, and
//! HTTP does not distinguish it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::convert::Infallible;

use http::HeaderName;
use nano_webidl::{Accounted, ExternalSize};
use nano_worker::Fields;

/// A header name and its value. What most responses have is a constant, which takes no memory.
pub type Header = (HeaderName, Cow<'static, [u8]>);

/// <https://fetch.spec.whatwg.org/#concept-header-list>
#[derive(Debug, Clone)]
pub struct HeaderList {
    /// As they came from the network, until they are changed.
    wire: Fields,
    /// Made of those when somebody wants more than the values of a name.
    all: OnceCell<Vec<Header>>,
}

impl Default for HeaderList {
    fn default() -> Self {
        Self::from_iter([])
    }
}

/// A header list that belongs to an app: a `Headers` object shares it with the request or the response.
pub type AppHeaderList = Accounted<HeaderList>;

/// About how many bytes a header takes in a list.
pub fn header_size(name: &HeaderName, value: &[u8]) -> usize {
    size_of::<Header>() + name.as_str().len() + value.len()
}

impl ExternalSize for HeaderList {
    fn external_size(&self) -> usize {
        if !self.wire.is_empty() {
            // It takes as much again as soon as somebody wants more of it, and is not asked for then.
            return 2 * self.wire.size() + self.wire.len() * size_of::<Header>();
        }
        let sizes = self.all().iter();
        sizes.map(|(name, value)| header_size(name, value)).sum()
    }
}

/// The values of a name.
fn values<'a>(list: &'a [Header], name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let own = list.iter().filter(move |(n, _)| n == name);
    own.map(|(_, value)| &**value)
}

const SEPARATOR: &[u8] = b", ";

/// Joins values, if `room` has no objection to as many bytes.
fn joined<'a, V: Iterator<Item = &'a [u8]>, E>(
    values: impl Fn() -> V,
    room: impl FnOnce(usize) -> Result<(), E>,
) -> Result<Option<Vec<u8>>, E> {
    let mut rest = values();
    let Some(first) = rest.next() else {
        return Ok(None);
    };
    let mut next = rest.next();
    let length = match next {
        None => first.len(),
        Some(_) => joined_length(values()),
    };
    room(length)?;
    let mut joined = Vec::with_capacity(length);
    joined.extend_from_slice(first);
    while let Some(value) = next {
        joined.extend_from_slice(SEPARATOR);
        joined.extend_from_slice(value);
        next = rest.next();
    }
    Ok(Some(joined))
}

fn joined_length<'a>(values: impl Iterator<Item = &'a [u8]>) -> usize {
    values.map(|value| value.len() + SEPARATOR.len()).sum()
}

impl HeaderList {
    /// The headers of a message from the network.
    pub fn from_wire(wire: Fields) -> Self {
        if wire.is_empty() {
            return Self::default();
        }
        Self {
            wire,
            all: OnceCell::new(),
        }
    }

    fn all(&self) -> &Vec<Header> {
        self.all.get_or_init(|| {
            let headers = self.wire.iter();
            headers
                .map(|(name, value)| (name, value.to_vec().into()))
                .collect()
        })
    }

    /// The headers, to be changed.
    fn own(&mut self) -> &mut Vec<Header> {
        if !self.wire.is_empty() {
            self.all();
            self.wire = Fields::default();
        }
        match self.all.get_mut() {
            Some(own) => own,
            None => unreachable!("one of the two is there"),
        }
    }

    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Header> {
        self.all().iter()
    }

    /// The number of headers, values of one name counted each.
    pub fn len(&self) -> usize {
        self.all.get().map_or_else(|| self.wire.len(), Vec::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// <https://fetch.spec.whatwg.org/#header-list-contains>
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.get_all(name).next().is_some()
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-get>: all values, joined by `, `.
    pub fn get(&self, name: &HeaderName) -> Option<Vec<u8>> {
        let Ok(joined) = self.get_within(name, |_| Ok::<_, Infallible>(()));
        joined
    }

    /// The same, if `room` has no objection to as many bytes.
    ///
    /// # Errors
    /// The objection.
    pub fn get_within<E>(
        &self,
        name: &HeaderName,
        room: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<Option<Vec<u8>>, E> {
        match self.all.get() {
            None => joined(|| self.wire.values(name), room),
            Some(own) => joined(|| values(own, name), room),
        }
    }

    /// The length of what [`get`](Self::get) joins, and a little more.
    pub fn joined_length(&self, name: &HeaderName) -> usize {
        match self.all.get() {
            None => joined_length(self.wire.values(name)),
            Some(own) => joined_length(values(own, name)),
        }
    }

    /// All values of a name, one by one.
    pub fn get_all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        let all = self.all.get();
        let wire = all.is_none().then(|| self.wire.values(name));
        let own = all.map(|own| values(own, name));
        own.into_iter().flatten().chain(wire.into_iter().flatten())
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-append>
    pub fn append(&mut self, name: HeaderName, value: Vec<u8>) {
        self.append_value(name, value.into());
    }

    /// The same, of a value that may be a constant.
    pub fn append_value(&mut self, name: HeaderName, value: Cow<'static, [u8]>) {
        let own = self.own();
        if own.is_empty() {
            // Most responses have one, and their lists live until they are collected.
            own.reserve_exact(1);
        }
        own.push((name, value));
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-delete>
    pub fn delete(&mut self, name: &HeaderName) {
        self.own().retain(|(n, _)| n != name);
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-set>
    pub fn set(&mut self, name: HeaderName, value: Vec<u8>) {
        let own = self.own();
        match own.iter().position(|(n, _)| *n == name) {
            None => own.push((name, value.into())),
            Some(first) => {
                own[first].1 = value.into();
                let mut index = 0;
                own.retain(|(n, _)| {
                    index += 1;
                    index - 1 <= first || *n != name
                });
            }
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine>
    pub fn sort_and_combine(&self) -> Combined {
        let all = self.all();
        let mut order: Vec<usize> = (0..all.len()).collect();
        // Values of one name keep their order.
        order.sort_by_key(|&place| all[place].0.as_str());
        let is_same = |&[before, place]: &[usize; 2]| {
            let name = &all[place].0;
            *name == all[before].0 && *name != http::header::SET_COOKIE
        };
        let mut starts: Vec<usize> = (0..order.len().min(1)).collect();
        let pairs = order.array_windows().zip(1..);
        starts.extend(pairs.filter(|(pair, _)| !is_same(pair)).map(|(_, at)| at));
        Combined { order, starts }
    }

    /// The header at this index of a [`Combined`] of this list, if `room` has no objection to as many bytes.
    ///
    /// # Errors
    /// The objection.
    pub fn combined<E>(
        &self,
        combined: &Combined,
        index: usize,
        room: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<Option<(&HeaderName, Vec<u8>)>, E> {
        let all = self.all();
        let places = combined.places(index);
        let Some(first) = places.first() else {
            return Ok(None);
        };
        let values = || places.iter().map(move |&place| &*all[place].1);
        let value = joined(values, room)?;
        Ok(value.map(|value| (&all[*first].0, value)))
    }
}

/// A list in order and by names: where its headers are. A value is joined when somebody asks for it, so that this takes little.
#[derive(Debug, Default)]
pub struct Combined {
    /// The places of headers, sorted by their names.
    order: Vec<usize>,
    /// Where in there each of the combined headers begins.
    starts: Vec<usize>,
}

impl Combined {
    /// The places of the headers that are combined in the one at this index; none behind the last one.
    fn places(&self, index: usize) -> &[usize] {
        let start = self.starts.get(index).copied();
        let end = self.starts.get(index + 1).copied();
        let range = start.unwrap_or(self.order.len())..end.unwrap_or(self.order.len());
        self.order.get(range).unwrap_or_default()
    }
}

impl ExternalSize for Combined {
    fn external_size(&self) -> usize {
        size_of_val(&*self.order) + size_of_val(&*self.starts)
    }
}

impl FromIterator<(HeaderName, Vec<u8>)> for HeaderList {
    fn from_iter<T: IntoIterator<Item = (HeaderName, Vec<u8>)>>(headers: T) -> HeaderList {
        let headers = headers.into_iter();
        let headers = headers.map(|(name, value)| (name, value.into()));
        HeaderList {
            wire: Fields::default(),
            all: OnceCell::from(Vec::from_iter(headers)),
        }
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

    /// A list from the network is asked for values before it is looked through, and after.
    #[test]
    fn a_list_from_the_network_is_like_others() {
        let mut map = http::HeaderMap::new();
        for (n, v) in [("a", "1"), ("b", "2"), ("a", "3")] {
            map.append(name(n), v.parse().unwrap());
        }
        let mut list = HeaderList::from_wire(Fields::from(&map));
        let size = list.external_size();
        for _ in 0..2 {
            assert_eq!(list.get(&name("a")), Some(b"1, 3".to_vec()));
            assert!(list.contains(&name("b")) && !list.contains(&name("c")));
            assert_eq!((list.len(), list.is_empty()), (3, false));
            let a = name("a");
            let values: Vec<_> = list.get_all(&a).collect();
            assert_eq!(values, [b"1", b"3"]);
            assert_eq!(list.external_size(), size);
            // From here on it is made.
            assert_eq!(list.iter().count(), 3);
        }
        list.delete(&name("a"));
        list.append(name("c"), b"4".to_vec());
        assert_eq!((list.get(&name("a")), list.len()), (None, 2));
        assert!(list.external_size() < size);
        let mut fresh = HeaderList::from_wire(Fields::from(&map));
        fresh.set(name("a"), b"5".to_vec());
        assert_eq!(
            (fresh.get(&name("a")), fresh.len()),
            (Some(b"5".to_vec()), 2)
        );
    }

    #[test]
    fn set_replaces_the_first_and_drops_the_rest() {
        let mut list = HeaderList::default();
        for (n, v) in [("a", "1"), ("b", "2"), ("A", "3"), ("c", "4"), ("a", "5")] {
            list.append(name(n), v.into());
        }
        list.set(name("a"), b"x".to_vec());
        let left: Vec<_> = list.iter().map(|(n, v)| (n.as_str(), &**v)).collect();
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
        list.append(name("a"), b"3".to_vec());
        let combined = list.sort_and_combine();
        let at = |index| {
            let Ok(found) = list.combined(&combined, index, |_| Ok::<_, Infallible>(()));
            found.map(|(n, v)| format!("{n}={}", String::from_utf8(v).unwrap()))
        };
        let all: Vec<_> = (0..).map_while(at).collect();
        assert_eq!(all, ["a=3", "set-cookie=b", "set-cookie=a", "x=1, 2"]);
        let none = HeaderList::default();
        let found = none.combined(&none.sort_and_combine(), 0, |_| Ok::<_, Infallible>(()));
        assert_eq!(found, Ok(None));
        // Values are asked for before they are joined.
        assert_eq!(list.combined(&combined, 3, Err), Err(6));
    }

    #[test]
    fn values_lose_outer_whitespace_only() {
        assert_eq!(normalize(b" \t a b\r\n".to_vec()), b"a b");
        assert_eq!(normalize(b"  ".to_vec()), b"");
        assert!(is_value(b"a\x01b") && !is_value(b"a\nb") && !is_value(b"\0"));
    }
}
