//! <https://urlpattern.spec.whatwg.org/#tokenizing>

use std::ops::Range;

use nano_webidl::{Fallible, type_error};
use unicode_id_start::{is_id_continue, is_id_start};

/// <https://urlpattern.spec.whatwg.org/#token-type>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenType {
    Open,
    Close,
    Regexp,
    Name,
    Char,
    EscapedChar,
    OtherModifier,
    Asterisk,
    End,
    InvalidChar,
}

/// <https://urlpattern.spec.whatwg.org/#token>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: TokenType,
    /// Of its first code point in the input.
    pub index: usize,
    /// Where its value is in the input.
    pub value: Range<usize>,
}

/// <https://urlpattern.spec.whatwg.org/#tokenize-policy>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Strict,
    Lenient,
}

/// <https://urlpattern.spec.whatwg.org/#tokenizer>
struct Tokenizer<'i> {
    input: &'i [char],
    policy: Policy,
    tokens: Vec<Token>,
    index: usize,
}

/// <https://urlpattern.spec.whatwg.org/#tokenize>
pub(super) fn tokenize(input: &[char], policy: Policy) -> Fallible<Vec<Token>> {
    let mut tokenizer = Tokenizer {
        input,
        policy,
        tokens: Vec::new(),
        index: 0,
    };
    while let Some(&code_point) = input.get(tokenizer.index) {
        let here = tokenizer.index;
        match code_point {
            '*' => tokenizer.add_here(TokenType::Asterisk),
            '+' | '?' => tokenizer.add_here(TokenType::OtherModifier),
            '{' => tokenizer.add_here(TokenType::Open),
            '}' => tokenizer.add_here(TokenType::Close),
            '\\' if here + 1 == input.len() => {
                tokenizer.fail(here + 1, here, "a backslash has nothing to escape")?;
            }
            '\\' => tokenizer.add(TokenType::EscapedChar, here + 2, here + 1..here + 2),
            ':' => tokenizer.name()?,
            '(' => tokenizer.regexp()?,
            _ => tokenizer.add_here(TokenType::Char),
        }
    }
    let end = tokenizer.index;
    tokenizer.add(TokenType::End, end, end..end);
    Ok(tokenizer.tokens)
}

impl Tokenizer<'_> {
    /// A name after a colon.
    fn name(&mut self) -> Fallible<()> {
        let start = self.index + 1;
        let length = self.input[start..]
            .iter()
            .enumerate()
            .take_while(|&(at, &code_point)| is_valid_name_code_point(code_point, at == 0))
            .count();
        if length == 0 {
            return self.fail(start, self.index, "a colon has no name after it");
        }
        self.add(TokenType::Name, start + length, start..start + length);
        Ok(())
    }

    /// A regular expression in parentheses.
    fn regexp(&mut self) -> Fallible<()> {
        let start = self.index + 1;
        match self.end_of_regexp(start) {
            Err(fault) => self.fail(start, self.index, fault),
            Ok(end) => {
                self.add(TokenType::Regexp, end + 1, start..end);
                Ok(())
            }
        }
    }

    /// The place of the parenthesis that ends it, or what is wrong with it.
    fn end_of_regexp(&self, start: usize) -> Result<usize, &'static str> {
        let mut depth = 1;
        let mut position = start;
        while let Some(&code_point) = self.input.get(position) {
            match code_point {
                _ if !code_point.is_ascii() => {
                    return Err("a regular expression has a character that is not ASCII");
                }
                '?' if position == start => {
                    return Err("a regular expression begins with a question mark");
                }
                '\\' => match self.input.get(position + 1) {
                    None => return Err("a regular expression ends with a backslash"),
                    Some(escaped) if !escaped.is_ascii() => {
                        return Err("a regular expression has a character that is not ASCII");
                    }
                    Some(_) => position += 1,
                },
                ')' => {
                    depth -= 1;
                    if depth == 0 {
                        return match position == start {
                            true => Err("a regular expression is empty"),
                            false => Ok(position),
                        };
                    }
                }
                '(' => {
                    depth += 1;
                    if self.input.get(position + 1) != Some(&'?') {
                        return Err("a regular expression has a capturing group");
                    }
                }
                _ => {}
            }
            position += 1;
        }
        Err("a regular expression has no closing parenthesis")
    }

    /// <https://urlpattern.spec.whatwg.org/#add-a-token>
    fn add(&mut self, kind: TokenType, next: usize, value: Range<usize>) {
        self.tokens.push(Token {
            kind,
            index: self.index,
            value,
        });
        self.index = next;
    }

    /// <https://urlpattern.spec.whatwg.org/#add-a-token-with-default-position-and-length>
    fn add_here(&mut self, kind: TokenType) {
        let here = self.index;
        self.add(kind, here + 1, here..here + 1);
    }

    /// <https://urlpattern.spec.whatwg.org/#process-a-tokenizing-error>
    fn fail(&mut self, next: usize, value: usize, fault: &str) -> Fallible<()> {
        if self.policy == Policy::Strict {
            return Err(type_error(format!(
                "The pattern is not valid: {fault}, at character {}",
                self.index + 1
            )));
        }
        self.add(TokenType::InvalidChar, next, value..next.max(value));
        Ok(())
    }
}

/// <https://urlpattern.spec.whatwg.org/#is-a-valid-name-code-point>
pub(super) fn is_valid_name_code_point(code_point: char, first: bool) -> bool {
    // ECMAScript's IdentifierStart and IdentifierPart.
    match code_point {
        '$' | '_' => true,
        '\u{200c}' | '\u{200d}' => !first,
        _ if first => is_id_start(code_point),
        _ => is_id_continue(code_point),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(input: &str, policy: Policy) -> Option<Vec<TokenType>> {
        let input: Vec<char> = input.chars().collect();
        let tokens = tokenize(&input, policy).ok()?;
        Some(tokens.iter().map(|token| token.kind).collect())
    }

    #[test]
    fn a_strict_tokenizer_fails_where_a_lenient_one_goes_on() {
        use TokenType::{Char, End, InvalidChar};
        for input in ["a:", "a(", "a(?x)", "a((x))", "a()", "a(\u{e9})"] {
            assert_eq!(kinds(input, Policy::Strict), None, "{input}");
            let lenient = kinds(input, Policy::Lenient).expect("tokens");
            assert_eq!(lenient[..2], [Char, InvalidChar], "{input}");
            assert_eq!(lenient.last(), Some(&End), "{input}");
        }
    }

    #[test]
    fn values_are_without_their_marks() {
        let input: Vec<char> = ":n(a(?:b))\\*".chars().collect();
        let tokens = tokenize(&input, Policy::Strict).expect("tokens");
        let values: Vec<String> = tokens
            .iter()
            .map(|token| input[token.value.clone()].iter().collect())
            .collect();
        assert_eq!(values, ["n", "a(?:b)", "*", ""]);
    }
}
