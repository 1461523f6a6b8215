//! The resolved model: what every printer of `codegen` reads. Partials and mixins are merged, typedefs are inlined,
//! names are checked; nothing here needs the syntax tree any more.
//!
//! Source: Web IDL, <https://webidl.spec.whatwg.org/>.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A place in an IDL file; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file's name as it was given to the parser.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The specification a file was taken from, read from the file's head:
/// `// Source: <title> (<url>)` and `// Date: <yyyy-mm-dd>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// Name of the `.webidl` file without its ending: `fetch`, `streams`.
    pub file: String,
    /// The standard's title.
    pub title: String,
    /// The standard's address, ending in `/`; empty for NANO's own definitions.
    pub url: String,
    /// The day the definitions were taken, `yyyy-mm-dd`.
    pub date: String,
}

/// Everything that NANO exposes.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Interfaces by name; parents may come after their children in this order, see [`Model::in_order_of_inheritance`].
    pub interfaces: BTreeMap<String, Interface>,
    /// Interface mixins by name. Their members are among those of each interface that includes them, too.
    pub mixins: BTreeMap<String, Mixin>,
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// Dictionaries by name.
    pub dictionaries: BTreeMap<String, Dictionary>,
    /// Enumerations by name.
    pub enumerations: BTreeMap<String, Enumeration>,
    /// Callback functions by name.
    pub callbacks: BTreeMap<String, CallbackFunction>,
    /// Callback interfaces by name.
    pub callback_interfaces: BTreeMap<String, CallbackInterface>,
    /// Typedefs by name, already resolved. Types elsewhere have them inlined; printers use this to name union types.
    pub typedefs: BTreeMap<String, AnnotatedType>,
    /// The specifications, by file.
    pub specifications: BTreeMap<String, Specification>,
    /// What is written about definitions and members, by their `span`.
    pub documentation: BTreeMap<Span, Documentation>,
}

/// What people read about a definition or a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documentation {
    /// The text of the comment `/** … */` before it, Markdown; empty where there is none.
    pub text: String,
    /// The address of its section in its specification; empty for NANO's own definitions.
    pub section: String,
}

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
    /// Key into [`Model::specifications`].
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
    /// Key into [`Model::specifications`].
    pub specification: String,
    /// Where the (non-partial) definition stands.
    pub span: Span,
    /// Members in order of definition, with the mixin's extended attributes on each.
    pub members: Vec<Member>,
    /// `stringifier`, alone or on an attribute.
    pub stringifier: Option<Stringifier>,
}

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
    fn key(&self) -> (&str, bool) {
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
    /// `Some` for pair iterators.
    pub key: Option<AnnotatedType>,
    /// The value.
    pub value: AnnotatedType,
}

/// <https://webidl.spec.whatwg.org/#idl-async-iterable>
#[derive(Debug, Clone)]
pub struct AsyncIterable {
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
    /// `readonly`.
    pub readonly: bool,
    /// The element.
    pub value: AnnotatedType,
}

/// <https://webidl.spec.whatwg.org/#idl-stringifiers>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stringifier {
    /// `stringifier;`: its own algorithm.
    Algorithm,
    /// `stringifier attribute …`: the named attribute's value.
    Attribute(String),
}

/// <https://webidl.spec.whatwg.org/#idl-namespaces>
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`].
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
    /// Key into [`Model::specifications`].
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
    /// Key into [`Model::specifications`].
    pub specification: String,
    /// Where it stands.
    pub span: Span,
    /// Values in order of definition; the empty string is allowed.
    pub values: Vec<String>,
}

/// <https://webidl.spec.whatwg.org/#idl-callback-functions>
#[derive(Debug, Clone)]
pub struct CallbackFunction {
    /// Identifier.
    pub name: String,
    /// Key into [`Model::specifications`].
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
    /// Key into [`Model::specifications`].
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

/// A type together with the extended attributes that apply to it, <https://webidl.spec.whatwg.org/#idl-annotated-types>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotatedType {
    /// The type.
    pub kind: Type,
    /// `[Clamp]`, `[EnforceRange]`, …. Those of a nullable type or a union stand on the types inside that they apply to.
    pub annotations: Annotations,
    /// The typedef it was named by, if any: printers name union types after it.
    pub alias: Option<String>,
}

/// Extended attributes that apply to types, <https://webidl.spec.whatwg.org/#extended-attributes-applicable-to-types>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Annotations {
    /// `[Clamp]`
    pub clamp: bool,
    /// `[EnforceRange]`
    pub enforce_range: bool,
    /// `[LegacyNullToEmptyString]`
    pub legacy_null_to_empty_string: bool,
    /// `[AllowShared]`
    pub allow_shared: bool,
    /// `[AllowResizable]`
    pub allow_resizable: bool,
}

/// <https://webidl.spec.whatwg.org/#idl-types>, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `any`
    Any,
    /// `undefined`
    Undefined,
    /// `object`
    Object,
    /// `symbol`
    Symbol,
    /// `boolean`
    Boolean,
    /// `byte` … `unrestricted double`
    Numeric(Numeric),
    /// `bigint`
    BigInt,
    /// `DOMString`
    DomString,
    /// `ByteString`
    ByteString,
    /// `USVString`
    UsvString,
    /// A buffer or view type. `BufferSource`, `ArrayBufferView` and `AllowSharedBufferSource` stay whole.
    Buffer(Buffer),
    /// A name in [`Model::interfaces`].
    Interface(String),
    /// A name in [`Model::dictionaries`].
    Dictionary(String),
    /// A name in [`Model::enumerations`].
    Enumeration(String),
    /// A name in [`Model::callbacks`].
    Callback(String),
    /// A name in [`Model::callback_interfaces`].
    CallbackInterface(String),
    /// `sequence<T>`
    Sequence(Box<AnnotatedType>),
    /// `async_sequence<T>`
    AsyncSequence(Box<AnnotatedType>),
    /// `FrozenArray<T>`
    FrozenArray(Box<AnnotatedType>),
    /// `ObservableArray<T>`
    ObservableArray(Box<AnnotatedType>),
    /// `record<K, V>`; K is one of the three string types.
    Record(Box<AnnotatedType>, Box<AnnotatedType>),
    /// `Promise<T>`
    Promise(Box<AnnotatedType>),
    /// `T?`
    Nullable(Box<AnnotatedType>),
    /// `(A or B …)`: flattened; a nullable member makes the whole union [`Type::Nullable`].
    Union(Vec<AnnotatedType>),
}

/// Numeric types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the IDL names")]
pub enum Numeric {
    Byte,
    Octet,
    Short,
    UnsignedShort,
    Long,
    UnsignedLong,
    LongLong,
    UnsignedLongLong,
    Float,
    UnrestrictedFloat,
    Double,
    UnrestrictedDouble,
}

impl Numeric {
    /// The type as Web IDL writes it.
    pub fn idl_name(self) -> &'static str {
        match self {
            Numeric::Byte => "byte",
            Numeric::Octet => "octet",
            Numeric::Short => "short",
            Numeric::UnsignedShort => "unsigned short",
            Numeric::Long => "long",
            Numeric::UnsignedLong => "unsigned long",
            Numeric::LongLong => "long long",
            Numeric::UnsignedLongLong => "unsigned long long",
            Numeric::Float => "float",
            Numeric::UnrestrictedFloat => "unrestricted float",
            Numeric::Double => "double",
            Numeric::UnrestrictedDouble => "unrestricted double",
        }
    }
}

/// Buffer source types, <https://webidl.spec.whatwg.org/#idl-buffer-source-types>, and the standard's own typedefs of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the IDL names")]
pub enum Buffer {
    ArrayBuffer,
    SharedArrayBuffer,
    DataView,
    Int8Array,
    Int16Array,
    Int32Array,
    Uint8Array,
    Uint16Array,
    Uint32Array,
    Uint8ClampedArray,
    BigInt64Array,
    BigUint64Array,
    Float16Array,
    Float32Array,
    Float64Array,
    /// `ArrayBufferView`
    ArrayBufferView,
    /// `BufferSource`; `AllowSharedBufferSource` is this with `allow_shared`.
    BufferSource,
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

/// Extended attributes by name, <https://webidl.spec.whatwg.org/#idl-extended-attributes>. One that occurs twice keeps both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtendedAttributes(pub Vec<ExtendedAttribute>);

/// One extended attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtendedAttribute {
    /// `SameObject`
    pub name: String,
    /// What follows the name.
    pub value: ExtendedAttributeValue,
}

/// The forms of an extended attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum ExtendedAttributeValue {
    /// `[X]`
    None,
    /// `[X=y]`, `[X="y"]`, `[X=*]`
    Identifier(String),
    /// `[X=(a, b)]`
    List(Vec<String>),
}

impl ExtendedAttributes {
    /// Whether the attribute is there, in any form.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first attribute of that name.
    pub fn get(&self, name: &str) -> Option<&ExtendedAttributeValue> {
        self.0.iter().find(|a| a.name == name).map(|a| &a.value)
    }

    /// The value of `[name=value]`.
    pub fn identifier(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(ExtendedAttributeValue::Identifier(value)) => Some(value),
            _ => None,
        }
    }
}

impl Model {
    /// Interfaces, every parent before its children, otherwise by name.
    pub fn in_order_of_inheritance(&self) -> Vec<&Interface> {
        let mut all: Vec<&Interface> = self.interfaces.values().collect();
        all.sort_by_key(|i| (self.ancestors(&i.name).len(), i.name.clone()));
        all
    }

    /// The chain of parents, nearest first, without the interface itself.
    pub fn ancestors(&self, name: &str) -> Vec<&Interface> {
        let mut chain = Vec::new();
        let mut next = self
            .interfaces
            .get(name)
            .and_then(|i| i.inherits.as_deref());
        while let Some(parent) = next.and_then(|n| self.interfaces.get(n)) {
            chain.push(parent);
            next = parent.inherits.as_deref();
        }
        chain
    }

    /// The members of a dictionary in the order in which they are converted, each with the dictionary that has it: those of
    /// ancestors first, <https://webidl.spec.whatwg.org/#js-to-dictionary>.
    pub fn members_in_order_of_conversion(
        &self,
        dictionary: &str,
    ) -> Vec<(&Dictionary, &DictionaryMember)> {
        let Some(dictionary) = self.dictionaries.get(dictionary) else {
            return Vec::new();
        };
        let parent = dictionary.inherits.as_deref();
        let mut members = parent.map_or_else(Vec::new, |parent| {
            self.members_in_order_of_conversion(parent)
        });
        members.extend(dictionary.members.iter().map(|member| (dictionary, member)));
        members
    }

    /// The mixins that an interface includes.
    pub fn mixins_of<'a>(&'a self, interface: &'a Interface) -> impl Iterator<Item = &'a Mixin> {
        interface
            .mixins
            .iter()
            .filter_map(|name| self.mixins.get(name))
    }

    /// Members of an interface that come from none of its mixins.
    pub fn own_members<'a>(&'a self, interface: &'a Interface) -> impl Iterator<Item = &'a Member> {
        interface.members.iter().filter(|member| {
            !self
                .mixins_of(interface)
                .flat_map(|mixin| &mixin.members)
                .any(|other| other.key() == member.key())
        })
    }

    /// Every interface that inherits from `name`, directly or not, by name.
    pub fn descendants(&self, name: &str) -> Vec<&Interface> {
        self.interfaces
            .values()
            .filter(|i| self.ancestors(&i.name).iter().any(|a| a.name == name))
            .collect()
    }
}
