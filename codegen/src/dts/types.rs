//! Types and argument lists.

use webapi_idl::{AnnotatedType, Argument, Buffer, Type};

use super::Printer;

/// Where a type stands: values that go into an API may be given more loosely than they come out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// An argument of an operation.
    Input,
    /// A result, an attribute, or an argument of a callback.
    Output,
    /// A member of a dictionary, which may be either.
    Member,
}

impl Printer<'_> {
    /// A type, by its typedef's name where it has one.
    pub(super) fn ty(&self, ty: &AnnotatedType, position: Position) -> String {
        match &ty.alias {
            Some(alias) if !matches!(ty.kind, Type::Buffer(_)) => alias.clone(),
            _ => self.kind(ty, position),
        }
    }

    /// What a typedef stands for.
    pub(super) fn aliased(&self, ty: &AnnotatedType) -> String {
        self.kind(ty, Position::Member)
    }

    /// The result of an operation.
    pub(super) fn result(&self, ty: &AnnotatedType) -> String {
        match &ty.kind {
            Type::Undefined => "void".to_owned(),
            _ => self.ty(ty, Position::Output),
        }
    }

    /// What an app's callback returns: an input, of which nothing is demanded where the standard asks for nothing.
    pub(super) fn callback_result(&self, ty: &AnnotatedType) -> String {
        match &ty.kind {
            Type::Undefined => "void".to_owned(),
            Type::Promise(value) if value.kind == Type::Undefined => {
                "void | PromiseLike<void>".to_owned()
            }
            _ => self.ty(ty, Position::Input),
        }
    }

    fn kind(&self, ty: &AnnotatedType, position: Position) -> String {
        match &ty.kind {
            Type::Any => "any".to_owned(),
            Type::Undefined => "undefined".to_owned(),
            Type::Object => "object".to_owned(),
            Type::Symbol => "symbol".to_owned(),
            Type::Boolean => "boolean".to_owned(),
            Type::Numeric(_) => "number".to_owned(),
            Type::BigInt => "bigint".to_owned(),
            Type::DomString | Type::ByteString | Type::UsvString => "string".to_owned(),
            Type::Buffer(Buffer::BufferSource) if ty.annotations.allow_shared => {
                "AllowSharedBufferSource".to_owned()
            }
            Type::Buffer(buffer) => format!("{buffer:?}"),
            Type::Interface(name)
            | Type::Dictionary(name)
            | Type::Enumeration(name)
            | Type::Callback(name)
            | Type::CallbackInterface(name) => name.clone(),
            Type::Sequence(element) => match position {
                Position::Input => format!("Iterable<{}>", self.ty(element, position)),
                _ => format!("{}[]", parenthesized(self.ty(element, position))),
            },
            Type::AsyncSequence(element) => {
                let element = self.ty(element, position);
                format!("AsyncIterable<{element}> | Iterable<{element} | PromiseLike<{element}>>")
            }
            Type::FrozenArray(element) | Type::ObservableArray(element) => {
                format!("readonly {}[]", parenthesized(self.ty(element, position)))
            }
            Type::Record(key, value) => format!(
                "Record<{}, {}>",
                self.ty(key, position),
                self.ty(value, position)
            ),
            Type::Promise(value) => {
                let value = self.result(value);
                match position {
                    Position::Input => format!("{value} | PromiseLike<{value}>"),
                    _ => format!("Promise<{value}>"),
                }
            }
            Type::Nullable(inner) => {
                let inner = self.ty(inner, position);
                if inner == "any" {
                    inner
                } else {
                    format!("{inner} | null")
                }
            }
            Type::Union(members) => {
                let mut texts: Vec<String> = Vec::new();
                for member in members {
                    let text = self.ty(member, position);
                    if !texts.contains(&text) {
                        texts.push(text);
                    }
                }
                texts.join(" | ")
            }
        }
    }

    /// A parameter list.
    pub(super) fn arguments(&self, arguments: &[Argument], position: Position) -> String {
        let mut texts = Vec::new();
        for argument in arguments {
            let ty = self.ty(&argument.ty, position);
            let name = parameter(&argument.name);
            texts.push(if argument.variadic {
                format!("...{name}: {}[]", parenthesized(ty))
            } else if argument.optional {
                format!("{name}?: {ty}")
            } else {
                format!("{name}: {ty}")
            });
        }
        texts.join(", ")
    }
}

/// A type as an operand of `[]`.
pub(super) fn parenthesized(ty: String) -> String {
    if ty.contains(' ') {
        format!("({ty})")
    } else {
        ty
    }
}

/// A parameter's name; TypeScript refuses reserved words.
fn parameter(name: &str) -> String {
    const RESERVED: &[&str] = &[
        "arguments",
        "class",
        "default",
        "delete",
        "enum",
        "export",
        "function",
        "in",
        "new",
        "package",
        "public",
    ];
    if RESERVED.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}
