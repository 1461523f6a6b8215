//! Text → tokens, <https://webidl.spec.whatwg.org/#idl-grammar> (the terminals above the productions).

use std::sync::Arc;

use crate::error::{Error, Fallible};
use crate::model::Span;

/// A token where it starts.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Span,
    /// The `/** … */` right before it.
    pub documentation: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// An identifier or keyword. `escaped`: it had a leading underscore (now gone), so it is no keyword.
    Word {
        text: String,
        escaped: bool,
    },
    Integer(i128),
    Decimal(f64),
    String(String),
    /// `...`
    Ellipsis,
    /// Any other single character.
    Symbol(char),
    /// End of the file.
    End,
}

impl TokenKind {
    /// How an error shows the token.
    pub fn describe(&self) -> String {
        match self {
            Self::Word {
                text,
                escaped: false,
            } => format!("`{text}`"),
            Self::Word {
                text,
                escaped: true,
            } => format!("`_{text}`"),
            Self::Integer(value) => format!("the number {value}"),
            Self::Decimal(value) => format!("the number {value}"),
            Self::String(text) => format!("the string \"{text}\""),
            Self::Ellipsis => "`...`".to_owned(),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end of the file".to_owned(),
        }
    }
}

/// The tokens of a file, [`TokenKind::End`] last.
pub(crate) fn tokens(file: &Arc<str>, text: &str) -> Fallible<Vec<Token>> {
    let mut lexer = Lexer {
        file,
        rest: text,
        line: 1,
        column: 1,
    };
    let mut tokens = Vec::new();
    loop {
        let documentation = lexer.skip_blanks_and_comments()?;
        let span = lexer.span();
        let kind = lexer.next_kind()?;
        let end = kind == TokenKind::End;
        tokens.push(Token {
            kind,
            span,
            documentation,
        });
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    file: &'a Arc<str>,
    rest: &'a str,
    line: u32,
    column: u32,
}

impl<'a> Lexer<'a> {
    fn span(&self) -> Span {
        Span {
            file: self.file.clone(),
            line: self.line,
            column: self.column,
        }
    }

    /// Consumes `length` bytes and counts lines and columns.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        for c in taken.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    /// Consumes characters as long as they fit.
    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let length = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        self.take(length)
    }

    /// Returns the text of the last documentation comment, if there is one.
    fn skip_blanks_and_comments(&mut self) -> Fallible<Option<String>> {
        let mut documentation = None;
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{feff}'));
            if self.rest.starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if self.rest.starts_with("/*") {
                let Some(end) = self.rest.find("*/") else {
                    return Err(Error::new(&self.span(), "this comment does not end")
                        .expected("`*/`")
                        .found("the end of the file"));
                };
                let comment = self.take(end + 2);
                if let Some(text) = comment
                    .strip_prefix("/**")
                    .and_then(|text| text.strip_suffix("*/"))
                {
                    documentation = Some(documentation_text(text));
                }
            } else {
                return Ok(documentation);
            }
        }
    }

    fn next_kind(&mut self) -> Fallible<TokenKind> {
        let mut characters = self.rest.chars();
        let Some(first) = characters.next() else {
            return Ok(TokenKind::End);
        };
        let second = characters.next().unwrap_or('\0');

        if first.is_ascii_alphabetic()
            || (matches!(first, '_' | '-') && second.is_ascii_alphabetic())
        {
            let word = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            let unescaped = word.strip_prefix('_');
            return Ok(TokenKind::Word {
                text: unescaped.unwrap_or(word).to_owned(),
                escaped: unescaped.is_some(),
            });
        }
        if first.is_ascii_digit()
            || (first == '-' && (second.is_ascii_digit() || second == '.'))
            || (first == '.' && second.is_ascii_digit())
        {
            return self.number();
        }
        if first == '"' {
            return self.string();
        }
        if self.rest.starts_with("...") {
            self.take(3);
            return Ok(TokenKind::Ellipsis);
        }
        self.take(first.len_utf8());
        Ok(TokenKind::Symbol(first))
    }

    fn string(&mut self) -> Fallible<TokenKind> {
        let span = self.span();
        self.take(1);
        let text = self.take_while(|c| c != '"' && c != '\n');
        if !self.rest.starts_with('"') {
            return Err(Error::new(&span, "this string does not end")
                .expected("a closing `\"` on the same line")
                .found(format!("`\"{text}` and the end of the line")));
        }
        self.take(1);
        Ok(TokenKind::String(text.to_owned()))
    }

    /// `integer` and `decimal`.
    fn number(&mut self) -> Fallible<TokenKind> {
        let span = self.span();
        let negative = self.rest.starts_with('-');
        if negative {
            self.take(1);
        }
        let start = self.rest;
        let hexadecimal = start.starts_with("0x") || start.starts_with("0X");
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '.');
        // The sign of an exponent: `1e-3`.
        if !hexadecimal
            && start[..start.len() - self.rest.len()].ends_with(['e', 'E'])
            && self.rest.starts_with(['+', '-'])
        {
            self.take(1);
            self.take_while(|c| c.is_ascii_digit());
        }
        let digits = &start[..start.len() - self.rest.len()];

        let integer = if hexadecimal {
            i128::from_str_radix(&digits[2..], 16).ok()
        } else if digits.len() > 1 && digits.starts_with('0') && !digits.contains(['.', 'e', 'E']) {
            i128::from_str_radix(digits, 8).ok()
        } else {
            digits.parse().ok()
        };
        if let Some(value) = integer {
            return Ok(TokenKind::Integer(if negative { -value } else { value }));
        }
        // Rust reads `inf` and `nan` as numbers too; those cannot get here, as they do not start with a digit or a point.
        match digits.parse::<f64>() {
            Ok(value) if digits.contains(['.', 'e', 'E']) => {
                Ok(TokenKind::Decimal(if negative { -value } else { value }))
            }
            _ => Err(Error::new(&span, "this is not a number of Web IDL")
                .expected("an integer (`12`, `0x1F`, `017`) or a decimal (`1.5`, `1e3`)")
                .found(format!("`{}{digits}`", if negative { "-" } else { "" }))),
        }
    }
}

/// The inside of `/** … */` without the asterisks that begin its lines.
fn documentation_text(comment: &str) -> String {
    let lines = comment.trim().lines().map(|line| {
        let line = line.trim();
        line.strip_prefix('*').unwrap_or(line).trim_start()
    });
    lines.collect::<Vec<_>>().join("\n")
}
