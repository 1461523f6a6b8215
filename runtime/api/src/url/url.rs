//! `URL`, <https://url.spec.whatwg.org/#url-class>.

use std::cell::OnceCell;
use std::rc::Rc;

use nano_webidl::{
    Accounted, Error, ExternalSize, Fallible, Ref, Scope, Trace, require_room, type_error,
};

use super::UrlRecord;
use super::url_search_params::UrlSearchParams;
use super::urlencoded::{self, PairList, Pairs};
use crate::bindings::url::UrlMethods;

/// A `URL` object.
#[derive(Trace)]
#[own_memory]
pub struct Url {
    #[untraced]
    shared: Rc<Shared>,
}

/// What a `URL` shares with its `searchParams`: a change of one shows in the other.
pub(super) struct Shared {
    record: Accounted<Record>,
    /// The query as a list; absent until somebody asks for `searchParams`, as nobody does for most URLs.
    pairs: OnceCell<Rc<Accounted<PairList>>>,
}

/// A URL that belongs to an app.
struct Record(UrlRecord);

impl ExternalSize for Record {
    fn external_size(&self) -> usize {
        /// ada's object, in blocks of the allocator.
        const OBJECT: usize = 192;
        OBJECT + self.0.href().len()
    }
}

impl Shared {
    /// The list of the query object, made of the query the first time.
    fn pairs(&self) -> Rc<Accounted<PairList>> {
        self.pairs
            .get_or_init(|| Rc::new(PairList(self.parse_query()).into()))
            .clone()
    }

    fn parse_query(&self) -> Pairs {
        let record = self.record.borrow();
        let search = record.0.search();
        urlencoded::pairs(search.strip_prefix('?').unwrap_or(search).as_bytes())
    }

    /// Asks for the room that the query object's list takes once there is one, of this query or of a URL with it.
    fn require_room(&self, scope: &mut Scope, query: &str) -> Fallible<()> {
        if self.pairs.get().is_none() || is_too_long(query) {
            return Ok(());
        }
        require_room(scope, urlencoded::room(query.as_bytes()))
    }

    /// Makes the query object's list that of the URL's query, after the latter changed.
    fn refresh_pairs(&self) {
        if let Some(pairs) = self.pairs.get() {
            pairs.change(|pairs| pairs.0 = self.parse_query());
        }
    }

    /// <https://url.spec.whatwg.org/#concept-urlsearchparams-update>, from step 2.
    pub(super) fn set_query(&self, serialized: &str) {
        // An empty query is no query: the URL has no "?" then.
        let query = (!serialized.is_empty()).then_some(serialized);
        self.record.change(|record| record.0.set_search(query));
    }
}

impl Url {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        size_of::<Shared>()
    }

    /// An object for this URL.
    pub fn new(record: UrlRecord) -> Self {
        Url {
            shared: Rc::new(Shared {
                record: Record(record).into(),
                pairs: OnceCell::new(),
            }),
        }
    }

    fn get(&self, read: impl FnOnce(&UrlRecord) -> &str) -> String {
        read(&self.shared.record.borrow().0).to_owned()
    }

    /// Runs a setter. Those ignore what they cannot use, as the standard wants them to; only `href` throws.
    fn change<R>(
        &self,
        value: &str,
        write: impl FnOnce(&mut UrlRecord, &str) -> R,
    ) -> Fallible<()> {
        if !is_too_long(value) {
            self.shared
                .record
                .change(|record| write(&mut record.0, value));
        }
        Ok(())
    }
}

/// The most bytes that a URL may have when it is percent-encoded. The parser takes several times as much while it works.
const LONGEST: usize = 32 << 20;

/// Whether a URL, or a part of one, is so long that it is none. DEPARTURE: the standard knows no longest URL; engines do.
fn is_too_long(text: &str) -> bool {
    // A byte that is not ASCII becomes three.
    let encoded = || text.len() + 2 * text.bytes().filter(|byte| !byte.is_ascii()).count();
    text.len() > LONGEST / 3 && encoded() > LONGEST
}

/// <https://url.spec.whatwg.org/#api-url-parser>; `None` for failure.
pub fn parse(url: &str, base: Option<&str>) -> Option<UrlRecord> {
    if is_too_long(url) {
        return None;
    }
    UrlRecord::parse(url, base).ok()
}

/// The error for a text that is no URL.
pub fn invalid_url(url: &str, base: Option<&str>) -> Error {
    if is_too_long(url) {
        return type_error(format!(
            "Invalid URL: it has {} bytes, percent-encoded more than {LONGEST}, the most that a URL may have",
            url.len()
        ));
    }
    let url = shorten(url);
    type_error(match base {
        Some(base) => format!("Invalid URL: '{url}' with base '{}'", shorten(base)),
        None => format!("Invalid URL: '{url}' (a relative URL needs a base)"),
    })
}

/// Keeps an error's message readable, whatever the app took for a URL.
fn shorten(text: &str) -> String {
    const READABLE: usize = 200;
    match text.char_indices().nth(READABLE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl UrlMethods for Url {
    // https://url.spec.whatwg.org/#dom-url-url
    fn constructor(url: String, base: Option<String>) -> Fallible<Self> {
        parse(&url, base.as_deref())
            .map(Url::new)
            .ok_or_else(|| invalid_url(&url, base.as_deref()))
    }

    // https://url.spec.whatwg.org/#dom-url-parse
    fn parse<'s>(
        scope: &mut Scope<'s, '_>,
        url: String,
        base: Option<String>,
    ) -> Fallible<Option<Ref<'s, Url>>> {
        Ok(parse(&url, base.as_deref()).map(|record| Ref::new(scope, Url::new(record))))
    }

    // https://url.spec.whatwg.org/#dom-url-canparse
    fn can_parse(url: String, base: Option<String>) -> Fallible<bool> {
        Ok(!is_too_long(&url) && UrlRecord::can_parse(&url, base.as_deref()))
    }

    fn href(&self, _: &mut Scope) -> String {
        self.get(UrlRecord::href)
    }

    // https://url.spec.whatwg.org/#dom-url-href
    fn set_href(&self, scope: &mut Scope, value: String) -> Fallible<()> {
        self.shared.require_room(scope, &value)?;
        // 1. and 2. Let parsedURL be the result of running the basic URL parser on the given value. If it is failure, throw.
        let record = parse(&value, None).ok_or_else(|| invalid_url(&value, None))?;
        // 3. to 7.
        self.shared.record.change(|own| own.0 = record);
        self.shared.refresh_pairs();
        Ok(())
    }

    fn origin(&self) -> String {
        self.shared.record.borrow().0.origin()
    }

    fn protocol(&self) -> String {
        self.get(UrlRecord::protocol)
    }

    fn set_protocol(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_protocol(value))
    }

    fn username(&self) -> String {
        self.get(UrlRecord::username)
    }

    fn set_username(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_username(Some(value)))
    }

    fn password(&self) -> String {
        self.get(UrlRecord::password)
    }

    fn set_password(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_password(Some(value)))
    }

    fn host(&self) -> String {
        self.get(UrlRecord::host)
    }

    fn set_host(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_host(Some(value)))
    }

    fn hostname(&self) -> String {
        self.get(UrlRecord::hostname)
    }

    fn set_hostname(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_hostname(Some(value)))
    }

    fn port(&self) -> String {
        self.get(UrlRecord::port)
    }

    fn set_port(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_port(Some(value)))
    }

    fn pathname(&self) -> String {
        self.get(UrlRecord::pathname)
    }

    fn set_pathname(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_pathname(Some(value)))
    }

    fn search(&self, _: &mut Scope) -> String {
        self.get(UrlRecord::search)
    }

    // https://url.spec.whatwg.org/#dom-url-search
    fn set_search(&self, scope: &mut Scope, value: String) -> Fallible<()> {
        self.shared.require_room(scope, &value)?;
        self.change(&value, |record, value| record.set_search(Some(value)))?;
        self.shared.refresh_pairs();
        Ok(())
    }

    // https://url.spec.whatwg.org/#dom-url-searchparams
    fn search_params<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, UrlSearchParams>> {
        if self.shared.pairs.get().is_none() {
            let room = urlencoded::room(self.shared.record.borrow().0.search().as_bytes());
            require_room(scope, room)?;
        }
        let params = UrlSearchParams::of_url(self.shared.pairs(), self.shared.clone());
        Ok(Ref::new(scope, params))
    }

    fn hash(&self) -> String {
        self.get(UrlRecord::hash)
    }

    fn set_hash(&self, value: String) -> Fallible<()> {
        self.change(&value, |record, value| record.set_hash(Some(value)))
    }

    fn to_json(&self) -> Fallible<String> {
        Ok(self.get(UrlRecord::href))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_url_and_its_base() {
        assert_eq!(
            invalid_url("a", Some("b")),
            type_error("Invalid URL: 'a' with base 'b'")
        );
        let long = "é".repeat(1000);
        let Error::Type(message) = invalid_url(&long, None) else {
            panic!("a TypeError")
        };
        assert!(message.chars().count() < 300, "{message}");
    }

    #[test]
    fn endless_urls_are_none() {
        let long = "€".repeat(LONGEST / 9 + 1);
        assert!(parse(&format!("http://a.example/{long}"), None).is_none());
        let Error::Type(message) = invalid_url(&long, None) else {
            panic!("a TypeError")
        };
        assert!(
            message.contains("the most that a URL may have"),
            "{message}"
        );
        assert!(!Url::can_parse(format!("http://a.example/{long}"), None).expect("never fails"));
        let url = Url::new(parse("http://a.example/path", None).expect("a URL"));
        url.set_pathname(long).expect("never fails");
        assert_eq!(url.get(UrlRecord::href), "http://a.example/path");
        // The same number of bytes, which stay what they are.
        let ascii = "x".repeat(LONGEST / 2);
        assert!(parse(&format!("http://a.example/{ascii}"), None).is_some());
    }

    #[test]
    fn the_query_and_its_list_follow_each_other() {
        let url = Url::new(parse("https://a.example/?x=1", None).expect("a URL"));
        let pairs = url.shared.pairs();
        assert_eq!(pairs.borrow().0, [("x".to_owned(), "1".to_owned())]);
        url.change("?y=%20", |record, value| record.set_search(Some(value)))
            .expect("never fails");
        url.shared.refresh_pairs();
        assert_eq!(pairs.borrow().0, [("y".to_owned(), " ".to_owned())]);
        url.shared.set_query("z=1+2");
        assert_eq!(url.get(UrlRecord::href), "https://a.example/?z=1+2");
        url.shared.set_query("");
        assert_eq!(url.get(UrlRecord::href), "https://a.example/");
    }
}
