//! Pattern strings as lists of parts: <https://urlpattern.spec.whatwg.org/#pattern-strings>.

use std::collections::HashSet;

use nano_webidl::{Fallible, type_error};

use super::tokenizer::{Policy, Token, TokenType, is_valid_name_code_point, tokenize};

/// <https://urlpattern.spec.whatwg.org/#part-type>, in the order of what is more specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PartType {
    FullWildcard,
    SegmentWildcard,
    Regexp,
    FixedText,
}

/// <https://urlpattern.spec.whatwg.org/#part-modifier>, in the order of what is more specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Modifier {
    ZeroOrMore,
    Optional,
    OneOrMore,
    None,
}

impl Modifier {
    /// <https://urlpattern.spec.whatwg.org/#convert-a-modifier-to-a-string>
    fn as_str(self) -> &'static str {
        match self {
            Modifier::ZeroOrMore => "*",
            Modifier::Optional => "?",
            Modifier::OneOrMore => "+",
            Modifier::None => "",
        }
    }

    fn repeats(self) -> bool {
        matches!(self, Modifier::ZeroOrMore | Modifier::OneOrMore)
    }
}

/// <https://urlpattern.spec.whatwg.org/#part>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub kind: PartType,
    pub value: String,
    pub modifier: Modifier,
    pub name: String,
    pub prefix: String,
    pub suffix: String,
}

impl Part {
    pub(super) fn fixed(value: String, modifier: Modifier) -> Part {
        Part {
            kind: PartType::FixedText,
            value,
            modifier,
            name: String::new(),
            prefix: String::new(),
            suffix: String::new(),
        }
    }

    /// Whether it is a text that is there once.
    fn is_plain(&self) -> bool {
        self.kind == PartType::FixedText && self.modifier == Modifier::None
    }

    /// Whether its name was given, and is no number.
    fn has_custom_name(&self) -> bool {
        !self.name.starts_with(|first: char| first.is_ascii_digit())
    }
}

/// <https://urlpattern.spec.whatwg.org/#options-header>; an empty text stands for no code point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub delimiter: &'static str,
    pub prefix: &'static str,
    pub ignore_case: bool,
}

impl Options {
    /// <https://urlpattern.spec.whatwg.org/#default-options>
    pub(super) const DEFAULT: Options = Options {
        delimiter: "",
        prefix: "",
        ignore_case: false,
    };
    /// <https://urlpattern.spec.whatwg.org/#hostname-options>
    pub(super) const HOSTNAME: Options = Options {
        delimiter: ".",
        ..Options::DEFAULT
    };
    /// <https://urlpattern.spec.whatwg.org/#pathname-options>
    pub(super) const PATHNAME: Options = Options {
        delimiter: "/",
        prefix: "/",
        ..Options::DEFAULT
    };

    /// <https://urlpattern.spec.whatwg.org/#generate-a-segment-wildcard-regexp>
    fn segment_wildcard(&self) -> String {
        format!("[^{}]+?", escape_regexp(self.delimiter))
    }
}

/// <https://urlpattern.spec.whatwg.org/#full-wildcard-regexp-value>
const FULL_WILDCARD: &str = ".*";

/// <https://urlpattern.spec.whatwg.org/#encoding-callback>
pub(super) type Encode = fn(&str) -> Fallible<String>;

/// <https://urlpattern.spec.whatwg.org/#pattern-parser>
struct Parser<'i> {
    input: &'i [char],
    tokens: Vec<Token>,
    encode: Encode,
    segment_wildcard: String,
    parts: Vec<Part>,
    names: HashSet<String>,
    pending_fixed_value: String,
    index: usize,
    next_numeric_name: usize,
}

/// <https://urlpattern.spec.whatwg.org/#parse-a-pattern-string>
pub(super) fn parse(input: &str, options: Options, encode: Encode) -> Fallible<Vec<Part>> {
    let input: Vec<char> = input.chars().collect();
    // 1. and 2.
    let mut parser = Parser {
        tokens: tokenize(&input, Policy::Strict)?,
        input: &input,
        encode,
        segment_wildcard: options.segment_wildcard(),
        parts: Vec::new(),
        names: HashSet::new(),
        pending_fixed_value: String::new(),
        index: 0,
        next_numeric_name: 0,
    };
    // 3.
    while parser.index < parser.tokens.len() {
        // 1. to 3.
        let char_token = parser.try_consume(TokenType::Char);
        let name = parser.try_consume(TokenType::Name);
        let matcher = parser.try_consume_matcher(name.is_some());
        // 4.
        if name.is_some() || matcher.is_some() {
            let mut prefix = char_token.map_or_else(String::new, |token| parser.value(&token));
            if prefix != options.prefix {
                parser.pending_fixed_value += &std::mem::take(&mut prefix);
            }
            parser.add_pending()?;
            let modifier = parser.try_consume_modifier();
            parser.add_part(&prefix, name, matcher, "", modifier)?;
            continue;
        }
        // 5. to 7.
        let fixed = char_token.or_else(|| parser.try_consume(TokenType::EscapedChar));
        if let Some(fixed) = fixed {
            parser.pending_fixed_value.extend(&input[fixed.value]);
            continue;
        }
        // 8. and 9.
        if parser.try_consume(TokenType::Open).is_some() {
            let prefix = parser.consume_text();
            let name = parser.try_consume(TokenType::Name);
            let matcher = parser.try_consume_matcher(name.is_some());
            let suffix = parser.consume_text();
            parser.consume_required(TokenType::Close, "a \"{\" has no \"}\"")?;
            let modifier = parser.try_consume_modifier();
            parser.add_part(&prefix, name, matcher, &suffix, modifier)?;
            continue;
        }
        // 10. and 11.
        parser.add_pending()?;
        parser.consume_required(
            TokenType::End,
            "a \"?\", \"+\", \"*\" or \"}\" follows nothing that it could belong to",
        )?;
    }
    Ok(parser.parts)
}

impl Parser<'_> {
    fn value(&self, token: &Token) -> String {
        self.input[token.value.clone()].iter().collect()
    }

    /// <https://urlpattern.spec.whatwg.org/#try-to-consume-a-token>
    fn try_consume(&mut self, kind: TokenType) -> Option<Token> {
        let token = self.tokens.get(self.index)?;
        if token.kind != kind {
            return None;
        }
        self.index += 1;
        Some(token.clone())
    }

    /// <https://urlpattern.spec.whatwg.org/#try-to-consume-a-modifier-token>
    fn try_consume_modifier(&mut self) -> Modifier {
        let token = self.try_consume(TokenType::OtherModifier);
        let token = token.or_else(|| self.try_consume(TokenType::Asterisk));
        // add a part, 1. and 2.
        match token.and_then(|token| self.input.get(token.value.start)) {
            Some('?') => Modifier::Optional,
            Some('*') => Modifier::ZeroOrMore,
            Some('+') => Modifier::OneOrMore,
            _ => Modifier::None,
        }
    }

    /// <https://urlpattern.spec.whatwg.org/#try-to-consume-a-regexp-or-wildcard-token>
    fn try_consume_matcher(&mut self, has_name: bool) -> Option<Token> {
        let token = self.try_consume(TokenType::Regexp);
        match token.is_none() && !has_name {
            true => self.try_consume(TokenType::Asterisk),
            false => token,
        }
    }

    /// <https://urlpattern.spec.whatwg.org/#consume-a-required-token>
    fn consume_required(&mut self, kind: TokenType, fault: &str) -> Fallible<()> {
        let at = self.tokens.get(self.index).map_or(0, |token| token.index);
        match self.try_consume(kind) {
            Some(_) => Ok(()),
            None => Err(type_error(format!(
                "The pattern is not valid: {fault}, at character {}",
                at + 1
            ))),
        }
    }

    /// <https://urlpattern.spec.whatwg.org/#consume-text>
    fn consume_text(&mut self) -> String {
        let mut text = String::new();
        while let Some(token) = self
            .try_consume(TokenType::Char)
            .or_else(|| self.try_consume(TokenType::EscapedChar))
        {
            text.extend(&self.input[token.value]);
        }
        text
    }

    /// <https://urlpattern.spec.whatwg.org/#maybe-add-a-part-from-the-pending-fixed-value>
    fn add_pending(&mut self) -> Fallible<()> {
        if self.pending_fixed_value.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.pending_fixed_value);
        self.add_fixed(&text, Modifier::None)
    }

    /// Adds a part of plain text, as a pattern has it that is made of the pattern string. A departure from the specification, which makes
    /// a part of nothing where encoding leaves nothing of a text, such as a tab, and two parts of plain texts that follow each other around
    /// a group of nothing: the string of `*\t**` would be `***`, which is `**` and `*`, and another pattern.
    fn add_fixed(&mut self, text: &str, modifier: Modifier) -> Fallible<()> {
        let value = (self.encode)(text)?;
        match self.parts.last_mut() {
            _ if value.is_empty() => {}
            Some(last) if modifier == Modifier::None && last.is_plain() => last.value += &value,
            _ => self.parts.push(Part::fixed(value, modifier)),
        }
        Ok(())
    }

    /// <https://urlpattern.spec.whatwg.org/#add-a-part>
    fn add_part(
        &mut self,
        prefix: &str,
        name: Option<Token>,
        matcher: Option<Token>,
        suffix: &str,
        modifier: Modifier,
    ) -> Fallible<()> {
        let matches_nothing = name.is_none() && matcher.is_none();
        // 3.
        if matches_nothing && modifier == Modifier::None {
            self.pending_fixed_value += prefix;
            return Ok(());
        }
        // 4.
        self.add_pending()?;
        // 5.
        if matches_nothing {
            if !prefix.is_empty() {
                self.add_fixed(prefix, modifier)?;
            }
            return Ok(());
        }
        // 6. to 12.
        let regexp = match &matcher {
            None => self.segment_wildcard.clone(),
            Some(token) if token.kind == TokenType::Asterisk => FULL_WILDCARD.to_owned(),
            Some(token) => self.value(token),
        };
        let (kind, value) = if regexp == self.segment_wildcard {
            (PartType::SegmentWildcard, String::new())
        } else if regexp == FULL_WILDCARD {
            (PartType::FullWildcard, String::new())
        } else {
            (PartType::Regexp, regexp)
        };
        // 13. to 15.
        let name = match name {
            Some(token) => self.value(&token),
            None => {
                let number = self.next_numeric_name;
                self.next_numeric_name += 1;
                number.to_string()
            }
        };
        // 16.
        if !self.names.insert(name.clone()) {
            return Err(type_error(format!(
                "The pattern is not valid: it has two groups called '{}'",
                nano_webidl::excerpt(&name)
            )));
        }
        // 17. to 20.
        self.parts.push(Part {
            kind,
            value,
            modifier,
            name,
            prefix: (self.encode)(prefix)?,
            suffix: (self.encode)(suffix)?,
        });
        Ok(())
    }
}

/// <https://urlpattern.spec.whatwg.org/#generate-a-regular-expression-and-name-list>
pub(super) fn regexp_and_names(parts: &[Part], options: Options) -> (String, Vec<String>) {
    // 1. and 2.
    let mut result = "^".to_owned();
    let mut names = Vec::new();
    // 3.
    for part in parts {
        let modifier = part.modifier.as_str();
        // 1.
        if part.kind == PartType::FixedText {
            let text = escape_regexp(&part.value);
            result += &match part.modifier {
                Modifier::None => text,
                _ => format!("(?:{text}){modifier}"),
            };
            continue;
        }
        // 3.
        names.push(part.name.clone());
        // 4. to 6.
        let regexp = match part.kind {
            PartType::SegmentWildcard => options.segment_wildcard(),
            PartType::FullWildcard => FULL_WILDCARD.to_owned(),
            PartType::Regexp | PartType::FixedText => part.value.clone(),
        };
        let (prefix, suffix) = (escape_regexp(&part.prefix), escape_regexp(&part.suffix));
        let stands_alone = prefix.is_empty() && suffix.is_empty();
        // 7. to 15.
        result += &match (stands_alone, part.modifier.repeats()) {
            (true, false) => format!("({regexp}){modifier}"),
            (true, true) => format!("((?:{regexp}){modifier})"),
            (false, false) => format!("(?:{prefix}({regexp}){suffix}){modifier}"),
            (false, true) => {
                let optional = match part.modifier {
                    Modifier::ZeroOrMore => "?",
                    _ => "",
                };
                format!(
                    "(?:{prefix}((?:{regexp})(?:{suffix}{prefix}(?:{regexp}))*){suffix}){optional}"
                )
            }
        };
    }
    // 4.
    result.push('$');
    (result, names)
}

/// <https://urlpattern.spec.whatwg.org/#generate-a-pattern-string>
pub(super) fn pattern_string(parts: &[Part], options: Options) -> String {
    let mut result = String::new();
    for (index, part) in parts.iter().enumerate() {
        let previous = index
            .checked_sub(1)
            .and_then(|previous| parts.get(previous));
        let next = parts.get(index + 1);
        // 4.
        if part.kind == PartType::FixedText {
            let text = escape_pattern(&part.value);
            result += &match part.modifier {
                Modifier::None => text,
                modifier => format!("{{{text}}}{}", modifier.as_str()),
            };
            continue;
        }
        // 5. to 8.
        let custom_name = part.has_custom_name();
        let grouping = needs_grouping(part, previous, next, options);
        // 10. to 12.
        if grouping {
            result.push('{');
        }
        result += &escape_pattern(&part.prefix);
        if custom_name {
            result.push(':');
            result += &part.name;
        }
        // 13. to 15.
        match part.kind {
            PartType::Regexp => result += &format!("({})", part.value),
            PartType::SegmentWildcard if !custom_name => {
                result += &format!("({})", options.segment_wildcard());
            }
            PartType::FullWildcard => {
                let stands_for_itself = previous.is_none_or(|previous| {
                    previous.kind == PartType::FixedText || previous.modifier != Modifier::None
                });
                match !custom_name && (stands_for_itself || grouping || !part.prefix.is_empty()) {
                    true => result.push('*'),
                    false => result += &format!("({FULL_WILDCARD})"),
                }
            }
            PartType::SegmentWildcard | PartType::FixedText => {}
        }
        // 16.
        if part.kind == PartType::SegmentWildcard
            && custom_name
            && begins_as_name_goes_on(&part.suffix)
        {
            result.push('\\');
        }
        // 17. to 19.
        result += &escape_pattern(&part.suffix);
        if grouping {
            result.push('}');
        }
        result += part.modifier.as_str();
    }
    result
}

/// Steps 6 to 8 of [`pattern_string`]'s loop.
fn needs_grouping(
    part: &Part,
    previous: Option<&Part>,
    next: Option<&Part>,
    options: Options,
) -> bool {
    // 6.
    if !part.suffix.is_empty() || !(part.prefix.is_empty() || part.prefix == options.prefix) {
        return true;
    }
    // 7.
    if part.has_custom_name()
        && part.kind == PartType::SegmentWildcard
        && part.modifier == Modifier::None
        && let Some(next) = next
        && next.prefix.is_empty()
        && next.suffix.is_empty()
        && match next.kind {
            PartType::FixedText => begins_as_name_goes_on(&next.value),
            _ => !next.has_custom_name(),
        }
    {
        return true;
    }
    // 8.
    part.prefix.is_empty()
        && !options.prefix.is_empty()
        && previous.is_some_and(|previous| {
            previous.kind == PartType::FixedText && previous.value.ends_with(options.prefix)
        })
}

/// Whether a name before this text would take its first code point, too.
fn begins_as_name_goes_on(text: &str) -> bool {
    text.chars()
        .next()
        .is_some_and(|first| is_valid_name_code_point(first, false))
}

/// <https://urlpattern.spec.whatwg.org/#escape-a-regexp-string>
fn escape_regexp(text: &str) -> String {
    escape(text, r".+*?^${}()[]|/\")
}

/// <https://urlpattern.spec.whatwg.org/#escape-a-pattern-string>
pub(super) fn escape_pattern(text: &str) -> String {
    escape(text, r"+*?:{}()\")
}

fn escape(text: &str, special: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for code_point in text.chars() {
        if special.contains(code_point) {
            result.push('\\');
        }
        result.push(code_point);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encoding as a path's leaves nothing of a tab.
    fn without_tabs(text: &str) -> Fallible<String> {
        Ok(text.replace('\t', ""))
    }

    fn parts(pattern: &str) -> Vec<Part> {
        match parse(pattern, Options::PATHNAME, without_tabs) {
            Ok(parts) => parts,
            Err(_) => panic!("{pattern:?} should be a pattern"),
        }
    }

    #[test]
    fn a_pattern_of_a_patterns_string_has_the_same_parts() {
        let pieces = [
            "*", "**", "\t", "a", "/", "{}*", "{\t}+", "{b}?", ":n", "(c)",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    for last in ["*", "**", "a", "/*"] {
                        let pattern = format!("{first}{second}{third}{last}");
                        // Two groups of one name, or a modifier after a modifier.
                        let Ok(made) = parse(&pattern, Options::PATHNAME, without_tabs) else {
                            continue;
                        };
                        let text = pattern_string(&made, Options::PATHNAME);
                        assert_eq!(parts(&text), made, "{pattern:?} became {text:?}");
                    }
                }
            }
        }
    }
}
