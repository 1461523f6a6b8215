//! `ExtendedAttributeList`, <https://webidl.spec.whatwg.org/#idl-extended-attributes>.

use super::Parser;
use crate::error::Fallible;
use crate::lexer::TokenKind;
use crate::syntax::{ExtendedAttribute, ExtendedAttributeValue};

impl Parser {
    /// `[A, B=c, …]`, or nothing.
    pub(super) fn extended_attribute_list(&mut self) -> Fallible<Vec<ExtendedAttribute>> {
        let mut attributes = Vec::new();
        if !self.eat_symbol('[') {
            return Ok(attributes);
        }
        loop {
            let name = self.identifier("the extended attribute's name")?;
            let value = self.extended_attribute_value()?;
            attributes.push(ExtendedAttribute { name, value });
            if self.eat_symbol(']') {
                return Ok(attributes);
            }
            if !self.eat_symbol(',') {
                return Err(self.unexpected(
                    "the list of extended attributes does not go on",
                    "`,` or `]`",
                ));
            }
        }
    }

    /// What follows the name: nothing, `=…` or `(…)`.
    fn extended_attribute_value(&mut self) -> Fallible<ExtendedAttributeValue> {
        if self.is_symbol('(') {
            self.argument_list()?;
            return Ok(ExtendedAttributeValue::Arguments);
        }
        if !self.eat_symbol('=') {
            return Ok(ExtendedAttributeValue::None);
        }
        if self.eat_symbol('*') {
            return Ok(ExtendedAttributeValue::Identifier("*".to_owned()));
        }
        if self.eat_symbol('(') {
            let mut list = vec![self.extended_attribute_item()?];
            while self.eat_symbol(',') {
                list.push(self.extended_attribute_item()?);
            }
            self.expect_symbol(')', "after the extended attribute's list")?;
            return Ok(ExtendedAttributeValue::List(list));
        }
        let value = self.extended_attribute_item()?;
        if self.is_symbol('(') {
            self.argument_list()?;
            return Ok(ExtendedAttributeValue::Arguments);
        }
        Ok(ExtendedAttributeValue::Identifier(value))
    }

    fn extended_attribute_item(&mut self) -> Fallible<String> {
        let item = match self.peek() {
            TokenKind::Word { text, .. } | TokenKind::String(text) => text.clone(),
            TokenKind::Integer(value) => value.to_string(),
            TokenKind::Decimal(value) => value.to_string(),
            _ => {
                return Err(self.unexpected(
                    "the extended attribute has no value",
                    "an identifier, a string, a number, `*` or a list in parentheses",
                ));
            }
        };
        self.advance();
        Ok(item)
    }
}
