//! What interfaces, mixins and namespaces have.

use super::{AnnotatedType, ExtendedAttributes, Implementation, Span};

/// A member of an interface, a mixin or a namespace.
#[derive(Debug, Clone)]
pub enum Member {
    /// <https://webidl.spec.whatwg.org/#idl-attributes>
    Attribute(Attribute),
    /// All regular or all static operations of one name.
    Operation(OperationSet),
    /// <https://webidl.spec.whatwg.org/#idl-constants>
    Constant(Constant),
}

impl Member {
    /// The identifier.
    pub fn name(&self) -> &str {
        match self {
            Member::Attribute(attribute) => &attribute.name,
            Member::Operation(set) => &set.name,
            Member::Constant(constant) => &constant.name,
        }
    }

    /// Where it stands; of overloads, where the first stands.
    pub fn span(&self) -> &Span {
        match self {
            Member::Attribute(attribute) => &attribute.span,
            Member::Operation(set) => &set.overloads[0].span,
            Member::Constant(constant) => &constant.span,
        }
    }

    /// `static`.
    pub fn is_static(&self) -> bool {
        match self {
            Member::Attribute(attribute) => attribute.is_static,
            Member::Operation(set) => set.is_static,
            Member::Constant(_) => false,
        }
    }

    /// What no other member of an interface has.
    pub(super) fn key(&self) -> (&str, bool) {
        (self.name(), self.is_static())
    }
}

/// <https://webidl.spec.whatwg.org/#idl-attributes>
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Identifier.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Its type.
    pub ty: AnnotatedType,
    /// `readonly`.
    pub readonly: bool,
    /// `static`.
    pub is_static: bool,
    /// `inherit`.
    pub inherit: bool,
    /// Extended attributes of the member and, for a mixin's member, of the mixin.
    pub attributes: ExtendedAttributes,
    /// Who implements it; differs from the interface's only on a `[Global]` interface.
    pub implementation: Implementation,
}

/// The overloads that share one name, <https://webidl.spec.whatwg.org/#dfn-overloaded>.
#[derive(Debug, Clone)]
pub struct OperationSet {
    /// Identifier.
    pub name: String,
    /// `static`.
    pub is_static: bool,
    /// At least one overload, in order of definition.
    pub overloads: Vec<Operation>,
    /// Who implements it; differs from the interface's only on a `[Global]` interface.
    pub implementation: Implementation,
}

/// One overload of an operation or a constructor.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Where it stands.
    pub span: Span,
    /// Return type; `undefined` for constructors.
    pub returns: AnnotatedType,
    /// Arguments.
    pub arguments: Vec<Argument>,
    /// Extended attributes.
    pub attributes: ExtendedAttributes,
}

/// <https://webidl.spec.whatwg.org/#dfn-argument>
#[derive(Debug, Clone)]
pub struct Argument {
    /// Identifier.
    pub name: String,
    /// Its type.
    pub ty: AnnotatedType,
    /// `optional`.
    pub optional: bool,
    /// `...`.
    pub variadic: bool,
    /// The default value.
    pub default: Option<DefaultValue>,
}

/// <https://webidl.spec.whatwg.org/#dfn-constant>
#[derive(Debug, Clone)]
pub struct Constant {
    /// Identifier.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// A primitive type.
    pub ty: AnnotatedType,
    /// Its value.
    pub value: DefaultValue,
}

/// An indexed property getter, <https://webidl.spec.whatwg.org/#idl-indexed-properties>.
#[derive(Debug, Clone)]
pub struct IndexedGetter {
    /// Its identifier. One that has a name is among the interface's members, too.
    pub name: Option<String>,
    /// The operation: its only argument is an `unsigned long`.
    pub operation: Operation,
}

/// <https://webidl.spec.whatwg.org/#idl-iterable>
#[derive(Debug, Clone)]
pub struct Iterable {
    /// Where it stands.
    pub span: Span,
    /// `Some` for pair iterators.
    pub key: Option<AnnotatedType>,
    /// The value.
    pub value: AnnotatedType,
}

/// <https://webidl.spec.whatwg.org/#idl-async-iterable>
#[derive(Debug, Clone)]
pub struct AsyncIterable {
    /// Where it stands.
    pub span: Span,
    /// `Some` for pair iterators.
    pub key: Option<AnnotatedType>,
    /// The value.
    pub value: AnnotatedType,
    /// Arguments of `values()` and `[Symbol.asyncIterator]()`.
    pub arguments: Vec<Argument>,
}

/// <https://webidl.spec.whatwg.org/#idl-maplike>
#[derive(Debug, Clone)]
pub struct Maplike {
    /// Where it stands.
    pub span: Span,
    /// `readonly`.
    pub readonly: bool,
    /// The key.
    pub key: AnnotatedType,
    /// The value.
    pub value: AnnotatedType,
}

/// <https://webidl.spec.whatwg.org/#idl-setlike>
#[derive(Debug, Clone)]
pub struct Setlike {
    /// Where it stands.
    pub span: Span,
    /// `readonly`.
    pub readonly: bool,
    /// The element.
    pub value: AnnotatedType,
}

/// <https://webidl.spec.whatwg.org/#idl-stringifiers>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stringifier {
    /// `stringifier;`, which stands there: its own algorithm.
    Algorithm(Span),
    /// `stringifier attribute …`: the named attribute's value.
    Attribute(String),
}

/// <https://webidl.spec.whatwg.org/#dfn-default-value>, also a constant's value.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultValue {
    /// `true`, `false`
    Boolean(bool),
    /// An integer literal.
    Integer(i128),
    /// A decimal literal, `Infinity`, `-Infinity`, `NaN`.
    Decimal(f64),
    /// A string literal; also an enumeration's value.
    String(String),
    /// `null`
    Null,
    /// `undefined`
    Undefined,
    /// `[]`
    EmptySequence,
    /// `{}`
    EmptyDictionary,
}
