//! `ConstValue` and `DefaultValue`.

use super::Parser;
use crate::error::Fallible;
use crate::lexer::TokenKind;
use crate::model::DefaultValue;
use crate::syntax::Literal;

impl Parser {
    /// `ConstValue`
    pub(super) fn const_value(&mut self) -> Fallible<Literal> {
        let span = self.span();
        let value = match self.peek() {
            TokenKind::Integer(value) => DefaultValue::Integer(*value),
            TokenKind::Decimal(value) => DefaultValue::Decimal(*value),
            TokenKind::Word {
                text,
                escaped: false,
            } => match text.as_str() {
                "true" => DefaultValue::Boolean(true),
                "false" => DefaultValue::Boolean(false),
                "Infinity" => DefaultValue::Decimal(f64::INFINITY),
                "-Infinity" => DefaultValue::Decimal(f64::NEG_INFINITY),
                "NaN" => DefaultValue::Decimal(f64::NAN),
                _ => return Err(self.unexpected("this is not a value", VALUES)),
            },
            _ => return Err(self.unexpected("a value is missing", VALUES)),
        };
        self.advance();
        Ok(Literal { value, span })
    }

    /// `Default`: `= DefaultValue`, or nothing.
    pub(super) fn default(&mut self) -> Fallible<Option<Literal>> {
        if !self.eat_symbol('=') {
            return Ok(None);
        }
        let span = self.span();
        let value = match self.peek() {
            TokenKind::String(text) => DefaultValue::String(text.clone()),
            TokenKind::Symbol('[') => {
                self.advance();
                if !self.is_symbol(']') {
                    return Err(
                        self.unexpected("a sequence's default value can only be empty", "`]`")
                    );
                }
                DefaultValue::EmptySequence
            }
            TokenKind::Symbol('{') => {
                self.advance();
                if !self.is_symbol('}') {
                    return Err(
                        self.unexpected("a dictionary's default value can only be empty", "`}`")
                    );
                }
                DefaultValue::EmptyDictionary
            }
            TokenKind::Word {
                text,
                escaped: false,
            } if text == "null" => DefaultValue::Null,
            TokenKind::Word {
                text,
                escaped: false,
            } if text == "undefined" => DefaultValue::Undefined,
            _ => return self.const_value().map(Some),
        };
        self.advance();
        Ok(Some(Literal { value, span }))
    }
}

const VALUES: &str = "a number, a string, `true`, `false`, `null`, `undefined`, `[]` or `{}`";
