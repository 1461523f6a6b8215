//! Which types a JavaScript value can be told apart by, <https://webidl.spec.whatwg.org/#dfn-distinguishable>.

use crate::model::{AnnotatedType, Buffer, Model, Type};

/// Whether `a` and `b` are distinguishable.
pub fn distinguishable(model: &Model, a: &AnnotatedType, b: &AnnotatedType) -> bool {
    // 1. If one type includes a nullable type and the other type either includes a nullable type, is a union type with
    //    flattened member types including a dictionary type, or is a dictionary type, return false.
    let clashes = |x: &AnnotatedType, y: &AnnotatedType| {
        includes_nullable(x) && (includes_nullable(y) || includes_dictionary(y))
    };
    if clashes(a, b) || clashes(b, a) {
        return false;
    }
    // 2.–3. A union is distinguishable if each of its member types is.
    members(a).iter().all(|x| {
        members(b)
            .iter()
            .all(|y| innermost_distinguishable(model, x, y))
    })
}

/// <https://webidl.spec.whatwg.org/#dfn-includes-a-nullable-type>: members of unions are never nullable in the model.
pub(crate) fn includes_nullable(ty: &AnnotatedType) -> bool {
    matches!(ty.kind, Type::Nullable(_))
}

/// A dictionary, or a union with one among its member types.
pub(crate) fn includes_dictionary(ty: &AnnotatedType) -> bool {
    members(ty)
        .iter()
        .any(|member| matches!(member.kind, Type::Dictionary(_)))
}

/// The flattened member types of a union; of any other type, the type itself. Nullable or not.
pub(crate) fn members(ty: &AnnotatedType) -> &[AnnotatedType] {
    match &ty.kind {
        Type::Nullable(inner) => members(inner),
        Type::Union(members) => members,
        _ => std::slice::from_ref(ty),
    }
}

/// The table's rows and columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Category {
    Undefined,
    Boolean,
    Numeric,
    BigInt,
    String,
    Object,
    Symbol,
    InterfaceLike,
    CallbackFunction,
    DictionaryLike,
    AsyncSequence,
    SequenceLike,
}

fn category(ty: &AnnotatedType) -> Option<Category> {
    Some(match &ty.kind {
        Type::Undefined => Category::Undefined,
        Type::Boolean => Category::Boolean,
        Type::Numeric(_) => Category::Numeric,
        Type::BigInt => Category::BigInt,
        Type::DomString | Type::ByteString | Type::UsvString | Type::Enumeration(_) => {
            Category::String
        }
        Type::Object => Category::Object,
        Type::Symbol => Category::Symbol,
        Type::Interface(_) | Type::Buffer(_) => Category::InterfaceLike,
        Type::Callback(_) => Category::CallbackFunction,
        Type::Dictionary(_) | Type::Record(..) | Type::CallbackInterface(_) => {
            Category::DictionaryLike
        }
        Type::AsyncSequence(_) => Category::AsyncSequence,
        Type::Sequence(_) | Type::FrozenArray(_) => Category::SequenceLike,
        // These have no row: nothing is distinguishable from them.
        Type::Any
        | Type::Promise(_)
        | Type::ObservableArray(_)
        | Type::Nullable(_)
        | Type::Union(_) => return None,
    })
}

/// 4. The table, for two types that are neither nullable nor unions.
fn innermost_distinguishable(model: &Model, a: &AnnotatedType, b: &AnnotatedType) -> bool {
    use Category::{
        AsyncSequence, CallbackFunction, DictionaryLike, InterfaceLike, Object, SequenceLike,
        Undefined,
    };
    let (Some(x), Some(y)) = (category(a), category(b)) else {
        return false;
    };
    // The table is symmetric; every pair that is not named here has its dot.
    match (x, y) {
        // (b) The two interface-like types are not the same, and no platform object implements both.
        (InterfaceLike, InterfaceLike) => !overlap(model, &a.kind, &b.kind),
        _ if x == y => false,
        (Undefined, DictionaryLike) | (DictionaryLike, Undefined) => false,
        (
            Object,
            InterfaceLike | CallbackFunction | DictionaryLike | AsyncSequence | SequenceLike,
        )
        | (
            InterfaceLike | CallbackFunction | DictionaryLike | AsyncSequence | SequenceLike,
            Object,
        ) => false,
        (AsyncSequence, SequenceLike) | (SequenceLike, AsyncSequence) => false,
        // (c) A callback function that takes any object for null could be given a dictionary's object, too.
        (CallbackFunction, DictionaryLike) => !treats_non_object_as_null(model, &a.kind),
        (DictionaryLike, CallbackFunction) => !treats_non_object_as_null(model, &b.kind),
        _ => true,
    }
}

fn treats_non_object_as_null(model: &Model, ty: &Type) -> bool {
    let Type::Callback(name) = ty else {
        return false;
    };
    model
        .callbacks
        .get(name)
        .is_some_and(|callback| callback.attributes.has("LegacyTreatNonObjectAsNull"))
}

/// Whether one object can be of both types.
fn overlap(model: &Model, a: &Type, b: &Type) -> bool {
    let inherits = |child: &str, parent: &str| {
        model
            .ancestors(child)
            .iter()
            .any(|above| above.name == parent)
    };
    match (a, b) {
        (Type::Interface(a), Type::Interface(b)) => a == b || inherits(a, b) || inherits(b, a),
        (Type::Buffer(a), Type::Buffer(b)) => {
            a == b || buffer_includes(*a, *b) || buffer_includes(*b, *a)
        }
        _ => false,
    }
}

/// Whether the standard's typedef `whole` has `part` among its member types.
fn buffer_includes(whole: Buffer, part: Buffer) -> bool {
    match whole {
        // With `[AllowShared]`, the typedef has shared buffers as well; the attribute is not looked at here.
        Buffer::BufferSource => true,
        Buffer::ArrayBufferView => !matches!(
            part,
            Buffer::ArrayBuffer | Buffer::SharedArrayBuffer | Buffer::BufferSource
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITIONS: &str = "// Source: A Test\n// Date: 2026-07-01
        interface P {}; interface Q : P {}; interface R {};
        dictionary D { long a; }; enum E { \"a\" }; callback C = any (); [LegacyTreatNonObjectAsNull] callback L = any ();
        callback interface I { undefined f(); };";

    /// Whether two types are distinguishable; the same both ways.
    fn check(a: &str, b: &str) -> bool {
        let text = format!("{DEFINITIONS} typedef {a} A; typedef {b} B;");
        let model = crate::parse_and_resolve(&[("test.webidl", &text)])
            .unwrap_or_else(|errors| panic!("{errors}"));
        let (a, b) = (&model.typedefs["A"], &model.typedefs["B"]);
        let result = distinguishable(&model, a, b);
        assert_eq!(result, distinguishable(&model, b, a), "not symmetric");
        result
    }

    #[test]
    fn the_table() {
        // Each type of a row with itself and with those after it that it is not distinguishable from.
        let types = [
            ("undefined", "D I record<DOMString,any>"),
            ("boolean", ""),
            ("long", ""),
            ("bigint", ""),
            ("DOMString", "E"),
            ("E", ""),
            (
                "object",
                "P ArrayBuffer C L D I record<DOMString,any> async_sequence<any> sequence<any>",
            ),
            ("symbol", ""),
            ("P", ""),
            ("ArrayBuffer", ""),
            ("C", "L"),
            ("L", "D I record<DOMString,any>"),
            ("D", "I record<DOMString,any>"),
            ("I", "record<DOMString,any>"),
            ("record<DOMString,any>", ""),
            ("async_sequence<any>", "sequence<any>"),
            ("sequence<any>", ""),
        ];
        for (position, (a, same)) in types.iter().enumerate() {
            for (b, _) in &types[position..] {
                let expected = a != b && !same.split(' ').any(|other| other == *b);
                assert_eq!(check(a, b), expected, "{a} and {b}");
            }
        }
    }

    #[test]
    fn interfaces_by_inheritance_and_buffers_by_kind() {
        assert!(check("P", "R"));
        assert!(!check("P", "Q"));
        assert!(check("Uint8Array", "Int8Array"));
        assert!(check("ArrayBuffer", "ArrayBufferView"));
        assert!(!check("Uint8Array", "ArrayBufferView"));
        assert!(!check("ArrayBufferView", "BufferSource"));
        assert!(check("BufferSource", "P"));
    }

    #[test]
    fn nullable_types_and_unions() {
        assert!(check("long?", "DOMString"));
        assert!(!check("long?", "DOMString?"));
        assert!(!check("long?", "D"));
        assert!(!check("long?", "(D or DOMString)"));
        assert!(check("(long or DOMString)", "(P or boolean)?"));
        assert!(!check("(long or DOMString)", "(P or double)"));
        assert!(!check("any", "long"));
        assert!(!check("Promise<any>", "long"));
    }
}
