//! `URLPattern`, <https://urlpattern.spec.whatwg.org/#urlpattern-class>.

use nano_engine::external_memory::{ExternalMemory, settle};
use nano_webidl::{Fallible, Ref, Scope, Trace, require_room, type_error};

use super::component::{Component, ENCODING_BYTES, Groups};
use super::init::{COMPONENTS, Type, index_of, process, uniform};
use super::parts::{Encode, Options};
use super::{canonicalize, constructor_string};
use crate::bindings::types::{
    UrlPatternComponentResult, UrlPatternInit, UrlPatternInput, UrlPatternOptions,
    UrlPatternResult, UsvStringOrUndefined, UsvStringOrUrlPatternOptions,
};
use crate::bindings::url_pattern::UrlPatternMethods;
use crate::url::UrlRecord;
use crate::url::url::parse;

/// A `URLPattern` object.
#[derive(Trace)]
#[own_memory]
pub struct UrlPattern {
    /// In the order of [`COMPONENTS`].
    components: [Component; 8],
}

/// Bytes that the making of a pattern takes for each of the input's, at the most: `**` is a group of two, with tokens, a part, and a name
/// in two lists and a set.
const WORKING_BYTES: usize = 192;

impl UrlPattern {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        self.components.iter().map(Component::own_memory).sum()
    }

    /// <https://urlpattern.spec.whatwg.org/#url-pattern-create>
    fn create(
        scope: &mut Scope,
        input: UrlPatternInput,
        base_url: Option<String>,
        options: &UrlPatternOptions,
    ) -> Fallible<UrlPattern> {
        // 1. to 3.
        let init = match input {
            UrlPatternInput::UsvString(input) => {
                require_room(scope, input.len().saturating_mul(WORKING_BYTES))?;
                let mut init = constructor_string::parse(scope, &input)?;
                if base_url.is_none() && init.protocol.is_none() {
                    return Err(type_error(format!(
                        "The pattern '{}' is relative: it needs a base URL as the second argument",
                        nano_webidl::excerpt(&input)
                    )));
                }
                init.base_url = base_url;
                init
            }
            UrlPatternInput::UrlPatternInit(_) if base_url.is_some() => {
                return Err(type_error(
                    "The components have their base URL among them, as baseURL, and not as the second argument",
                ));
            }
            UrlPatternInput::UrlPatternInit(init) => init,
        };
        require_room(scope, length_of(&init).saturating_mul(ENCODING_BYTES))?;
        // 4. and 5.
        let init = process(&init, Type::Pattern, uniform(None))?;
        let [
            protocol,
            username,
            password,
            hostname,
            mut port,
            pathname,
            search,
            hash,
        ] = components(init).map(|component| component.unwrap_or_else(|| "*".to_owned()));
        let length = [
            &protocol, &username, &password, &hostname, &pathname, &search, &hash,
        ]
        .map(String::len);
        let length = length.iter().sum::<usize>();
        require_room(scope, length.saturating_mul(WORKING_BYTES))?;
        // 6.
        if default_port(&protocol) == Some(&*port) {
            port.clear();
        }
        // 7. to 10.
        let protocol = Component::compile(&protocol, canonicalize::protocol, Options::DEFAULT)?;
        let username = Component::compile(&username, canonicalize::username, Options::DEFAULT)?;
        let password = Component::compile(&password, canonicalize::password, Options::DEFAULT)?;
        // 11. and 12.
        let of_hostname: Encode = match is_ipv6(&hostname) {
            true => canonicalize::ipv6_hostname,
            false => canonicalize::hostname,
        };
        let hostname = Component::compile(&hostname, of_hostname, Options::HOSTNAME)?;
        // 13.
        let of_port = |port: &str| canonicalize::port(port, "");
        let port = Component::compile(&port, of_port, Options::DEFAULT)?;
        // 14.
        let ignore_case = options.ignore_case;
        let compile_options = Options {
            ignore_case,
            ..Options::DEFAULT
        };
        // 15. and 16.
        let pathname = match protocol.matches_special_scheme(scope)? {
            true => {
                let options = Options {
                    ignore_case,
                    ..Options::PATHNAME
                };
                Component::compile(&pathname, canonicalize::pathname, options)?
            }
            false => Component::compile(&pathname, canonicalize::opaque_pathname, compile_options)?,
        };
        // 17. to 19.
        let search = Component::compile(&search, canonicalize::search, compile_options)?;
        let hash = Component::compile(&hash, canonicalize::hash, compile_options)?;
        Ok(UrlPattern {
            components: [
                protocol, username, password, hostname, port, pathname, search, hash,
            ],
        })
    }

    /// <https://urlpattern.spec.whatwg.org/#url-pattern-match>: what each component has matched, with its text.
    fn find<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        input: &UrlPatternInput,
        base_url: Option<&str>,
        made: &ExternalMemory,
    ) -> Fallible<Option<[(String, Groups<'s>); 8]>> {
        let given = match input {
            UrlPatternInput::UsvString(input) => input.len(),
            UrlPatternInput::UrlPatternInit(init) => length_of(init),
        };
        let given = given + base_url.map_or(0, str::len);
        require_room(scope, given.saturating_mul(ENCODING_BYTES))?;
        // 1. to 12.
        let Some(inputs) = inputs(input, base_url)? else {
            return Ok(None);
        };
        made.add(inputs.iter().map(String::len).sum());
        settle(scope);
        // 13. to 21.
        let mut matches = Vec::with_capacity(COMPONENTS.len());
        for (component, input) in self.components.iter().zip(inputs) {
            match component.exec(scope, &input)? {
                None => return Ok(None),
                Some(groups) => matches.push((input, groups)),
            }
        }
        Ok(matches.try_into().ok())
    }

    fn pattern(&self, component: usize) -> String {
        self.components[component].pattern.clone()
    }
}

impl UrlPatternMethods for UrlPattern {
    // https://urlpattern.spec.whatwg.org/#dom-urlpattern-urlpattern
    fn constructor(
        scope: &mut Scope,
        input: UrlPatternInput,
        base_url_or_options: UsvStringOrUrlPatternOptions,
        options: UrlPatternOptions,
    ) -> Fallible<Self> {
        match base_url_or_options {
            UsvStringOrUrlPatternOptions::UsvString(base_url) => {
                UrlPattern::create(scope, input, Some(base_url), &options)
            }
            UsvStringOrUrlPatternOptions::UrlPatternOptions(options) => {
                UrlPattern::create(scope, input, None, &options)
            }
        }
    }

    fn constructed<'s>(scope: &mut Scope<'s, '_>, this: Ref<'s, Self>) -> Fallible<()> {
        for component in &this.value().components {
            component.keep_regexp(scope)?;
        }
        Ok(())
    }

    // https://urlpattern.spec.whatwg.org/#dom-urlpattern-test
    fn test(
        &self,
        scope: &mut Scope,
        input: UrlPatternInput,
        base_url: Option<String>,
    ) -> Fallible<bool> {
        let made = ExternalMemory::default();
        let found = self.find(scope, &input, base_url.as_deref(), &made)?;
        Ok(found.is_some())
    }

    // https://urlpattern.spec.whatwg.org/#dom-urlpattern-exec
    fn exec<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        input: UrlPatternInput,
        base_url: Option<String>,
    ) -> Fallible<Option<UrlPatternResult>> {
        let made = ExternalMemory::default();
        let Some(matches) = self.find(scope, &input, base_url.as_deref(), &made)? else {
            return Ok(None);
        };
        // 22. to 31.
        let mut results = Vec::with_capacity(COMPONENTS.len());
        for (component, (input, matched)) in self.components.iter().zip(matches) {
            // https://urlpattern.spec.whatwg.org/#create-a-component-match-result
            matched.require_room(scope, &component.names)?;
            let mut groups = Vec::with_capacity(component.names.len());
            for (number, name) in (1..).zip(&component.names) {
                let value = match matched.get(scope, number, &made)? {
                    Some(value) => UsvStringOrUndefined::UsvString(value),
                    None => UsvStringOrUndefined::Undefined(()),
                };
                groups.push((name.clone(), value));
            }
            results.push(UrlPatternComponentResult {
                input: Some(input),
                groups: Some(groups),
            });
        }
        let mut results = results.into_iter();
        let inputs = std::iter::once(input).chain(base_url.map(UrlPatternInput::UsvString));
        Ok(Some(UrlPatternResult {
            inputs: Some(inputs.collect()),
            protocol: results.next(),
            username: results.next(),
            password: results.next(),
            hostname: results.next(),
            port: results.next(),
            pathname: results.next(),
            search: results.next(),
            hash: results.next(),
        }))
    }

    fn protocol(&self) -> String {
        self.pattern(0)
    }

    fn username(&self) -> String {
        self.pattern(1)
    }

    fn password(&self) -> String {
        self.pattern(2)
    }

    fn hostname(&self) -> String {
        self.pattern(3)
    }

    fn port(&self) -> String {
        self.pattern(4)
    }

    fn pathname(&self) -> String {
        self.pattern(5)
    }

    fn search(&self) -> String {
        self.pattern(6)
    }

    fn hash(&self) -> String {
        self.pattern(7)
    }

    // https://urlpattern.spec.whatwg.org/#dom-urlpattern-hasregexpgroups
    fn has_reg_exp_groups(&self) -> bool {
        self.components.iter().any(Component::has_regexp_groups)
    }

    // https://github.com/whatwg/urlpattern/pull/166
    fn generate(
        &self,
        scope: &mut Scope,
        component: String,
        groups: Vec<(String, String)>,
    ) -> Fallible<String> {
        let index = index_of(&component)?;
        self.components[index].generate(scope, &groups)
    }

    // https://github.com/whatwg/urlpattern/issues/61
    fn compare_component<'s>(
        _: &mut Scope<'s, '_>,
        component: String,
        left: Ref<'s, Self>,
        right: Ref<'s, Self>,
    ) -> Fallible<i16> {
        let index = index_of(&component)?;
        let (left, right) = (left.value(), right.value());
        Ok(left.components[index].compare(&right.components[index]) as i16)
    }
}

/// How many bytes the texts of a dictionary have.
fn length_of(init: &UrlPatternInit) -> usize {
    let all = [
        &init.protocol,
        &init.username,
        &init.password,
        &init.hostname,
        &init.port,
        &init.pathname,
        &init.search,
        &init.hash,
        &init.base_url,
    ];
    all.into_iter().flatten().map(String::len).sum()
}

/// Steps 1 to 12 of "match": the text of each component; none where the input is no URL.
fn inputs(input: &UrlPatternInput, base_url: Option<&str>) -> Fallible<Option<[String; 8]>> {
    match input {
        UrlPatternInput::UrlPatternInit(init) => {
            if base_url.is_some() {
                return Err(type_error(
                    "The components have their base URL among them, as baseURL, and not as the second argument",
                ));
            }
            let result = process(init, Type::Url, uniform(Some("")));
            Ok(result
                .ok()
                .map(|init| components(init).map(Option::unwrap_or_default)))
        }
        UrlPatternInput::UsvString(input) => {
            if base_url.is_some_and(|base| parse(base, None).is_none()) {
                return Ok(None);
            }
            Ok(parse(input, base_url).as_ref().map(of_url))
        }
    }
}

/// The components of a URL.
fn of_url(url: &UrlRecord) -> [String; 8] {
    let after_first = |text: &str| text.get(1..).unwrap_or_default().to_owned();
    [
        url.protocol().trim_end_matches(':').to_owned(),
        url.username().to_owned(),
        url.password().to_owned(),
        url.hostname().to_owned(),
        url.port().to_owned(),
        url.pathname().to_owned(),
        after_first(url.search()),
        after_first(url.hash()),
    ]
}

/// The components in the order of [`COMPONENTS`].
fn components(init: UrlPatternInit) -> [Option<String>; 8] {
    [
        init.protocol,
        init.username,
        init.password,
        init.hostname,
        init.port,
        init.pathname,
        init.search,
        init.hash,
    ]
}

/// <https://url.spec.whatwg.org/#default-port>
fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "http" | "ws" => Some("80"),
        "https" | "wss" => Some("443"),
        "ftp" => Some("21"),
        _ => None,
    }
}

/// <https://urlpattern.spec.whatwg.org/#hostname-pattern-is-an-ipv6-address>
fn is_ipv6(hostname: &str) -> bool {
    let mut code_points = hostname.chars();
    match (code_points.next(), code_points.next()) {
        (Some('['), Some(_)) => true,
        (Some('{' | '\\'), second) => second == Some('['),
        _ => false,
    }
}
