//! Types in the words of Web IDL.

use crate::model::{AnnotatedType, Type};

/// `` `sequence<DOMString>` ``; a typedef's type as `` `BodyInit` (a union) `` would hide what is wrong, so it is
/// `` `(A or B)` (`BodyInit`) ``.
pub(crate) fn describe_type(ty: &AnnotatedType) -> String {
    match &ty.alias {
        Some(alias) => format!("`{}` (the typedef `{alias}`)", type_text(ty)),
        None => format!("`{}`", type_text(ty)),
    }
}

/// The type as Web IDL would write it, without its annotations and with typedefs resolved.
pub fn type_text(ty: &AnnotatedType) -> String {
    match &ty.kind {
        Type::Any => "any".to_owned(),
        Type::Undefined => "undefined".to_owned(),
        Type::Object => "object".to_owned(),
        Type::Symbol => "symbol".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::BigInt => "bigint".to_owned(),
        Type::DomString => "DOMString".to_owned(),
        Type::ByteString => "ByteString".to_owned(),
        Type::UsvString => "USVString".to_owned(),
        Type::Numeric(numeric) => numeric.idl_name().to_owned(),
        // The variants have the IDL names.
        Type::Buffer(buffer) => format!("{buffer:?}"),
        Type::Interface(name)
        | Type::Dictionary(name)
        | Type::Enumeration(name)
        | Type::Callback(name)
        | Type::CallbackInterface(name) => name.clone(),
        Type::Sequence(element) => format!("sequence<{}>", type_text(element)),
        Type::AsyncSequence(element) => format!("async_sequence<{}>", type_text(element)),
        Type::FrozenArray(element) => format!("FrozenArray<{}>", type_text(element)),
        Type::ObservableArray(element) => format!("ObservableArray<{}>", type_text(element)),
        Type::Promise(element) => format!("Promise<{}>", type_text(element)),
        Type::Record(key, value) => format!("record<{}, {}>", type_text(key), type_text(value)),
        Type::Nullable(inner) => format!("{}?", type_text(inner)),
        Type::Union(members) => {
            format!(
                "({})",
                members
                    .iter()
                    .map(type_text)
                    .collect::<Vec<_>>()
                    .join(" or ")
            )
        }
    }
}
