//! <https://urlpattern.spec.whatwg.org/#canon-processing-for-init>

use nano_webidl::{Fallible, type_error};

use super::canonicalize;
use super::component::SPECIAL_SCHEMES;
use super::parts::escape_pattern;
use crate::bindings::types::UrlPatternInit;
use crate::url::UrlRecord;
use crate::url::url::parse;

/// What a `URLPatternInit` is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Pattern,
    Url,
}

/// <https://urlpattern.spec.whatwg.org/#process-a-urlpatterninit>; `result` has the components that are given.
pub(super) fn process(
    init: &UrlPatternInit,
    kind: Type,
    mut result: UrlPatternInit,
) -> Fallible<UrlPatternInit> {
    // 10. and 11.
    let base = match &init.base_url {
        None => None,
        Some(text) => {
            let base = parse(text, None).ok_or_else(|| crate::url::url::invalid_url(text, None))?;
            inherit(init, &base, kind, &mut result);
            Some(base)
        }
    };
    // 12. to 15.
    if let Some(protocol) = &init.protocol {
        let stripped = protocol.strip_suffix(':').unwrap_or(protocol);
        result.protocol = Some(encode(stripped, kind, canonicalize::protocol)?);
    }
    if let Some(username) = &init.username {
        result.username = Some(encode(username, kind, canonicalize::username)?);
    }
    if let Some(password) = &init.password {
        result.password = Some(encode(password, kind, canonicalize::password)?);
    }
    if let Some(hostname) = &init.hostname {
        result.hostname = Some(encode(hostname, kind, canonicalize::hostname)?);
    }
    // 16. and 17.
    let protocol = result.protocol.clone().unwrap_or_default();
    if let Some(port) = &init.port {
        let canonicalize = |port: &str| canonicalize::port(port, &protocol);
        result.port = Some(encode(port, kind, canonicalize)?);
    }
    // 18.
    if let Some(mut pathname) = init.pathname.clone() {
        if let Some(base) = &base
            && !has_opaque_path(base)
            && !is_absolute(&pathname, kind)
        {
            let path = of_base(base.pathname(), kind);
            if let Some(slash) = path.rfind('/') {
                pathname.insert_str(0, &path[..=slash]);
            }
        }
        let is_hierarchical = protocol.is_empty() || SPECIAL_SCHEMES.contains(&&*protocol);
        let canonicalize = match is_hierarchical {
            true => canonicalize::pathname,
            false => canonicalize::opaque_pathname,
        };
        result.pathname = Some(encode(&pathname, kind, canonicalize)?);
    }
    // 19. and 20.
    if let Some(search) = &init.search {
        let stripped = search.strip_prefix('?').unwrap_or(search);
        result.search = Some(encode(stripped, kind, canonicalize::search)?);
    }
    if let Some(hash) = &init.hash {
        let stripped = hash.strip_prefix('#').unwrap_or(hash);
        result.hash = Some(encode(stripped, kind, canonicalize::hash)?);
    }
    // 21.
    Ok(result)
}

/// A dictionary with the same value for each component.
pub(super) fn uniform(value: Option<&str>) -> UrlPatternInit {
    let value = || value.map(str::to_owned);
    UrlPatternInit {
        protocol: value(),
        username: value(),
        password: value(),
        hostname: value(),
        port: value(),
        pathname: value(),
        search: value(),
        hash: value(),
        base_url: None,
    }
}

/// Step 11: a base URL gives what is less specific than anything in `init`.
fn inherit(init: &UrlPatternInit, base: &UrlRecord, kind: Type, result: &mut UrlPatternInit) {
    let protocol = init.protocol.is_none();
    let hostname = protocol && init.hostname.is_none();
    let port = hostname && init.port.is_none();
    if protocol {
        let scheme = base.protocol().trim_end_matches(':');
        result.protocol = Some(of_base(scheme, kind));
    }
    if kind == Type::Url && port && init.username.is_none() {
        result.username = Some(base.username().to_owned());
        if init.password.is_none() {
            result.password = Some(base.password().to_owned());
        }
    }
    if hostname {
        result.hostname = Some(of_base(base.hostname(), kind));
    }
    if port {
        result.port = Some(base.port().to_owned());
    }
    let pathname = port && init.pathname.is_none();
    if pathname {
        result.pathname = Some(of_base(base.pathname(), kind));
    }
    let search = pathname && init.search.is_none();
    if search {
        result.search = Some(of_base(base.search().get(1..).unwrap_or_default(), kind));
    }
    if search && init.hash.is_none() {
        result.hash = Some(of_base(base.hash().get(1..).unwrap_or_default(), kind));
    }
}

/// <https://urlpattern.spec.whatwg.org/#process-a-base-url-string>
fn of_base(text: &str, kind: Type) -> String {
    match kind {
        Type::Pattern => escape_pattern(text),
        Type::Url => text.to_owned(),
    }
}

/// The steps "process … for init" from where nothing is stripped any more.
fn encode(
    value: &str,
    kind: Type,
    canonicalize: impl FnOnce(&str) -> Fallible<String>,
) -> Fallible<String> {
    match kind {
        Type::Pattern => Ok(value.to_owned()),
        Type::Url => canonicalize(value),
    }
}

/// <https://urlpattern.spec.whatwg.org/#is-an-absolute-pathname>
fn is_absolute(pathname: &str, kind: Type) -> bool {
    pathname.starts_with('/')
        || kind == Type::Pattern && (pathname.starts_with("\\/") || pathname.starts_with("{/"))
}

/// <https://url.spec.whatwg.org/#url-opaque-path>
fn has_opaque_path(url: &UrlRecord) -> bool {
    !url.has_hostname() && !url.pathname().starts_with('/') && !url.pathname().is_empty()
}

/// The components, by their names.
///
/// # Errors
/// A `TypeError` for another name.
pub(super) fn index_of(component: &str) -> Fallible<usize> {
    let index = COMPONENTS.iter().position(|&name| name == component);
    index.ok_or_else(|| {
        type_error(format!(
            "'{}' is no component of a URL; those are {}",
            nano_webidl::excerpt(component),
            COMPONENTS.join(", ")
        ))
    })
}

/// The names of a URL's components, in the order in which a pattern keeps them.
pub(super) const COMPONENTS: [&str; 8] = [
    "protocol", "username", "password", "hostname", "port", "pathname", "search", "hash",
];
