//! Types, resolved.

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
    /// A name in [`Model::interfaces`](super::Model::interfaces).
    Interface(String),
    /// A name in [`Model::dictionaries`](super::Model::dictionaries).
    Dictionary(String),
    /// A name in [`Model::enumerations`](super::Model::enumerations).
    Enumeration(String),
    /// A name in [`Model::callbacks`](super::Model::callbacks).
    Callback(String),
    /// A name in [`Model::callback_interfaces`](super::Model::callback_interfaces).
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
