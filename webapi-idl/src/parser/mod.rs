//! Tokens → syntax tree: a recursive descent along <https://webidl.spec.whatwg.org/#idl-grammar>. Each function is named
//! after the production that it reads.

mod attributes;
mod definitions;
mod members;
#[cfg(test)]
mod tests;
mod types;
mod values;

use std::sync::Arc;

use crate::error::{Error, Fallible};
use crate::lexer::{Token, TokenKind, tokens};
use crate::model::Span;
use crate::source::specification;
use crate::syntax::{File, Name};

/// Terminals that are no `identifier` unless a production says so or an underscore escapes them.
const KEYWORDS: &[&str] = &[
    "ArrayBuffer",
    "BigInt64Array",
    "BigUint64Array",
    "ByteString",
    "DOMString",
    "DataView",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "FrozenArray",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "NaN",
    "ObservableArray",
    "Promise",
    "SharedArrayBuffer",
    "USVString",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "any",
    "async",
    "async_iterable",
    "async_sequence",
    "attribute",
    "bigint",
    "boolean",
    "byte",
    "callback",
    "const",
    "constructor",
    "deleter",
    "dictionary",
    "double",
    "enum",
    "false",
    "float",
    "getter",
    "includes",
    "inherit",
    "interface",
    "iterable",
    "long",
    "maplike",
    "mixin",
    "namespace",
    "null",
    "object",
    "octet",
    "optional",
    "or",
    "partial",
    "readonly",
    "record",
    "required",
    "sequence",
    "setlike",
    "setter",
    "short",
    "static",
    "stringifier",
    "symbol",
    "true",
    "typedef",
    "undefined",
    "unrestricted",
    "unsigned",
];

/// Reads one file. Every definition that has an error gives one; the tree holds the others.
pub(crate) fn parse(name: &str, text: &str) -> (Option<File>, Vec<Error>) {
    let file: Arc<str> = Arc::from(name);
    let mut errors = Vec::new();
    let specification = specification(&file, text)
        .map_err(|error| errors.push(error))
        .ok();
    let tokens = tokens(&file, text).map_err(|error| errors.push(error)).ok();
    let (Some(specification), Some(tokens)) = (specification, tokens) else {
        return (None, errors);
    };

    let mut parser = Parser { tokens, at: 0 };
    let mut definitions = Vec::new();
    while !parser.at_end() {
        match parser.definition() {
            Ok(definition) => definitions.push(definition),
            Err(error) => {
                errors.push(error);
                parser.skip_definition();
            }
        }
    }
    if errors.is_empty() {
        errors.extend(parser.stray_documentation());
    }
    (
        Some(File {
            specification,
            definitions,
        }),
        errors,
    )
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &TokenKind {
        self.peek_at(0)
    }

    /// The token `ahead` of the current one; the end of the file repeats for ever.
    fn peek_at(&self, ahead: usize) -> &TokenKind {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)].kind
    }

    fn span(&self) -> Span {
        self.tokens[self.at].span.clone()
    }

    /// Takes the documentation comment before the current token.
    fn documentation(&mut self) -> Option<String> {
        self.tokens[self.at].documentation.take()
    }

    /// Documentation comments that nobody took.
    fn stray_documentation(&self) -> impl Iterator<Item = Error> {
        let stray = self
            .tokens
            .iter()
            .filter(|token| token.documentation.is_some());
        stray.map(|token| {
            Error::new(&token.span, "the comment before this documents nothing")
                .expected(
                    "`/** … */` before a definition or a member, extended attributes included",
                )
                .found(format!("it before {}", token.kind.describe()))
                .help("write `//` or `/*` if it is meant for readers of this file")
        })
    }

    fn at_end(&self) -> bool {
        *self.peek() == TokenKind::End
    }

    fn advance(&mut self) -> TokenKind {
        let kind = self.tokens[self.at].kind.clone();
        if kind != TokenKind::End {
            self.at += 1;
        }
        kind
    }

    /// "expected …, found …" at the current token.
    fn unexpected(&self, message: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::new(&self.span(), message)
            .expected(expected)
            .found(self.peek().describe())
    }

    fn is_symbol(&self, symbol: char) -> bool {
        *self.peek() == TokenKind::Symbol(symbol)
    }

    /// Consumes the symbol if it is next.
    fn eat_symbol(&mut self, symbol: char) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// `after` says what the symbol belongs to: "after the member's name".
    fn expect_symbol(&mut self, symbol: char, after: &str) -> Fallible<()> {
        if self.eat_symbol(symbol) {
            return Ok(());
        }
        Err(self.unexpected(
            format!("`{symbol}` is missing {after}"),
            format!("`{symbol}`"),
        ))
    }

    fn is_keyword_at(&self, ahead: usize, keyword: &str) -> bool {
        matches!(self.peek_at(ahead), TokenKind::Word { text, escaped: false } if text == keyword)
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        self.is_keyword_at(0, keyword)
    }

    /// Consumes the keyword if it is next.
    fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.advance();
        }
        found
    }

    fn expect_keyword(&mut self, keyword: &str, after: &str) -> Fallible<()> {
        if self.eat_keyword(keyword) {
            return Ok(());
        }
        Err(self.unexpected(
            format!("`{keyword}` is missing {after}"),
            format!("`{keyword}`"),
        ))
    }

    /// An `identifier`; `what` it names goes into the error.
    fn identifier(&mut self, what: &str) -> Fallible<Name> {
        self.identifier_or(what, &[])
    }

    /// An `identifier`, or one of the keywords that this place allows as a name.
    fn identifier_or(&mut self, what: &str, allowed: &[&str]) -> Fallible<Name> {
        let span = self.span();
        match self.peek() {
            TokenKind::Word { text, escaped } => {
                if !escaped
                    && KEYWORDS.contains(&text.as_str())
                    && !allowed.contains(&text.as_str())
                {
                    let help = format!(
                        "write `_{text}` if it is meant as a name; the underscore is not part of it"
                    );
                    return Err(self
                        .unexpected(format!("{what} cannot be a keyword"), what)
                        .help(help));
                }
                let text = text.clone();
                self.advance();
                Ok(Name { text, span })
            }
            _ => Err(self.unexpected(format!("{what} is missing"), what)),
        }
    }

    /// After an error: on to the next definition, past the `;` that ends this one, its braces balanced.
    fn skip_definition(&mut self) {
        // The error may stand anywhere inside the definition, so its opening brace may be behind.
        let mut depth = 0_i32;
        loop {
            match self.advance() {
                TokenKind::End => return,
                TokenKind::Symbol('{') => depth += 1,
                TokenKind::Symbol('}') => {
                    depth -= 1;
                    if depth < 0 {
                        self.eat_symbol(';');
                        return;
                    }
                }
                TokenKind::Symbol(';') if depth == 0 && self.starts_definition() => return,
                _ => {}
            }
        }
    }

    /// Whether the tokens ahead can only be a definition's start, not a member's.
    fn starts_definition(&self) -> bool {
        self.at_end()
            || [
                "interface",
                "partial",
                "dictionary",
                "enum",
                "typedef",
                "callback",
                "namespace",
            ]
            .iter()
            .any(|keyword| self.is_keyword(keyword))
            || self.is_keyword_at(1, "includes")
    }
}
