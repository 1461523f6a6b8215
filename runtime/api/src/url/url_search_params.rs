//! `URLSearchParams`, <https://url.spec.whatwg.org/#interface-urlsearchparams>.

use std::rc::Rc;

use nano_webidl::{Accounted, Fallible, Scope, Trace, require_room, room, type_error};

use super::url::Shared;
use super::urlencoded::{self, PairList, Pairs, pair_size};
use crate::bindings::types::SequenceOrRecordOrUsvString as Init;
use crate::bindings::url_search_params::UrlSearchParamsMethods;

/// A `URLSearchParams` object.
#[derive(Trace)]
#[own_memory]
pub struct UrlSearchParams {
    #[untraced]
    list: Rc<Accounted<PairList>>,
    /// The standard's URL object: who is told of changes.
    #[untraced]
    url: Option<Rc<Shared>>,
}

impl UrlSearchParams {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        size_of::<Accounted<PairList>>()
    }

    /// An object with these pairs, and no URL.
    pub fn new(list: Pairs) -> Self {
        UrlSearchParams {
            list: Rc::new(PairList(list).into()),
            url: None,
        }
    }

    /// The query object of a URL.
    pub(super) fn of_url(list: Rc<Accounted<PairList>>, url: Rc<Shared>) -> Self {
        UrlSearchParams {
            list,
            url: Some(url),
        }
    }

    /// <https://url.spec.whatwg.org/#urlsearchparams-stringification-behavior>
    ///
    /// # Errors
    /// A `RangeError` if it does not fit into the app's memory limit.
    pub fn serialize(&self, scope: &mut Scope) -> Fallible<String> {
        let length = urlencoded::serialized_length(&self.list.borrow().0);
        let mut text = room::string(scope, length)?;
        urlencoded::serialize(&self.list.borrow().0, &mut text);
        Ok(text)
    }

    /// Changes the list, and the URL with it.
    fn change(&self, scope: &mut Scope, write: impl FnOnce(&mut Pairs)) -> Fallible<()> {
        self.list.change(|list| write(&mut list.0));
        self.update(scope)
    }

    /// <https://url.spec.whatwg.org/#concept-urlsearchparams-update>
    fn update(&self, scope: &mut Scope) -> Fallible<()> {
        // 1. If query's URL object is null, then return.
        if let Some(url) = &self.url {
            let query = self.serialize(scope)?;
            // The parser's, and the URL's.
            require_room(scope, query.len().saturating_mul(2))?;
            url.set_query(&query);
        }
        Ok(())
    }
}

/// Whether a pair has this name and, where one is given, this value.
fn matches(pair: &(String, String), name: &str, value: Option<&str>) -> bool {
    pair.0 == name && value.is_none_or(|value| pair.1 == value)
}

fn set(list: &mut Pairs, name: String, value: String) {
    match list.iter().position(|pair| pair.0 == name) {
        // 1. If there is such a pair, set its value, and remove the others of this name.
        Some(first) => {
            let mut index = 0;
            list.retain(|pair| {
                index += 1;
                index - 1 <= first || pair.0 != name
            });
            list[first].1 = value;
        }
        // 2. Otherwise, append one.
        None => list.push((name, value)),
    }
}

/// By code units of UTF-16, which differs from the order of UTF-8 above U+FFFF.
fn sort(list: &mut Pairs) {
    list.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
}

impl UrlSearchParamsMethods for UrlSearchParams {
    // https://url.spec.whatwg.org/#urlsearchparams-initialize
    fn constructor(scope: &mut Scope, init: Init) -> Fallible<Self> {
        let list = match init {
            Init::Sequence(items) => items
                .into_iter()
                .map(|item| {
                    <[String; 2]>::try_from(item).map(Into::into).map_err(|item| {
                        type_error(format!("The sequence initializer must have pairs only, but has an item of length {}", item.len()))
                    })
                })
                .collect::<Fallible<Pairs>>()?,
            Init::Record(pairs) => pairs,
            Init::UsvString(text) => {
                urlencoded::parse(scope, text.strip_prefix('?').unwrap_or(&text).as_bytes())?
            }
        };
        Ok(UrlSearchParams::new(list))
    }

    fn size(&self) -> u32 {
        self.list.borrow().0.len() as u32
    }

    fn append(&self, scope: &mut Scope, name: String, value: String) -> Fallible<()> {
        self.list.extend(pair_size(&name, &value), |list| {
            list.0.push((name, value));
        });
        self.update(scope)
    }

    fn delete(&self, scope: &mut Scope, name: String, value: Option<String>) -> Fallible<()> {
        self.change(scope, |list| {
            list.retain(|pair| !matches(pair, &name, value.as_deref()));
        })
    }

    fn get(&self, scope: &mut Scope, name: String) -> Fallible<Option<String>> {
        let list = self.list.borrow();
        let first = list.0.iter().find(|pair| pair.0 == name);
        first.map(|(_, value)| room::copy(scope, value)).transpose()
    }

    fn get_all(&self, scope: &mut Scope, name: String) -> Fallible<Vec<String>> {
        let (mut count, mut bytes) = (0, 0);
        for (_, value) in self.list.borrow().0.iter().filter(|pair| pair.0 == name) {
            count += 1;
            bytes += value.len();
        }
        let mut values = room::list(scope, count, bytes)?;
        let list = self.list.borrow();
        let own = list.0.iter().filter(|pair| pair.0 == name);
        values.extend(own.map(|(_, value)| value.clone()));
        Ok(values)
    }

    fn has(&self, name: String, value: Option<String>) -> Fallible<bool> {
        Ok(self
            .list
            .borrow()
            .0
            .iter()
            .any(|pair| matches(pair, &name, value.as_deref())))
    }

    // https://url.spec.whatwg.org/#dom-urlsearchparams-set
    fn set(&self, scope: &mut Scope, name: String, value: String) -> Fallible<()> {
        self.change(scope, |list| set(list, name, value))
    }

    // https://url.spec.whatwg.org/#dom-urlsearchparams-sort
    fn sort(&self, scope: &mut Scope) -> Fallible<()> {
        self.change(scope, sort)
    }

    fn stringify(&self, scope: &mut Scope) -> Fallible<String> {
        self.serialize(scope)
    }

    fn pair_at<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
    ) -> Fallible<Option<(String, String)>> {
        let list = self.list.borrow();
        let Some((name, value)) = list.0.get(index) else {
            return Ok(None);
        };
        Ok(Some((room::copy(scope, name)?, room::copy(scope, value)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(list: &Pairs) -> String {
        let mut text = String::new();
        urlencoded::serialize(list, &mut text);
        text
    }

    #[test]
    fn set_keeps_the_first_place_and_drops_the_others() {
        let mut list = urlencoded::pairs(b"b=0&a=1&c=2&a=3");
        set(&mut list, "a".to_owned(), "4".to_owned());
        assert_eq!(text(&list), "b=0&a=4&c=2");
        set(&mut list, "d".to_owned(), "5".to_owned());
        assert_eq!(text(&list), "b=0&a=4&c=2&d=5");
    }

    #[test]
    fn sorting_is_stable_and_by_utf16() {
        let mut list = urlencoded::pairs("ﬃ&🌈&a=2&a=1".as_bytes());
        sort(&mut list);
        assert_eq!(text(&list), "a=2&a=1&%F0%9F%8C%88=&%EF%AC%83=");
    }
}
