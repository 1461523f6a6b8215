//! The syntax tree: what a file says, before any name in it means something.
//!
//! Source: Web IDL, <https://webidl.spec.whatwg.org/#idl-grammar>.

use crate::model::{self, DefaultValue, Span, Specification};

/// One `.webidl` file.
#[derive(Debug)]
pub(crate) struct File {
    pub specification: Specification,
    pub definitions: Vec<Definition>,
}

/// An identifier where it stands; a leading underscore is already gone.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub text: String,
    pub span: Span,
}

/// `Definition` of the grammar, with its extended attributes.
#[derive(Debug)]
pub(crate) struct Definition {
    /// The `/** … */` before it.
    pub documentation: Option<String>,
    pub attributes: Vec<ExtendedAttribute>,
    pub name: Name,
    pub kind: DefinitionKind,
}

#[derive(Debug)]
pub(crate) enum DefinitionKind {
    Interface {
        partial: bool,
        inherits: Option<Name>,
        members: Vec<Member>,
    },
    Mixin {
        partial: bool,
        members: Vec<Member>,
    },
    Namespace {
        partial: bool,
        members: Vec<Member>,
    },
    CallbackInterface {
        members: Vec<Member>,
    },
    Dictionary {
        partial: bool,
        inherits: Option<Name>,
        members: Vec<DictionaryMember>,
    },
    Enumeration {
        values: Vec<EnumerationValue>,
    },
    Callback {
        returns: Type,
        arguments: Vec<Argument>,
    },
    Typedef {
        ty: Type,
    },
    /// `A includes B;`: the definition's name is A.
    Includes {
        mixin: Name,
    },
}

/// A member of an interface, mixin, namespace or callback interface.
#[derive(Debug)]
pub(crate) struct Member {
    /// The `/** … */` before it.
    pub documentation: Option<String>,
    pub attributes: Vec<ExtendedAttribute>,
    /// Its name, or its first keyword where it has none.
    pub span: Span,
    pub kind: MemberKind,
}

#[derive(Debug)]
pub(crate) enum MemberKind {
    Constant(Constant),
    Attribute(Attribute),
    Operation(Operation),
    Constructor {
        arguments: Vec<Argument>,
    },
    Stringifier,
    Iterable {
        key: Option<Type>,
        value: Type,
    },
    AsyncIterable {
        key: Option<Type>,
        value: Type,
        arguments: Vec<Argument>,
    },
    Maplike {
        readonly: bool,
        key: Type,
        value: Type,
    },
    Setlike {
        readonly: bool,
        value: Type,
    },
}

#[derive(Debug)]
pub(crate) struct Constant {
    pub name: Name,
    pub ty: Type,
    pub value: Literal,
}

#[derive(Debug)]
pub(crate) struct Attribute {
    pub name: Name,
    pub ty: Type,
    pub readonly: bool,
    pub is_static: bool,
    pub inherit: bool,
    pub stringifier: bool,
}

#[derive(Debug)]
pub(crate) struct Operation {
    /// Special operations may go without.
    pub name: Option<Name>,
    /// `getter`, `setter`, `deleter`.
    pub special: Option<Name>,
    pub is_static: bool,
    pub returns: Type,
    pub arguments: Vec<Argument>,
}

#[derive(Debug)]
pub(crate) struct Argument {
    pub attributes: Vec<ExtendedAttribute>,
    pub name: Name,
    pub ty: Type,
    pub optional: bool,
    pub variadic: bool,
    pub default: Option<Literal>,
}

#[derive(Debug)]
pub(crate) struct DictionaryMember {
    /// The `/** … */` before it.
    pub documentation: Option<String>,
    pub attributes: Vec<ExtendedAttribute>,
    pub name: Name,
    pub ty: Type,
    pub required: bool,
    pub default: Option<Literal>,
}

/// One string of an enumeration.
#[derive(Debug)]
pub(crate) struct EnumerationValue {
    /// The `/** … */` before it.
    pub documentation: Option<String>,
    pub text: String,
    pub span: Span,
}

/// A constant's or a default value.
#[derive(Debug, Clone)]
pub(crate) struct Literal {
    pub value: DefaultValue,
    pub span: Span,
}

/// A type with the extended attributes written right before it.
#[derive(Debug, Clone)]
pub(crate) struct Type {
    pub attributes: Vec<ExtendedAttribute>,
    pub span: Span,
    pub kind: TypeKind,
    /// Followed by `?`.
    pub nullable: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum TypeKind {
    /// A type that is a keyword of the grammar.
    Keyword(model::Type),
    /// An identifier.
    Named(String),
    Sequence(Box<Type>),
    AsyncSequence(Box<Type>),
    FrozenArray(Box<Type>),
    ObservableArray(Box<Type>),
    Promise(Box<Type>),
    Record(Box<Type>, Box<Type>),
    Union(Vec<Type>),
}

#[derive(Debug, Clone)]
pub(crate) struct ExtendedAttribute {
    pub name: Name,
    pub value: ExtendedAttributeValue,
}

/// The forms of <https://webidl.spec.whatwg.org/#idl-extended-attributes>.
#[derive(Debug, Clone)]
pub(crate) enum ExtendedAttributeValue {
    /// `[X]`
    None,
    /// `[X=y]`, `[X="y"]`, `[X=1]`, `[X=*]`
    Identifier(String),
    /// `[X=(a, b)]`
    List(Vec<String>),
    /// `[X(long a)]` and `[X=y(long a)]`: parsed for their syntax only, as the one standard attribute that has this
    /// form, `LegacyFactoryFunction`, is not supported.
    Arguments,
}
