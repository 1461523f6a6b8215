//! `Definition`, <https://webidl.spec.whatwg.org/#idl>.

use super::Parser;
use crate::error::Fallible;
use crate::lexer::TokenKind;
use crate::syntax::{Definition, DefinitionKind, DictionaryMember, EnumerationValue, Member, Name};

impl Parser {
    /// `ExtendedAttributeList Definition`
    pub(super) fn definition(&mut self) -> Fallible<Definition> {
        let documentation = self.documentation();
        let attributes = self.extended_attribute_list()?;
        let (name, kind) = if self.eat_keyword("callback") {
            if self.eat_keyword("interface") {
                self.callback_interface()?
            } else {
                self.callback_rest()?
            }
        } else if self.eat_keyword("interface") {
            self.interface_or_mixin(false)?
        } else if self.eat_keyword("namespace") {
            self.namespace(false)?
        } else if self.eat_keyword("partial") {
            self.partial()?
        } else if self.eat_keyword("dictionary") {
            self.dictionary(false)?
        } else if self.eat_keyword("enum") {
            self.enumeration()?
        } else if self.eat_keyword("typedef") {
            let ty = self.type_with_extended_attributes()?;
            (
                self.identifier("the typedef's name")?,
                DefinitionKind::Typedef { ty },
            )
        } else if self.is_keyword_at(1, "includes") {
            let name = self.identifier("an interface's name")?;
            self.advance();
            (
                name,
                DefinitionKind::Includes {
                    mixin: self.identifier("the mixin's name")?,
                },
            )
        } else {
            return Err(self.unexpected(
                "no definition starts like this",
                "`interface`, `partial`, `namespace`, `dictionary`, `enum`, `callback`, `typedef` or `A includes B`",
            ));
        };
        self.expect_symbol(';', &format!("after the definition of `{}`", name.text))?;
        Ok(Definition {
            documentation,
            attributes,
            name,
            kind,
        })
    }

    /// `PartialDefinition`
    fn partial(&mut self) -> Fallible<(Name, DefinitionKind)> {
        if self.eat_keyword("interface") {
            self.interface_or_mixin(true)
        } else if self.eat_keyword("dictionary") {
            self.dictionary(true)
        } else if self.eat_keyword("namespace") {
            self.namespace(true)
        } else {
            Err(self.unexpected(
                "this cannot be partial",
                "`interface`, `dictionary` or `namespace`",
            ))
        }
    }

    /// `InterfaceRest` and `MixinRest`, partial or not
    fn interface_or_mixin(&mut self, partial: bool) -> Fallible<(Name, DefinitionKind)> {
        if self.eat_keyword("mixin") {
            let name = self.identifier("the mixin's name")?;
            let members = self.members(Self::mixin_member)?;
            return Ok((name, DefinitionKind::Mixin { partial, members }));
        }
        let name = self.identifier("the interface's name")?;
        if partial && self.is_symbol(':') {
            return Err(self
                .unexpected("a partial interface cannot inherit", "`{`")
                .help("name the parent in the interface's main definition"));
        }
        let inherits = self.inheritance()?;
        let members = self.members(if partial {
            Self::partial_interface_member
        } else {
            Self::interface_member
        })?;
        Ok((
            name,
            DefinitionKind::Interface {
                partial,
                inherits,
                members,
            },
        ))
    }

    /// `Inheritance`
    fn inheritance(&mut self) -> Fallible<Option<Name>> {
        if self.eat_symbol(':') {
            self.identifier("the parent's name").map(Some)
        } else {
            Ok(None)
        }
    }

    fn namespace(&mut self, partial: bool) -> Fallible<(Name, DefinitionKind)> {
        let name = self.identifier("the namespace's name")?;
        let members = self.members(Self::namespace_member)?;
        Ok((name, DefinitionKind::Namespace { partial, members }))
    }

    fn callback_interface(&mut self) -> Fallible<(Name, DefinitionKind)> {
        let name = self.identifier("the callback interface's name")?;
        let members = self.members(Self::callback_interface_member)?;
        Ok((name, DefinitionKind::CallbackInterface { members }))
    }

    /// `CallbackRest`
    fn callback_rest(&mut self) -> Fallible<(Name, DefinitionKind)> {
        let name = self.identifier("the callback's name")?;
        self.expect_symbol('=', "after the callback's name")?;
        let returns = self.type_()?;
        let arguments = self.argument_list()?;
        Ok((name, DefinitionKind::Callback { returns, arguments }))
    }

    /// `{ … }` of whichever member the definition takes.
    fn members(&mut self, member: fn(&mut Self) -> Fallible<Member>) -> Fallible<Vec<Member>> {
        self.expect_symbol('{', "after the definition's name")?;
        let mut members = Vec::new();
        while !self.eat_symbol('}') {
            let documentation = self.documentation();
            members.push(Member {
                documentation,
                ..member(self)?
            });
        }
        Ok(members)
    }

    fn dictionary(&mut self, partial: bool) -> Fallible<(Name, DefinitionKind)> {
        let name = self.identifier("the dictionary's name")?;
        if partial && self.is_symbol(':') {
            return Err(self
                .unexpected("a partial dictionary cannot inherit", "`{`")
                .help("name the parent in the dictionary's main definition"));
        }
        let inherits = self.inheritance()?;
        self.expect_symbol('{', "after the dictionary's name")?;
        let mut members = Vec::new();
        while !self.eat_symbol('}') {
            members.push(self.dictionary_member()?);
        }
        Ok((
            name,
            DefinitionKind::Dictionary {
                partial,
                inherits,
                members,
            },
        ))
    }

    fn dictionary_member(&mut self) -> Fallible<DictionaryMember> {
        let documentation = self.documentation();
        let attributes = self.extended_attribute_list()?;
        let required = self.eat_keyword("required");
        let ty = if required {
            self.type_with_extended_attributes()?
        } else {
            self.type_()?
        };
        let name = self.identifier("the dictionary member's name")?;
        if required && self.is_symbol('=') {
            return Err(self.unexpected("a required member cannot have a default value", "`;`"));
        }
        let default = self.default()?;
        self.expect_symbol(';', "after the dictionary member")?;
        Ok(DictionaryMember {
            documentation,
            attributes,
            name,
            ty,
            required,
            default,
        })
    }

    /// `enum identifier { "a", "b" }`; a comma may follow the last value.
    fn enumeration(&mut self) -> Fallible<(Name, DefinitionKind)> {
        let name = self.identifier("the enumeration's name")?;
        self.expect_symbol('{', "after the enumeration's name")?;
        let mut values = Vec::new();
        loop {
            let (documentation, span) = (self.documentation(), self.span());
            let TokenKind::String(text) = self.peek().clone() else {
                return Err(self.unexpected(
                    "an enumeration's value is missing",
                    "a string in double quotes",
                ));
            };
            self.advance();
            values.push(EnumerationValue {
                documentation,
                text,
                span,
            });
            let comma = self.eat_symbol(',');
            if self.eat_symbol('}') {
                return Ok((name, DefinitionKind::Enumeration { values }));
            }
            if !comma {
                return Err(self.unexpected("the enumeration does not go on", "`,` or `}`"));
            }
        }
    }
}
