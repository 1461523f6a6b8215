//! `Headers`, <https://fetch.spec.whatwg.org/#headers-class>.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use http::HeaderName;
use nano_engine::external_memory::ExternalMemory;
use nano_webidl::{
    Error, ExternalSize as _, Fallible, Scope, Trace, excerpt, require_room, room, type_error,
};

use super::header_list::{AppHeaderList, Combined, header_size, is_value, normalize};
use crate::bindings::headers::HeadersMethods;
use crate::bindings::types::HeadersInit;

/// <https://fetch.spec.whatwg.org/#concept-headers-guard>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guard {
    /// Anything goes.
    #[default]
    None,
    /// Nothing may be changed.
    Immutable,
    /// A request's headers. DEPARTURE: a server's app may set every name, `Cookie` and `Origin` included, so nothing is filtered.
    Request,
    /// Headers of a request whose mode is `no-cors`.
    RequestNoCors,
    /// A response's headers. DEPARTURE: as for requests, `Set-Cookie` is not filtered: it is what servers respond with.
    Response,
}

/// The headers of a request or a response, or of their own. Shares its list with the request or response it belongs to.
#[derive(Trace)]
pub struct Headers {
    #[untraced]
    list: Rc<AppHeaderList>,
    #[untraced]
    guard: Cell<Guard>,
    /// The order that an iteration goes through, until the list changes.
    #[untraced]
    sorted: RefCell<Option<Rc<Combined>>>,
    /// Of `sorted`.
    #[untraced]
    memory: ExternalMemory,
}

impl Headers {
    /// An object over an existing list.
    pub fn over(list: Rc<AppHeaderList>, guard: Guard) -> Headers {
        Headers {
            list,
            guard: Cell::new(guard),
            sorted: RefCell::default(),
            memory: ExternalMemory::default(),
        }
    }

    /// The list.
    pub fn list(&self) -> &Rc<AppHeaderList> {
        &self.list
    }

    /// The guard.
    pub fn guard(&self) -> Guard {
        self.guard.get()
    }

    /// <https://fetch.spec.whatwg.org/#concept-headers-fill>
    pub fn fill(&self, init: HeadersInit) -> Fallible<()> {
        match init {
            // 1. If object is a sequence, then for each header of object:
            HeadersInit::Sequence(pairs) => {
                for pair in pairs {
                    // 1.1 If header's size is not 2, then throw a TypeError.
                    let found = pair.len();
                    let [name, value]: [Vec<u8>; 2] = pair.try_into().map_err(|_| {
                        type_error(format!(
                            "a header must be a pair of name and value; one has {found} items"
                        ))
                    })?;
                    // 1.2 Append (header[0], header[1]) to headers.
                    self.append(name, value)?;
                }
            }
            // 2. Otherwise, object is a record, then for each key → value of object, append (key, value) to headers.
            HeadersInit::Record(entries) => {
                for (name, value) in entries {
                    self.append(name, value)?;
                }
            }
        }
        Ok(())
    }

    /// <https://fetch.spec.whatwg.org/#headers-validate>: whether the change may be made.
    fn validate(&self, name: &[u8], value: &[u8]) -> Fallible<Option<HeaderName>> {
        // 1. If name is not a header name or value is not a header value, then throw a TypeError.
        let name = parse_name(name)?;
        if !is_value(value) {
            return Err(type_error(format!(
                "the value of '{name}' has a NUL, CR or LF in it"
            )));
        }
        match self.guard.get() {
            // 2. If headers's guard is "immutable", then throw a TypeError.
            Guard::Immutable => Err(type_error(
                "these headers are immutable; those of a copy are not: new Response(response.body, response), new Request(request)",
            )),
            Guard::RequestNoCors if !is_no_cors_safelisted(&name, value) => Ok(None),
            _ => Ok(Some(name)),
        }
    }

    fn changed(&self) {
        self.sorted.take();
        self.memory.set(0);
    }

    /// The list sorted and combined, made anew only after a change.
    fn sorted(&self) -> Rc<Combined> {
        self.sorted
            .borrow_mut()
            .get_or_insert_with(|| {
                let sorted = self.list.borrow().sort_and_combine();
                self.memory.set(sorted.external_size());
                sorted.into()
            })
            .clone()
    }
}

impl HeadersMethods for Headers {
    // https://fetch.spec.whatwg.org/#dom-headers
    fn constructor(init: Option<HeadersInit>) -> Fallible<Self> {
        // 1. Set this's guard to "none".
        let headers = Headers::over(Rc::default(), Guard::None);
        // 2. If init is given, then fill this with init.
        if let Some(init) = init {
            headers.fill(init)?;
        }
        Ok(headers)
    }

    // https://fetch.spec.whatwg.org/#concept-headers-append
    fn append(&self, name: Vec<u8>, value: Vec<u8>) -> Fallible<()> {
        // 1. Normalize value.
        let value = normalize(value);
        // 2. If validating (name, value) for headers returns false, then return.
        let mut whole = None;
        if self.guard.get() == Guard::RequestNoCors
            && let Ok(name) = parse_name(&name)
            && let Some(mut before) = self.list.borrow().get(&name)
        {
            // 3. If headers's guard is "request-no-cors", the value to be checked is the combined one.
            before.extend_from_slice(b", ");
            before.extend_from_slice(&value);
            whole = Some(before);
        }
        let Some(name) = self.validate(&name, whole.as_ref().unwrap_or(&value))? else {
            return Ok(());
        };
        // 4. Append (name, value) to headers's header list.
        self.list.extend(header_size(&name, &value), |list| {
            list.append(name, value);
        });
        self.changed();
        Ok(())
    }

    // https://fetch.spec.whatwg.org/#dom-headers-delete
    fn delete(&self, name: Vec<u8>) -> Fallible<()> {
        // 1. If validating (name, ``) for this returns false, then return.
        let name = match self.guard.get() {
            Guard::RequestNoCors => Some(parse_name(&name)?),
            _ => self.validate(&name, b"")?,
        };
        let Some(name) = name else { return Ok(()) };
        // 2. Only safelisted and privileged names can be deleted under "request-no-cors".
        if self.guard.get() == Guard::RequestNoCors
            && !is_no_cors_name(&name)
            && name != http::header::RANGE
        {
            return Ok(());
        }
        // 4. Delete name from this's header list.
        self.list.change(|list| list.delete(&name));
        self.changed();
        Ok(())
    }

    // https://fetch.spec.whatwg.org/#dom-headers-get
    fn get(&self, scope: &mut Scope, name: Vec<u8>) -> Fallible<Option<Vec<u8>>> {
        let name = parse_name(&name)?;
        let list = self.list.borrow();
        list.get_within(&name, |length| require_room(scope, length))
    }

    // https://fetch.spec.whatwg.org/#dom-headers-getsetcookie
    fn get_set_cookie(&self, scope: &mut Scope) -> Fallible<Vec<Vec<u8>>> {
        let name = &http::header::SET_COOKIE;
        let count = self.list.borrow().get_all(name).count();
        let bytes = self.list.borrow().joined_length(name);
        let mut values = room::list(scope, count, bytes)?;
        values.extend(self.list.borrow().get_all(name).map(<[u8]>::to_vec));
        Ok(values)
    }

    // https://fetch.spec.whatwg.org/#dom-headers-has
    fn has(&self, name: Vec<u8>) -> Fallible<bool> {
        Ok(self.list.borrow().contains(&parse_name(&name)?))
    }

    // https://fetch.spec.whatwg.org/#dom-headers-set
    fn set(&self, name: Vec<u8>, value: Vec<u8>) -> Fallible<()> {
        // 1. Normalize value.
        let value = normalize(value);
        // 2. If validating (name, value) for this returns false, then return.
        let Some(name) = self.validate(&name, &value)? else {
            return Ok(());
        };
        // 4. Set (name, value) in this's header list.
        self.list.change(|list| list.set(name, value));
        self.changed();
        Ok(())
    }

    // https://fetch.spec.whatwg.org/#dom-headers-value-pairs-to-iterate-over
    fn pair_at(&self, scope: &mut Scope, index: usize) -> Fallible<Option<(Vec<u8>, Vec<u8>)>> {
        // A change during iteration shows: the next step sorts the list as it is then.
        let sorted = self.sorted();
        let list = self.list.borrow();
        let found = list.combined(&sorted, index, |length| require_room(scope, length))?;
        Ok(found.map(|(name, value)| (name.as_str().as_bytes().to_vec(), value)))
    }
}

/// <https://fetch.spec.whatwg.org/#header-name>
pub fn parse_name(name: &[u8]) -> Result<HeaderName, Error> {
    HeaderName::from_bytes(name).map_err(|_| {
        type_error(format!(
            "'{}' is not a header name",
            excerpt(&String::from_utf8_lossy(&name[..name.len().min(1000)]))
        ))
    })
}

/// <https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header-name>
fn is_no_cors_name(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "accept" | "accept-language" | "content-language" | "content-type"
    )
}

/// <https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header>
fn is_no_cors_safelisted(name: &HeaderName, value: &[u8]) -> bool {
    if !is_no_cors_name(name) || value.len() > 128 {
        return false;
    }
    // https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte
    let is_unsafe = |byte: &u8| {
        (*byte < 0x20 && *byte != b'\t') || *byte == 0x7F || br#""():<>?@[\]{}"#.contains(byte)
    };
    match name.as_str() {
        "accept" => !value.iter().any(is_unsafe),
        "content-type" => {
            let essence = value
                .split(|b| *b == b';')
                .next()
                .unwrap_or_default()
                .trim_ascii()
                .to_ascii_lowercase();
            !value.iter().any(is_unsafe)
                && matches!(
                    essence.as_slice(),
                    b"application/x-www-form-urlencoded" | b"multipart/form-data" | b"text/plain"
                )
        }
        _ => value
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b" *,-.;=".contains(b)),
    }
}
