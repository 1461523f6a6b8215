//! Members of interfaces, mixins, namespaces and callback interfaces, <https://webidl.spec.whatwg.org/#idl-members>.

use super::Parser;
use crate::error::Fallible;
use crate::model::Span;
use crate::syntax::{
    Argument, Attribute, Constant, ExtendedAttribute, Member, MemberKind, Name, Operation, Type,
};

/// `ArgumentNameKeyword`
const ARGUMENT_NAMES: &[&str] = &[
    "async",
    "attribute",
    "callback",
    "const",
    "constructor",
    "deleter",
    "dictionary",
    "enum",
    "getter",
    "includes",
    "inherit",
    "interface",
    "iterable",
    "maplike",
    "mixin",
    "namespace",
    "partial",
    "readonly",
    "required",
    "setlike",
    "setter",
    "static",
    "stringifier",
    "typedef",
    "unrestricted",
];
/// `AttributeNameKeyword`
const ATTRIBUTE_NAMES: &[&str] = &["async", "required"];
/// `OperationNameKeyword`
const OPERATION_NAMES: &[&str] = &["includes"];

impl Parser {
    /// `InterfaceMember`
    pub(super) fn interface_member(&mut self) -> Fallible<Member> {
        let attributes = self.extended_attribute_list()?;
        let span = self.span();
        if !self.eat_keyword("constructor") {
            return self.partial_interface_member_after(attributes);
        }
        let arguments = self.argument_list()?;
        self.expect_symbol(';', "after the constructor")?;
        Ok(Member {
            documentation: None,
            attributes,
            span,
            kind: MemberKind::Constructor { arguments },
        })
    }

    /// `PartialInterfaceMember`
    pub(super) fn partial_interface_member(&mut self) -> Fallible<Member> {
        let attributes = self.extended_attribute_list()?;
        if self.is_keyword("constructor") {
            return Err(self
                .unexpected(
                    "a partial interface cannot have a constructor",
                    "any other member",
                )
                .help("move it to the interface's main definition"));
        }
        self.partial_interface_member_after(attributes)
    }

    fn partial_interface_member_after(
        &mut self,
        attributes: Vec<ExtendedAttribute>,
    ) -> Fallible<Member> {
        let span = self.span();
        if self.is_keyword("const") {
            return self.constant(attributes);
        }
        if self.eat_keyword("stringifier") {
            return self.stringifier_rest(attributes, span);
        }
        if self.eat_keyword("static") {
            if self.is_keyword("readonly") || self.is_keyword("attribute") {
                return self.attribute(attributes, |attribute| attribute.is_static = true);
            }
            return self.regular_operation(attributes, true);
        }
        if self.eat_keyword("inherit") {
            return self.attribute(attributes, |attribute| attribute.inherit = true);
        }
        let generic = if self.is_keyword("readonly") { 1 } else { 0 };
        if self.is_keyword_at(generic, "maplike") || self.is_keyword_at(generic, "setlike") {
            return self.maplike_or_setlike(attributes, span);
        }
        if self.is_keyword("readonly") || self.is_keyword("attribute") {
            return self.attribute(attributes, |_| {});
        }
        if self.eat_keyword("iterable") {
            let (first, second) = self.one_or_two_types("iterable")?;
            self.expect_symbol(';', "after `iterable<…>`")?;
            let (key, value) = key_and_value(first, second);
            return Ok(Member {
                documentation: None,
                attributes,
                span,
                kind: MemberKind::Iterable { key, value },
            });
        }
        if self.eat_keyword("async_iterable") {
            let (first, second) = self.one_or_two_types("async_iterable")?;
            let arguments = if self.is_symbol('(') {
                self.argument_list()?
            } else {
                Vec::new()
            };
            self.expect_symbol(';', "after `async_iterable<…>`")?;
            let (key, value) = key_and_value(first, second);
            return Ok(Member {
                documentation: None,
                attributes,
                span,
                kind: MemberKind::AsyncIterable {
                    key,
                    value,
                    arguments,
                },
            });
        }
        for special in ["getter", "setter", "deleter"] {
            if self.eat_keyword(special) {
                let mut member = self.regular_operation(attributes, false)?;
                if let MemberKind::Operation(operation) = &mut member.kind {
                    operation.special = Some(Name {
                        text: special.to_owned(),
                        span,
                    });
                }
                return Ok(member);
            }
        }
        self.regular_operation(attributes, false)
    }

    /// `MixinMember`
    pub(super) fn mixin_member(&mut self) -> Fallible<Member> {
        let attributes = self.extended_attribute_list()?;
        let span = self.span();
        for keyword in [
            "static",
            "inherit",
            "iterable",
            "async_iterable",
            "maplike",
            "setlike",
            "getter",
            "setter",
            "deleter",
            "constructor",
        ] {
            if self.is_keyword(keyword) {
                return Err(self.unexpected(
                    format!("a mixin has no `{keyword}` members"),
                    "a constant, a regular operation, a regular attribute or a stringifier",
                ));
            }
        }
        if self.is_keyword("const") {
            self.constant(attributes)
        } else if self.eat_keyword("stringifier") {
            self.stringifier_rest(attributes, span)
        } else if self.is_keyword("readonly") || self.is_keyword("attribute") {
            self.attribute(attributes, |_| {})
        } else {
            self.regular_operation(attributes, false)
        }
    }

    /// `NamespaceMember`
    pub(super) fn namespace_member(&mut self) -> Fallible<Member> {
        let attributes = self.extended_attribute_list()?;
        if self.is_keyword("const") {
            return self.constant(attributes);
        }
        if self.is_keyword("attribute") {
            return Err(self.unexpected(
                "attributes of a namespace are read-only",
                "`readonly attribute`",
            ));
        }
        if self.is_keyword("readonly") {
            return self.attribute(attributes, |_| {});
        }
        self.regular_operation(attributes, false)
    }

    /// `CallbackInterfaceMember`
    pub(super) fn callback_interface_member(&mut self) -> Fallible<Member> {
        let attributes = self.extended_attribute_list()?;
        if self.is_keyword("const") {
            self.constant(attributes)
        } else {
            self.regular_operation(attributes, false)
        }
    }

    /// `Const`
    fn constant(&mut self, attributes: Vec<ExtendedAttribute>) -> Fallible<Member> {
        self.expect_keyword("const", "before the constant")?;
        let ty = self.type_()?;
        let name = self.identifier("the constant's name")?;
        self.expect_symbol('=', "after the constant's name")?;
        let value = self.const_value()?;
        self.expect_symbol(';', "after the constant's value")?;
        Ok(Member {
            documentation: None,
            attributes,
            span: name.span.clone(),
            kind: MemberKind::Constant(Constant { name, ty, value }),
        })
    }

    /// `OptionalReadOnly AttributeRest`; `adjust` sets what stood before it.
    fn attribute(
        &mut self,
        attributes: Vec<ExtendedAttribute>,
        adjust: fn(&mut Attribute),
    ) -> Fallible<Member> {
        let readonly = self.eat_keyword("readonly");
        self.expect_keyword("attribute", "before the attribute's type")?;
        let ty = self.type_with_extended_attributes()?;
        let name = self.identifier_or("the attribute's name", ATTRIBUTE_NAMES)?;
        self.expect_symbol(';', "after the attribute's name")?;
        let span = name.span.clone();
        let mut attribute = Attribute {
            name,
            ty,
            readonly,
            is_static: false,
            inherit: false,
            stringifier: false,
        };
        adjust(&mut attribute);
        if attribute.inherit && readonly {
            return Err(crate::error::Error::new(
                &span,
                "an attribute that inherits its getter cannot be read-only",
            )
            .expected("`inherit attribute`")
            .found("`inherit readonly attribute`"));
        }
        Ok(Member {
            documentation: None,
            attributes,
            span,
            kind: MemberKind::Attribute(attribute),
        })
    }

    /// `StringifierRest`
    fn stringifier_rest(
        &mut self,
        attributes: Vec<ExtendedAttribute>,
        span: Span,
    ) -> Fallible<Member> {
        if self.eat_symbol(';') {
            return Ok(Member {
                documentation: None,
                attributes,
                span,
                kind: MemberKind::Stringifier,
            });
        }
        if self.is_keyword("readonly") || self.is_keyword("attribute") {
            return self.attribute(attributes, |attribute| attribute.stringifier = true);
        }
        Err(self.unexpected(
            "`stringifier` stands before no attribute",
            "`;`, `attribute` or `readonly attribute`",
        ))
    }

    /// `MaplikeRest` and `SetlikeRest`
    fn maplike_or_setlike(
        &mut self,
        attributes: Vec<ExtendedAttribute>,
        span: Span,
    ) -> Fallible<Member> {
        let readonly = self.eat_keyword("readonly");
        let kind = if self.eat_keyword("maplike") {
            let (key, value) = self.one_or_two_types("maplike")?;
            let Some(value) = value else {
                return Err(self.unexpected("`maplike` needs a key and a value", "`maplike<K, V>`"));
            };
            MemberKind::Maplike {
                readonly,
                key,
                value,
            }
        } else {
            self.expect_keyword("setlike", "after `readonly`")?;
            let (value, none) = self.one_or_two_types("setlike")?;
            if none.is_some() {
                return Err(self.unexpected("`setlike` has one type", "`setlike<T>`"));
            }
            MemberKind::Setlike { readonly, value }
        };
        self.expect_symbol(';', "after the closing `>`")?;
        Ok(Member {
            documentation: None,
            attributes,
            span,
            kind,
        })
    }

    /// `<A>` or `<A, B>`
    fn one_or_two_types(&mut self, keyword: &str) -> Fallible<(Type, Option<Type>)> {
        self.expect_symbol('<', &format!("after `{keyword}`"))?;
        let first = self.type_with_extended_attributes()?;
        let second = if self.eat_symbol(',') {
            Some(self.type_with_extended_attributes()?)
        } else {
            None
        };
        self.expect_symbol('>', &format!("after the types of `{keyword}`"))?;
        Ok((first, second))
    }

    /// `RegularOperation`; the name may be missing as in `getter DOMString (DOMString name)`, which the resolver judges.
    fn regular_operation(
        &mut self,
        attributes: Vec<ExtendedAttribute>,
        is_static: bool,
    ) -> Fallible<Member> {
        let start = self.span();
        let returns = self.type_()?;
        let name = if self.is_symbol('(') {
            None
        } else {
            Some(self.identifier_or("the operation's name", OPERATION_NAMES)?)
        };
        let arguments = self.argument_list()?;
        self.expect_symbol(';', "after the operation's arguments")?;
        let span = name.as_ref().map_or(start, |name| name.span.clone());
        let operation = Operation {
            name,
            special: None,
            is_static,
            returns,
            arguments,
        };
        Ok(Member {
            documentation: None,
            attributes,
            span,
            kind: MemberKind::Operation(operation),
        })
    }

    /// `( ArgumentList )`
    pub(super) fn argument_list(&mut self) -> Fallible<Vec<Argument>> {
        self.expect_symbol('(', "before the arguments")?;
        let mut arguments = Vec::new();
        if self.eat_symbol(')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.argument()?);
            if self.eat_symbol(')') {
                return Ok(arguments);
            }
            if !self.eat_symbol(',') {
                return Err(self.unexpected("the list of arguments does not go on", "`,` or `)`"));
            }
        }
    }

    /// `Argument`
    fn argument(&mut self) -> Fallible<Argument> {
        let attributes = self.extended_attribute_list()?;
        let optional = self.eat_keyword("optional");
        let ty = if optional {
            self.type_with_extended_attributes()?
        } else {
            self.type_()?
        };
        if optional && *self.peek() == crate::lexer::TokenKind::Ellipsis {
            return Err(self
                .unexpected(
                    "an optional argument cannot be variadic",
                    "the argument's name",
                )
                .help("leave `optional` out: a variadic argument may be given no value"));
        }
        let variadic = *self.peek() == crate::lexer::TokenKind::Ellipsis;
        if variadic {
            self.advance();
        }
        let name = self.identifier_or("the argument's name", ARGUMENT_NAMES)?;
        if !optional && self.is_symbol('=') {
            return Err(self
                .unexpected(
                    "only an optional argument can have a default value",
                    "`,` or `)`",
                )
                .help("write `optional` before the argument's type"));
        }
        let default = self.default()?;
        Ok(Argument {
            attributes,
            name,
            ty,
            optional,
            variadic,
            default,
        })
    }
}

/// `<V>` and `<K, V>`.
fn key_and_value(first: Type, second: Option<Type>) -> (Option<Type>, Type) {
    match second {
        Some(value) => (Some(first), value),
        None => (None, first),
    }
}
