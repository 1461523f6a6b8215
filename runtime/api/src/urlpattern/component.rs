//! A component of a URL pattern: <https://urlpattern.spec.whatwg.org/#component>.

use std::cmp::Ordering;

use nano_engine::external_memory::{ExternalMemory, settle};
use nano_engine::text::text;
use nano_webidl::{Error, Fallible, Scope, Trace, Traced, require_room, room, script, type_error};

use super::parts::{
    Encode, Modifier, Options, Part, PartType, parse, pattern_string, regexp_and_names,
};

/// What one part of a URL must look like.
#[derive(Trace)]
pub(super) struct Component {
    #[untraced]
    pub pattern: String,
    #[untraced]
    pub parts: Vec<Part>,
    /// The names of the regular expression's groups.
    #[untraced]
    pub names: Vec<String>,
    #[untraced]
    source: String,
    #[untraced]
    options: Options,
    /// How a piece of the component is written.
    #[untraced]
    encode: Encode,
    /// Made of the source when it is first used: nothing can be traced before the object exists that it belongs to.
    regexp: Traced<v8::RegExp>,
}

impl Component {
    /// <https://urlpattern.spec.whatwg.org/#compile-a-component>, without its step 6: that is [`regexp`](Self::regexp).
    pub(super) fn compile(input: &str, encode: Encode, options: Options) -> Fallible<Component> {
        let parts = parse(input, options, encode)?;
        let (source, names) = regexp_and_names(&parts, options);
        Ok(Component {
            pattern: pattern_string(&parts, options),
            parts,
            names,
            source,
            options,
            encode,
            regexp: Traced::default(),
        })
    }

    /// About how many bytes it keeps beside its own size.
    pub(super) fn own_memory(&self) -> usize {
        let of_parts = self.parts.iter().map(|part| {
            size_of::<Part>()
                + part.value.len()
                + part.name.len()
                + part.prefix.len()
                + part.suffix.len()
        });
        let of_names = self
            .names
            .iter()
            .map(|name| size_of::<String>() + name.len());
        self.pattern.len() + self.source.len() + of_parts.sum::<usize>() + of_names.sum::<usize>()
    }

    /// <https://urlpattern.spec.whatwg.org/#component-has-regexp-groups>
    pub(super) fn has_regexp_groups(&self) -> bool {
        self.parts.iter().any(|part| part.kind == PartType::Regexp)
    }

    /// The regular expression.
    ///
    /// # Errors
    /// A `TypeError` where V8 takes it for none.
    pub(super) fn regexp<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
    ) -> Fallible<v8::Local<'s, v8::RegExp>> {
        if let Some(regexp) = self.regexp.get(scope) {
            return Ok(regexp);
        }
        let mut flags = v8::RegExpCreationFlags::UNICODE_SETS;
        if self.options.ignore_case {
            flags |= v8::RegExpCreationFlags::IGNORE_CASE;
        }
        let source = v8::String::new(scope, &self.source)
            .ok_or_else(|| type_error("The pattern is too long"))?;
        v8::tc_scope!(let scope, scope);
        if let Some(regexp) = v8::RegExp::new(scope, source, flags) {
            return Ok(regexp);
        }
        // An isolate that ends has thrown nothing that could be caught.
        if scope.has_terminated() {
            return Err(Error::Thrown);
        }
        let reason = scope.message().map(|message| message.get(scope));
        let reason = reason.map_or_else(String::new, |reason| text(scope, reason, 300));
        let reason = reason.trim_start_matches("Uncaught SyntaxError: ");
        Err(type_error(format!("The pattern is not valid: {reason}")))
    }

    /// Keeps the regular expression; called once the object exists that the component belongs to.
    pub(super) fn keep_regexp(&self, scope: &mut Scope) -> Fallible<()> {
        let regexp = self.regexp(scope)?;
        self.regexp.set(scope, regexp);
        Ok(())
    }

    /// What the regular expression's groups have matched, of an input that it matches.
    pub(super) fn exec<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        input: &str,
    ) -> Fallible<Option<Groups<'s>>> {
        let regexp = self.regexp(scope)?;
        let input = nano_engine::text::utf8(scope, input.as_bytes())
            .ok_or_else(|| nano_webidl::range_error("The input is too long"))?;
        let result = script::call(scope, "execRegExp", &[regexp.into(), input.into()])?;
        Ok(v8::Local::<v8::Array>::try_from(result).ok().map(Groups))
    }

    /// <https://urlpattern.spec.whatwg.org/#protocol-component-matches-a-special-scheme>
    pub(super) fn matches_special_scheme(&self, scope: &mut Scope) -> Fallible<bool> {
        for scheme in SPECIAL_SCHEMES {
            if self.exec(scope, scheme)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A text that the pattern matches, with these values in the place of its groups. Proposed by
    /// <https://github.com/whatwg/urlpattern/pull/166>.
    ///
    /// # Errors
    /// A `TypeError` where a value is missing, or the pattern leaves something open that has no name; a `RangeError` if the text does not
    /// fit into the isolate's memory limit.
    pub(super) fn generate(
        &self,
        scope: &mut Scope,
        values: &[(String, String)],
    ) -> Fallible<String> {
        let mut result = room::Growing::default();
        for part in &self.parts {
            if part.modifier != Modifier::None {
                return Err(type_error(format!(
                    "'{}' says not how often each of its parts is there, so no URL can be made of it",
                    nano_webidl::excerpt(&self.pattern)
                )));
            }
            match part.kind {
                PartType::FixedText => result.push(scope, &part.value)?,
                PartType::SegmentWildcard => {
                    let value = values.iter().find(|(name, _)| *name == part.name);
                    let (_, value) = value.ok_or_else(|| {
                        let name = nano_webidl::excerpt(&part.name);
                        type_error(format!("The group '{name}' has no value"))
                    })?;
                    require_room(scope, value.len().saturating_mul(ENCODING_BYTES))?;
                    let value = (self.encode)(value)?;
                    let delimiter = self.options.delimiter;
                    if value.is_empty() || !delimiter.is_empty() && value.contains(delimiter) {
                        let value = nano_webidl::excerpt(&value);
                        return Err(type_error(format!(
                            "'{value}' is no value of the group '{}': it is empty, or has a '{delimiter}'",
                            nano_webidl::excerpt(&part.name)
                        )));
                    }
                    for piece in [&part.prefix, &value, &part.suffix] {
                        result.push(scope, piece)?;
                    }
                }
                PartType::FullWildcard | PartType::Regexp => {
                    return Err(type_error(format!(
                        "'{}' has a group that is no named segment, so no URL can be made of it",
                        nano_webidl::excerpt(&self.pattern)
                    )));
                }
            }
        }
        Ok(result.finish())
    }

    /// Which of two patterns is the more specific one: `Greater` where this one is. Proposed by
    /// <https://github.com/whatwg/urlpattern/pull/143>.
    pub(super) fn compare(&self, other: &Component) -> Ordering {
        let order = |part: &Part, other: &Part| {
            (part.kind.cmp(&other.kind))
                .then_with(|| part.modifier.cmp(&other.modifier))
                .then_with(|| part.prefix.cmp(&other.prefix))
                .then_with(|| part.suffix.cmp(&other.suffix))
                .then_with(|| part.value.cmp(&other.value))
        };
        // After its last part, a pattern has one of nothing.
        let nothing = Part::fixed(String::new(), Modifier::None);
        let (own, others) = (&self.parts, &other.parts);
        (0..own.len().max(others.len()))
            .map(|index| {
                let part = own.get(index).unwrap_or(&nothing);
                order(part, others.get(index).unwrap_or(&nothing))
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// <https://url.spec.whatwg.org/#special-scheme>
pub(super) const SPECIAL_SCHEMES: [&str; 6] = ["ftp", "file", "http", "https", "ws", "wss"];

/// The result of an `exec()`.
pub(super) struct Groups<'s>(v8::Local<'s, v8::Array>);

/// A text of a result is there in UTF-8, and becomes a string of V8's with up to two bytes for each of these.
const RESULT_BYTES: usize = 3;
/// A byte that is percent-encoded becomes three, in a URL and then in a text of their own.
pub(super) const ENCODING_BYTES: usize = 8;

impl<'s> Groups<'s> {
    /// Asks for room for the groups of these names: each may have matched all of the input.
    ///
    /// # Errors
    /// A `RangeError` if they do not fit into the isolate's memory limit.
    pub(super) fn require_room(&self, scope: &mut Scope<'s, '_>, names: &[String]) -> Fallible<()> {
        let mut bytes = 0_usize;
        for (number, name) in (1..).zip(names) {
            let value = self.0.get_index(scope, number).ok_or(Error::Thrown)?;
            let text = v8::Local::<v8::String>::try_from(value).ok();
            bytes += name.len() + text.map_or(0, |text| text.utf8_length(scope));
        }
        require_room(scope, bytes.saturating_mul(RESULT_BYTES))
    }

    /// What a group has matched, by its number from 1 on; none where it is not part of the match. It counts in `made`.
    pub(super) fn get(
        &self,
        scope: &mut Scope<'s, '_>,
        number: u32,
        made: &ExternalMemory,
    ) -> Fallible<Option<String>> {
        // An element of its own, whatever an app has made of prototypes.
        let value = self.0.get_index(scope, number).ok_or(Error::Thrown)?;
        match v8::Local::<v8::String>::try_from(value) {
            Ok(text) => {
                let text = room::text(scope, text)?;
                made.add(size_of::<String>() + text.len());
                settle(scope);
                Ok(Some(text))
            }
            Err(_) => Ok(None),
        }
    }
}
