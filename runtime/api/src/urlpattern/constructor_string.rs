//! <https://urlpattern.spec.whatwg.org/#constructor-string-parsing>

use nano_webidl::{Fallible, Scope};

use super::canonicalize;
use super::component::Component;
use super::init::uniform;
use super::parts::Options;
use super::tokenizer::{Policy, Token, TokenType, tokenize};
use crate::bindings::types::UrlPatternInit;

/// <https://urlpattern.spec.whatwg.org/#constructor-string-parser-state>, in the order of a URL's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Init,
    Protocol,
    Authority,
    Username,
    Password,
    Hostname,
    Port,
    Pathname,
    Search,
    Hash,
    Done,
}

/// <https://urlpattern.spec.whatwg.org/#constructor-string-parser>
struct Parser<'i> {
    input: &'i [char],
    tokens: Vec<Token>,
    result: UrlPatternInit,
    component_start: usize,
    token_index: usize,
    token_increment: usize,
    group_depth: usize,
    ipv6_bracket_depth: i64,
    protocol_matches_special_scheme: bool,
    state: State,
}

/// <https://urlpattern.spec.whatwg.org/#parse-a-constructor-string>
pub(super) fn parse(scope: &mut Scope, input: &str) -> Fallible<UrlPatternInit> {
    let input: Vec<char> = input.chars().collect();
    // 1.
    let mut parser = Parser {
        tokens: tokenize(&input, Policy::Lenient)?,
        input: &input,
        result: uniform(None),
        component_start: 0,
        token_index: 0,
        token_increment: 1,
        group_depth: 0,
        ipv6_bracket_depth: 0,
        protocol_matches_special_scheme: false,
        state: State::Init,
    };
    // 2.
    while let Some(token) = parser.tokens.get(parser.token_index) {
        // 1.
        parser.token_increment = 1;
        // 2.
        if token.kind == TokenType::End {
            match parser.state {
                State::Init => {
                    parser.rewind();
                    match () {
                        () if parser.is_char('#') => parser.change_state(State::Hash, 1),
                        () if parser.is_search_prefix() => parser.change_state(State::Search, 1),
                        () => parser.change_state(State::Pathname, 0),
                    }
                }
                State::Authority => parser.rewind_and_set_state(State::Hostname),
                _ => {
                    parser.change_state(State::Done, 0);
                    break;
                }
            }
            parser.token_index += parser.token_increment;
            continue;
        }
        // 3. and 4.
        let is_close = token.kind == TokenType::Close;
        if token.kind == TokenType::Open {
            parser.group_depth += 1;
        } else if parser.group_depth > 0 && !is_close {
            // What is in a group ends nothing.
        } else {
            parser.group_depth = parser.group_depth.saturating_sub(usize::from(is_close));
            // 5.
            parser.step(scope)?;
        }
        // 6.
        parser.token_index += parser.token_increment;
    }
    // 3.
    let mut result = parser.result;
    if result.hostname.is_some() && result.port.is_none() {
        result.port = Some(String::new());
    }
    // 4.
    Ok(result)
}

impl Parser<'_> {
    /// Step 2.5 of [`parse`].
    fn step(&mut self, scope: &mut Scope) -> Fallible<()> {
        match self.state {
            State::Init => {
                if self.is_char(':') {
                    self.rewind_and_set_state(State::Protocol);
                }
            }
            State::Protocol => {
                if self.is_char(':') {
                    self.compute_protocol_matches_special_scheme(scope)?;
                    let is_authority = self.is_char_at(self.token_index + 1, '/')
                        && self.is_char_at(self.token_index + 2, '/');
                    match is_authority {
                        true => self.change_state(State::Authority, 3),
                        false if self.protocol_matches_special_scheme => {
                            self.change_state(State::Authority, 1);
                        }
                        false => self.change_state(State::Pathname, 1),
                    }
                }
            }
            State::Authority => {
                if self.is_char('@') {
                    self.rewind_and_set_state(State::Username);
                } else if self.is_char('/') || self.is_search_prefix() || self.is_char('#') {
                    self.rewind_and_set_state(State::Hostname);
                }
            }
            State::Username => {
                if self.is_char(':') {
                    self.change_state(State::Password, 1);
                } else if self.is_char('@') {
                    self.change_state(State::Hostname, 1);
                }
            }
            State::Password => {
                if self.is_char('@') {
                    self.change_state(State::Hostname, 1);
                }
            }
            State::Hostname => {
                if self.is_char('[') {
                    self.ipv6_bracket_depth += 1;
                } else if self.is_char(']') {
                    self.ipv6_bracket_depth -= 1;
                } else if self.is_char(':') && self.ipv6_bracket_depth == 0 {
                    self.change_state(State::Port, 1);
                } else {
                    self.begin_pathname_or_later();
                }
            }
            State::Port => self.begin_pathname_or_later(),
            State::Pathname => self.begin_search_or_later(),
            State::Search => self.begin_hash(),
            State::Hash | State::Done => {}
        }
        Ok(())
    }

    fn begin_pathname_or_later(&mut self) {
        match self.is_char('/') {
            true => self.change_state(State::Pathname, 0),
            false => self.begin_search_or_later(),
        }
    }

    fn begin_search_or_later(&mut self) {
        match self.is_search_prefix() {
            true => self.change_state(State::Search, 1),
            false => self.begin_hash(),
        }
    }

    fn begin_hash(&mut self) {
        if self.is_char('#') {
            self.change_state(State::Hash, 1);
        }
    }

    /// <https://urlpattern.spec.whatwg.org/#change-state>
    fn change_state(&mut self, new: State, skip: usize) {
        // 1.
        let component = self.component_string();
        match self.state {
            State::Init | State::Authority | State::Done => {}
            State::Protocol => self.result.protocol = Some(component),
            State::Username => self.result.username = Some(component),
            State::Password => self.result.password = Some(component),
            State::Hostname => self.result.hostname = Some(component),
            State::Port => self.result.port = Some(component),
            State::Pathname => self.result.pathname = Some(component),
            State::Search => self.result.search = Some(component),
            State::Hash => self.result.hash = Some(component),
        }
        // 2. What has been left out between two parts is empty.
        if self.state != State::Init && new != State::Done {
            let has_passed = |part| self.state < part && part < new;
            if has_passed(State::Hostname) && new > State::Hostname {
                self.result.hostname.get_or_insert_default();
            }
            if has_passed(State::Pathname) {
                let pathname = match self.protocol_matches_special_scheme {
                    true => "/",
                    false => "",
                };
                self.result
                    .pathname
                    .get_or_insert_with(|| pathname.to_owned());
            }
            if has_passed(State::Search) {
                self.result.search.get_or_insert_default();
            }
        }
        // 3. to 6.
        self.state = new;
        self.token_index += skip;
        self.component_start = self.token_index;
        self.token_increment = 0;
    }

    /// <https://urlpattern.spec.whatwg.org/#rewind>
    fn rewind(&mut self) {
        self.token_index = self.component_start;
        self.token_increment = 0;
    }

    /// <https://urlpattern.spec.whatwg.org/#rewind-and-set-state>
    fn rewind_and_set_state(&mut self, state: State) {
        self.rewind();
        self.state = state;
    }

    /// <https://urlpattern.spec.whatwg.org/#is-a-non-special-pattern-char>
    fn is_char_at(&self, index: usize, value: char) -> bool {
        let token = self.tokens.get(index).or_else(|| self.tokens.last());
        token.is_some_and(|token| {
            self.input[token.value.clone()] == [value]
                && matches!(
                    token.kind,
                    TokenType::Char | TokenType::EscapedChar | TokenType::InvalidChar
                )
        })
    }

    /// The same of the token that is looked at.
    fn is_char(&self, value: char) -> bool {
        self.is_char_at(self.token_index, value)
    }

    /// <https://urlpattern.spec.whatwg.org/#is-a-search-prefix>
    fn is_search_prefix(&self) -> bool {
        if self.is_char('?') {
            return true;
        }
        let is_question_mark = self
            .tokens
            .get(self.token_index)
            .is_some_and(|token| self.input[token.value.clone()] == ['?']);
        let previous = self.token_index.checked_sub(1);
        let previous = previous.and_then(|previous| self.tokens.get(previous));
        is_question_mark
            && previous.is_none_or(|previous| {
                !matches!(
                    previous.kind,
                    TokenType::Name | TokenType::Regexp | TokenType::Close | TokenType::Asterisk
                )
            })
    }

    /// <https://urlpattern.spec.whatwg.org/#make-a-component-string>
    fn component_string(&self) -> String {
        let place = |index: usize| {
            let token = self.tokens.get(index).or_else(|| self.tokens.last());
            token.map_or(0, |token| token.index)
        };
        let (start, end) = (place(self.component_start), place(self.token_index));
        self.input
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .collect()
    }

    /// <https://urlpattern.spec.whatwg.org/#compute-protocol-matches-a-special-scheme-flag>
    fn compute_protocol_matches_special_scheme(&mut self, scope: &mut Scope) -> Fallible<()> {
        let protocol = self.component_string();
        let component = Component::compile(&protocol, canonicalize::protocol, Options::DEFAULT)?;
        self.protocol_matches_special_scheme = component.matches_special_scheme(scope)?;
        Ok(())
    }
}
