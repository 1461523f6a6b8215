//! `Type`, <https://webidl.spec.whatwg.org/#idl-types>.

use super::Parser;
use crate::error::Fallible;
use crate::lexer::TokenKind;
use crate::model::{self, Buffer, Numeric};
use crate::syntax::{ExtendedAttribute, Type, TypeKind};

impl Parser {
    /// `TypeWithExtendedAttributes`
    pub(super) fn type_with_extended_attributes(&mut self) -> Fallible<Type> {
        let attributes = self.extended_attribute_list()?;
        self.type_after(attributes)
    }

    /// `Type`
    pub(super) fn type_(&mut self) -> Fallible<Type> {
        self.type_after(Vec::new())
    }

    fn type_after(&mut self, attributes: Vec<ExtendedAttribute>) -> Fallible<Type> {
        let span = self.span();
        let kind = if self.is_symbol('(') {
            self.union_type()?
        } else {
            self.single_type()?
        };
        // `any` and promises never are nullable: `Null` is no part of their productions.
        let may_be_nullable = !matches!(
            kind,
            TypeKind::Keyword(model::Type::Any) | TypeKind::Promise(_)
        );
        if self.is_symbol('?') && !may_be_nullable {
            return Err(self.unexpected("this type cannot be nullable", "the type without `?`"));
        }
        let nullable = self.eat_symbol('?');
        if nullable && self.is_symbol('?') {
            return Err(self.unexpected("a nullable type cannot be made nullable again", "one `?`"));
        }
        Ok(Type {
            attributes,
            span,
            kind,
            nullable,
        })
    }

    /// `UnionType`
    fn union_type(&mut self) -> Fallible<TypeKind> {
        self.expect_symbol('(', "before the union's types")?;
        let mut members = vec![self.type_with_extended_attributes()?];
        while self.eat_keyword("or") {
            members.push(self.type_with_extended_attributes()?);
        }
        if members.len() == 1 {
            return Err(
                self.unexpected("a union needs at least two types", "`or` and another type")
            );
        }
        if !self.eat_symbol(')') {
            return Err(self.unexpected("the union does not go on", "`or` or `)`"));
        }
        Ok(TypeKind::Union(members))
    }

    /// `SingleType` without `Null`.
    fn single_type(&mut self) -> Fallible<TypeKind> {
        let TokenKind::Word { text, escaped } = self.peek().clone() else {
            return Err(self.unexpected("a type is missing", "a type"));
        };
        if escaped {
            self.advance();
            return Ok(TypeKind::Named(text));
        }
        if let Some(numeric) = self.numeric_type()? {
            return Ok(TypeKind::Keyword(model::Type::Numeric(numeric)));
        }
        if let Some(keyword) = keyword_type(&text) {
            self.advance();
            return Ok(TypeKind::Keyword(keyword));
        }
        let generic: Option<fn(Box<Type>) -> TypeKind> = match text.as_str() {
            "sequence" => Some(TypeKind::Sequence),
            "async_sequence" => Some(TypeKind::AsyncSequence),
            "FrozenArray" => Some(TypeKind::FrozenArray),
            "ObservableArray" => Some(TypeKind::ObservableArray),
            "Promise" => Some(TypeKind::Promise),
            _ => None,
        };
        if let Some(generic) = generic {
            self.advance();
            self.expect_symbol('<', &format!("after `{text}`"))?;
            // The grammar has `Type` for a promise and `TypeWithExtendedAttributes` for the rest; nothing is lost by
            // reading both alike, as the resolver refuses attributes that do not apply.
            let element = self.type_with_extended_attributes()?;
            self.expect_symbol('>', &format!("after the element of `{text}`"))?;
            return Ok(generic(Box::new(element)));
        }
        if text == "record" {
            self.advance();
            self.expect_symbol('<', "after `record`")?;
            let key = self.type_()?;
            self.expect_symbol(',', "after the record's key")?;
            let value = self.type_with_extended_attributes()?;
            self.expect_symbol('>', "after the record's value")?;
            return Ok(TypeKind::Record(Box::new(key), Box::new(value)));
        }
        Ok(TypeKind::Named(self.identifier("a type")?.text))
    }

    /// `PrimitiveType` as far as it is made of several words.
    fn numeric_type(&mut self) -> Fallible<Option<Numeric>> {
        let unsigned = self.is_keyword("unsigned");
        let unrestricted = self.is_keyword("unrestricted");
        if unsigned || unrestricted {
            self.advance();
        }
        let numeric = if unrestricted {
            if self.eat_keyword("float") {
                Numeric::UnrestrictedFloat
            } else if self.eat_keyword("double") {
                Numeric::UnrestrictedDouble
            } else {
                return Err(self.unexpected(
                    "`unrestricted` stands before no number type",
                    "`float` or `double`",
                ));
            }
        } else if self.eat_keyword("short") {
            if unsigned {
                Numeric::UnsignedShort
            } else {
                Numeric::Short
            }
        } else if self.eat_keyword("long") {
            match (unsigned, self.eat_keyword("long")) {
                (false, false) => Numeric::Long,
                (false, true) => Numeric::LongLong,
                (true, false) => Numeric::UnsignedLong,
                (true, true) => Numeric::UnsignedLongLong,
            }
        } else if unsigned {
            return Err(self.unexpected(
                "`unsigned` stands before no integer type",
                "`short` or `long`",
            ));
        } else if self.eat_keyword("byte") {
            Numeric::Byte
        } else if self.eat_keyword("octet") {
            Numeric::Octet
        } else if self.eat_keyword("float") {
            Numeric::Float
        } else if self.eat_keyword("double") {
            Numeric::Double
        } else {
            return Ok(None);
        };
        Ok(Some(numeric))
    }
}

/// Types that are one keyword.
fn keyword_type(text: &str) -> Option<model::Type> {
    use model::Type;
    Some(match text {
        "any" => Type::Any,
        "undefined" => Type::Undefined,
        "object" => Type::Object,
        "symbol" => Type::Symbol,
        "boolean" => Type::Boolean,
        "bigint" => Type::BigInt,
        "DOMString" => Type::DomString,
        "ByteString" => Type::ByteString,
        "USVString" => Type::UsvString,
        "ArrayBuffer" => Type::Buffer(Buffer::ArrayBuffer),
        "SharedArrayBuffer" => Type::Buffer(Buffer::SharedArrayBuffer),
        "DataView" => Type::Buffer(Buffer::DataView),
        "Int8Array" => Type::Buffer(Buffer::Int8Array),
        "Int16Array" => Type::Buffer(Buffer::Int16Array),
        "Int32Array" => Type::Buffer(Buffer::Int32Array),
        "Uint8Array" => Type::Buffer(Buffer::Uint8Array),
        "Uint16Array" => Type::Buffer(Buffer::Uint16Array),
        "Uint32Array" => Type::Buffer(Buffer::Uint32Array),
        "Uint8ClampedArray" => Type::Buffer(Buffer::Uint8ClampedArray),
        "BigInt64Array" => Type::Buffer(Buffer::BigInt64Array),
        "BigUint64Array" => Type::Buffer(Buffer::BigUint64Array),
        "Float16Array" => Type::Buffer(Buffer::Float16Array),
        "Float32Array" => Type::Buffer(Buffer::Float32Array),
        "Float64Array" => Type::Buffer(Buffer::Float64Array),
        _ => return None,
    })
}
