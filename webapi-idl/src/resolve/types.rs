//! Types: names looked up, typedefs inlined, unions flattened, annotations moved to the types that they apply to.

use super::index::{describe, with_article};
use super::{Resolver, Union};
use crate::describe::describe_type;
use crate::error::Error;
use crate::model::{AnnotatedType, Annotations, Buffer, Numeric, Span, Type};
use crate::syntax::{self, DefinitionKind, ExtendedAttribute, TypeKind};

impl Resolver<'_> {
    /// A type with the attributes written at the type itself.
    pub(super) fn ty(&mut self, syntax: &syntax::Type) -> AnnotatedType {
        self.ty_with(syntax, &[])
    }

    /// A type with further attributes that apply to it from outside: those of its member or argument.
    pub(super) fn ty_with(
        &mut self,
        syntax: &syntax::Type,
        outer: &[&ExtendedAttribute],
    ) -> AnnotatedType {
        let mut ty = self.bare_type(syntax);
        if syntax.nullable {
            ty = self.nullable(ty, &syntax.span);
        }
        for attribute in syntax.attributes.iter().chain(outer.iter().copied()) {
            self.annotate(&mut ty, attribute);
        }
        ty
    }

    /// The type without its `?` and its annotations.
    fn bare_type(&mut self, syntax: &syntax::Type) -> AnnotatedType {
        let kind = match &syntax.kind {
            TypeKind::Keyword(keyword) => keyword.clone(),
            TypeKind::Named(name) => return self.named(name, &syntax.span),
            TypeKind::Sequence(element) => Type::Sequence(Box::new(self.ty(element))),
            TypeKind::AsyncSequence(element) => Type::AsyncSequence(Box::new(self.ty(element))),
            TypeKind::FrozenArray(element) => Type::FrozenArray(Box::new(self.ty(element))),
            TypeKind::ObservableArray(element) => Type::ObservableArray(Box::new(self.ty(element))),
            TypeKind::Promise(element) => Type::Promise(Box::new(self.ty(element))),
            TypeKind::Record(key, value) => {
                let resolved = self.ty(key);
                if !matches!(
                    resolved.kind,
                    Type::DomString | Type::UsvString | Type::ByteString
                ) {
                    self.errors.push(
                        Error::new(&key.span, "a record's key is a string")
                            .expected("`DOMString`, `USVString` or `ByteString`")
                            .found(describe_type(&resolved)),
                    );
                }
                Type::Record(Box::new(resolved), Box::new(self.ty(value)))
            }
            TypeKind::Union(members) => self.union(members, syntax),
        };
        AnnotatedType {
            kind,
            annotations: Annotations::default(),
            alias: None,
        }
    }

    fn nullable(&mut self, ty: AnnotatedType, span: &Span) -> AnnotatedType {
        if matches!(
            ty.kind,
            Type::Any | Type::Promise(_) | Type::ObservableArray(_)
        ) {
            self.errors.push(
                Error::new(span, "this type cannot be nullable")
                    .expected("the type without `?`")
                    .found(describe_type(&ty)),
            );
        }
        if matches!(ty.kind, Type::Nullable(_)) {
            // A union gets here only by its members: a second `?` is a syntax error, an aliased one is not.
            self.errors.push(
                Error::new(span, "this type is nullable already")
                    .expected("the type without `?`")
                    .found(format!("{}, which includes null", describe_type(&ty))),
            );
            return ty;
        }
        AnnotatedType {
            kind: Type::Nullable(Box::new(ty)),
            annotations: Annotations::default(),
            alias: None,
        }
    }

    fn named(&mut self, name: &str, span: &Span) -> AnnotatedType {
        let plain = |kind| AnnotatedType {
            kind,
            annotations: Annotations::default(),
            alias: None,
        };
        match name {
            "ArrayBufferView" => return plain(Type::Buffer(Buffer::ArrayBufferView)),
            "BufferSource" => return plain(Type::Buffer(Buffer::BufferSource)),
            "AllowSharedBufferSource" => {
                return AnnotatedType {
                    kind: Type::Buffer(Buffer::BufferSource),
                    annotations: Annotations {
                        allow_shared: true,
                        ..Annotations::default()
                    },
                    alias: None,
                };
            }
            _ => {}
        }
        let expected = "the name of an interface, dictionary, enumeration, callback or typedef";
        let Some(entry) = self.index.get(name) else {
            let similar = self.index.similar(name, is_type);
            self.errors.push(
                Error::new(span, format!("unknown type `{name}`"))
                    .expected(expected)
                    .found(format!("`{name}`, which no file defines{similar}")),
            );
            return plain(Type::Any);
        };
        plain(match entry.definition.kind {
            DefinitionKind::Interface { .. } => Type::Interface(name.to_owned()),
            DefinitionKind::CallbackInterface { .. } => Type::CallbackInterface(name.to_owned()),
            DefinitionKind::Dictionary { .. } => Type::Dictionary(name.to_owned()),
            DefinitionKind::Enumeration { .. } => Type::Enumeration(name.to_owned()),
            DefinitionKind::Callback { .. } => Type::Callback(name.to_owned()),
            DefinitionKind::Typedef { .. } => return self.typedef(name, span),
            DefinitionKind::Mixin { .. }
            | DefinitionKind::Namespace { .. }
            | DefinitionKind::Includes { .. } => {
                let kind = with_article(describe(entry.definition));
                self.errors.push(
                    Error::new(span, format!("{kind} is no type"))
                        .expected(expected)
                        .found(format!("{} `{name}`", describe(entry.definition))),
                );
                Type::Any
            }
        })
    }

    /// The type that a typedef stands for, under the typedef's name.
    pub(super) fn typedef(&mut self, name: &str, span: &Span) -> AnnotatedType {
        if let Some(ty) = self.typedefs.get(name) {
            return AnnotatedType {
                alias: Some(name.to_owned()),
                ..ty.clone()
            };
        }
        let any = AnnotatedType {
            kind: Type::Any,
            annotations: Annotations::default(),
            alias: None,
        };
        if self.typedefs_under_way.iter().any(|other| other == name) {
            self.errors.push(
                Error::new(span, format!("the typedef `{name}` is defined by itself"))
                    .expected("a type that does not need this typedef")
                    .found(format!("{} → {name}", self.typedefs_under_way.join(" → "))),
            );
            return any;
        }
        let Some(DefinitionKind::Typedef { ty }) =
            self.index.get(name).map(|entry| &entry.definition.kind)
        else {
            return any;
        };
        self.typedefs_under_way.push(name.to_owned());
        let resolved = self.ty(ty);
        self.typedefs_under_way.pop();
        self.typedefs.insert(name.to_owned(), resolved.clone());
        AnnotatedType {
            alias: Some(name.to_owned()),
            ..resolved
        }
    }

    /// <https://webidl.spec.whatwg.org/#dfn-flattened-union-member-types>
    fn union(&mut self, members: &[syntax::Type], whole: &syntax::Type) -> Type {
        let mut flat: Vec<(AnnotatedType, Span)> = Vec::new();
        let mut nullable: Option<Span> = None;
        for member in members {
            let errors_before = self.errors.len();
            let mut ty = self.ty(member);
            // What could not be resolved is `any` for the time being.
            let is_wrong = self.errors.len() > errors_before;
            if let Type::Nullable(inner) = ty.kind {
                if let Some(first) = &nullable {
                    self.errors.push(
                        Error::new(&member.span, "only one member of a union can be nullable")
                            .expected("a type without `?`")
                            .found(format!(
                                "a second nullable type, after the one in column {}",
                                first.column
                            )),
                    );
                }
                nullable = Some(member.span.clone());
                ty = *inner;
            }
            match ty.kind {
                Type::Union(inner) => {
                    flat.extend(inner.into_iter().map(|ty| (ty, member.span.clone())))
                }
                Type::Any if is_wrong => {}
                Type::Any | Type::Promise(_) => self.errors.push(
                    Error::new(&member.span, "this type cannot be a member of a union")
                        .expected("a type other than `any` and promises")
                        .found(describe_type(&ty)),
                ),
                _ => flat.push((ty, member.span.clone())),
            }
        }
        let kind = Type::Union(flat.iter().map(|(ty, _)| ty.clone()).collect());
        let by_member = nullable.is_some();
        if whole.nullable {
            if let Some(member) = &nullable {
                self.errors.push(
                    Error::new(member, "this union is nullable twice")
                        .expected("either `?` after the union or one nullable member")
                        .found("both"),
                );
                // `?` after the union wins, so that the model is sound all the same.
                self.places.unions.push(Union {
                    members: flat,
                    nullable,
                });
                return kind;
            }
            nullable = Some(whole.span.clone());
        }
        self.places.unions.push(Union {
            members: flat,
            nullable,
        });
        if by_member {
            let ty = AnnotatedType {
                kind,
                annotations: Annotations::default(),
                alias: None,
            };
            return Type::Nullable(Box::new(ty));
        }
        kind
    }

    /// Puts one attribute on the types within `ty` that it applies to.
    fn annotate(&mut self, ty: &mut AnnotatedType, attribute: &ExtendedAttribute) {
        let Some(annotation) = Annotation::from_name(&attribute.name.text) else {
            // Reads the same as any other unknown or misplaced attribute.
            self.attribute_not_for_types(attribute);
            return;
        };
        if !annotation.apply(ty) {
            self.errors.push(
                Error::new(
                    &attribute.name.span,
                    format!("`[{}]` does not apply to this type", attribute.name.text),
                )
                .expected(annotation.expected())
                .found(describe_type(ty)),
            );
        } else if has_clamp_and_enforce_range(ty) {
            self.errors.push(
                Error::new(
                    &attribute.name.span,
                    "`[Clamp]` and `[EnforceRange]` exclude each other",
                )
                .expected("one of them")
                .found("both on one type"),
            );
        }
    }
}

fn is_type(definition: &syntax::Definition) -> bool {
    !matches!(
        definition.kind,
        DefinitionKind::Mixin { .. }
            | DefinitionKind::Namespace { .. }
            | DefinitionKind::Includes { .. }
    )
}

fn has_clamp_and_enforce_range(ty: &AnnotatedType) -> bool {
    match &ty.kind {
        Type::Nullable(inner) => has_clamp_and_enforce_range(inner),
        Type::Union(members) => members.iter().any(has_clamp_and_enforce_range),
        _ => ty.annotations.clamp && ty.annotations.enforce_range,
    }
}

/// <https://webidl.spec.whatwg.org/#extended-attributes-applicable-to-types>
#[derive(Clone, Copy)]
pub(super) enum Annotation {
    AllowResizable,
    AllowShared,
    Clamp,
    EnforceRange,
    LegacyNullToEmptyString,
}

impl Annotation {
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "AllowResizable" => Self::AllowResizable,
            "AllowShared" => Self::AllowShared,
            "Clamp" => Self::Clamp,
            "EnforceRange" => Self::EnforceRange,
            "LegacyNullToEmptyString" => Self::LegacyNullToEmptyString,
            _ => return None,
        })
    }

    fn expected(self) -> &'static str {
        match self {
            Self::AllowResizable => "a buffer or a view of one",
            Self::AllowShared => "a view of a buffer, or `BufferSource`",
            Self::Clamp | Self::EnforceRange => "an integer type",
            Self::LegacyNullToEmptyString => "`DOMString` or `USVString`",
        }
    }

    /// Marks every type within `ty` that the annotation applies to: conversion looks for it there, not at the nullable
    /// type or union around it. Returns whether there was one.
    fn apply(self, ty: &mut AnnotatedType) -> bool {
        let AnnotatedType {
            kind, annotations, ..
        } = ty;
        match (self, kind) {
            (_, Type::Nullable(inner)) => return self.apply(inner),
            (_, Type::Union(members)) => {
                return members
                    .iter_mut()
                    .fold(false, |applied, member| self.apply(member) | applied);
            }
            (Self::AllowResizable, Type::Buffer(_)) => annotations.allow_resizable = true,
            (Self::AllowShared, Type::Buffer(buffer))
                if !matches!(buffer, Buffer::ArrayBuffer | Buffer::SharedArrayBuffer) =>
            {
                annotations.allow_shared = true;
            }
            (Self::Clamp, Type::Numeric(numeric)) if is_integer(*numeric) => {
                annotations.clamp = true
            }
            (Self::EnforceRange, Type::Numeric(numeric)) if is_integer(*numeric) => {
                annotations.enforce_range = true
            }
            (Self::LegacyNullToEmptyString, Type::DomString | Type::UsvString) => {
                annotations.legacy_null_to_empty_string = true;
            }
            _ => return false,
        }
        true
    }
}

/// <https://webidl.spec.whatwg.org/#dfn-integer-type>
pub(super) fn is_integer(numeric: Numeric) -> bool {
    !matches!(
        numeric,
        Numeric::Float | Numeric::UnrestrictedFloat | Numeric::Double | Numeric::UnrestrictedDouble
    )
}
