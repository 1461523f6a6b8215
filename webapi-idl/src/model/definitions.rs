//! What has a name of its own.

use super::{
    AnnotatedType, Argument, AsyncIterable, Constant, DefaultValue, ExtendedAttributes,
    IndexedGetter, Iterable, Maplike, Member, Operation, Setlike, Span, Stringifier,
};

/// Who carries a construct's algorithms: a Rust type behind V8 templates, or a built-in script in the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Implementation {
    /// A Rust type that implements the generated trait. The default.
    #[default]
    Native,
    /// `[Implementation=Script]`: a class `<Name>Impl` in a built-in script.
    Script,
}

/// <https://webidl.spec.whatwg.org/#idl-interfaces>
#[derive(Debug, Clone)]
pub struct Interface {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`](super::Model::specifications).
    pub specification: String,
    /// Where the (non-partial) definition stands.
    pub span: Span,
    /// Parent interface.
    pub inherits: Option<String>,
    /// Extended attributes, those of partials included.
    pub attributes: ExtendedAttributes,
    /// Who implements it.
    pub implementation: Implementation,
    /// Constructor overloads; empty where the interface cannot be constructed.
    pub constructors: Vec<Operation>,
    /// Names of the mixins that it includes, in order of inclusion.
    pub mixins: Vec<String>,
    /// Members in order of definition; mixin members follow the interface's own. Operations are grouped by name.
    pub members: Vec<Member>,
    /// `getter … (unsigned long index)`.
    pub indexed_getter: Option<IndexedGetter>,
    /// `iterable<…>`.
    pub iterable: Option<Iterable>,
    /// `async_iterable<…>`.
    pub async_iterable: Option<AsyncIterable>,
    /// `maplike<…>`.
    pub maplike: Option<Maplike>,
    /// `setlike<…>`.
    pub setlike: Option<Setlike>,
    /// `stringifier`, alone or on an attribute.
    pub stringifier: Option<Stringifier>,
}

/// <https://webidl.spec.whatwg.org/#idl-interface-mixins>, partials included.
#[derive(Debug, Clone)]
pub struct Mixin {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`](super::Model::specifications).
    pub specification: String,
    /// Where the (non-partial) definition stands.
    pub span: Span,
    /// Members in order of definition, with the mixin's extended attributes on each.
    pub members: Vec<Member>,
    /// `stringifier`, alone or on an attribute.
    pub stringifier: Option<Stringifier>,
}

/// <https://webidl.spec.whatwg.org/#idl-namespaces>
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`](super::Model::specifications).
    pub specification: String,
    /// Where it stands.
    pub span: Span,
    /// Extended attributes. `[Internal=folder]` marks one that only built-in scripts see, and says where it is implemented.
    pub attributes: ExtendedAttributes,
    /// Who implements it.
    pub implementation: Implementation,
    /// Operations, read-only attributes and constants.
    pub members: Vec<Member>,
}

/// <https://webidl.spec.whatwg.org/#idl-dictionaries>
#[derive(Debug, Clone)]
pub struct Dictionary {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`](super::Model::specifications).
    pub specification: String,
    /// Where it stands.
    pub span: Span,
    /// Parent dictionary; its members are converted first.
    pub inherits: Option<String>,
    /// This dictionary's own members, in lexicographic order (the order of conversion).
    pub members: Vec<DictionaryMember>,
}

/// <https://webidl.spec.whatwg.org/#dfn-dictionary-member>
#[derive(Debug, Clone)]
pub struct DictionaryMember {
    /// Identifier.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Its type.
    pub ty: AnnotatedType,
    /// `required`.
    pub required: bool,
    /// The default value.
    pub default: Option<DefaultValue>,
    /// Extended attributes.
    pub attributes: ExtendedAttributes,
}

/// <https://webidl.spec.whatwg.org/#idl-enums>
#[derive(Debug, Clone)]
pub struct Enumeration {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`](super::Model::specifications).
    pub specification: String,
    /// Where it stands.
    pub span: Span,
    /// Values in order of definition.
    pub values: Vec<EnumerationValue>,
}

/// <https://webidl.spec.whatwg.org/#dfn-enumeration-value>
#[derive(Debug, Clone)]
pub struct EnumerationValue {
    /// The string; it may be empty.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// <https://webidl.spec.whatwg.org/#idl-callback-functions>
#[derive(Debug, Clone)]
pub struct CallbackFunction {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`](super::Model::specifications).
    pub specification: String,
    /// Where it stands.
    pub span: Span,
    /// Return type.
    pub returns: AnnotatedType,
    /// Arguments.
    pub arguments: Vec<Argument>,
    /// Extended attributes: `[LegacyTreatNonObjectAsNull]`.
    pub attributes: ExtendedAttributes,
}

/// <https://webidl.spec.whatwg.org/#idl-callback-interfaces>, with its single operation.
#[derive(Debug, Clone)]
pub struct CallbackInterface {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`](super::Model::specifications).
    pub specification: String,
    /// Where it stands.
    pub span: Span,
    /// The operation's name: `handleEvent`.
    pub operation_name: String,
    /// The operation.
    pub operation: Operation,
    /// Constants.
    pub constants: Vec<Constant>,
}
