use super::parse;
use crate::describe::type_text;
use crate::model::{AnnotatedType, Annotations, DefaultValue};
use crate::syntax::{
    Definition, DefinitionKind, ExtendedAttributeValue, Member, MemberKind, Operation, Type,
    TypeKind,
};

/// The definitions of a text that has no errors.
fn definitions(text: &str) -> Vec<Definition> {
    let (file, errors) = parse(
        "test.webidl",
        &format!("// Source: A Test\n// Date: 2026-07-01\n{text}"),
    );
    assert!(errors.is_empty(), "{errors:#?}");
    file.expect("a file without errors has a tree").definitions
}

fn definition(text: &str) -> Definition {
    let mut all = definitions(text);
    assert_eq!(all.len(), 1, "expected one definition in {text}");
    all.remove(0)
}

/// The only member of an interface with this text in its braces.
fn member(text: &str) -> Member {
    let DefinitionKind::Interface { mut members, .. } =
        definition(&format!("interface A {{ {text} }};")).kind
    else {
        panic!("an interface was expected");
    };
    assert_eq!(members.len(), 1, "expected one member in {text}");
    members.remove(0)
}

fn operation(text: &str) -> Operation {
    match member(text).kind {
        MemberKind::Operation(operation) => operation,
        other => panic!("an operation was expected, found {other:?}"),
    }
}

/// A type of the syntax tree as text.
fn text(ty: &Type) -> String {
    let plain = |kind| AnnotatedType {
        kind,
        annotations: Annotations::default(),
        alias: None,
    };
    let list = |members: &[Type], separator: &str| {
        members.iter().map(text).collect::<Vec<_>>().join(separator)
    };
    let attributes: String = ty
        .attributes
        .iter()
        .map(|attribute| format!("[{}] ", attribute.name.text))
        .collect();
    let kind = match &ty.kind {
        TypeKind::Keyword(keyword) => type_text(&plain(keyword.clone())),
        TypeKind::Named(name) => name.clone(),
        TypeKind::Sequence(element) => format!("sequence<{}>", text(element)),
        TypeKind::AsyncSequence(element) => format!("async_sequence<{}>", text(element)),
        TypeKind::FrozenArray(element) => format!("FrozenArray<{}>", text(element)),
        TypeKind::ObservableArray(element) => format!("ObservableArray<{}>", text(element)),
        TypeKind::Promise(element) => format!("Promise<{}>", text(element)),
        TypeKind::Record(key, value) => format!("record<{}, {}>", text(key), text(value)),
        TypeKind::Union(members) => format!("({})", list(members, " or ")),
    };
    format!("{attributes}{kind}{}", if ty.nullable { "?" } else { "" })
}

#[test]
fn types() {
    for written in [
        "any",
        "undefined",
        "boolean?",
        "byte",
        "octet",
        "short",
        "unsigned short",
        "long",
        "unsigned long",
        "long long?",
        "unsigned long long",
        "float",
        "unrestricted float",
        "double",
        "unrestricted double?",
        "bigint",
        "object?",
        "symbol",
        "DOMString",
        "ByteString",
        "USVString?",
        "ArrayBuffer",
        "SharedArrayBuffer",
        "DataView",
        "Uint8ClampedArray",
        "BigInt64Array",
        "Float16Array?",
        "BufferSource",
        "Foo?",
        "sequence<sequence<USVString>>",
        "async_sequence<any>?",
        "FrozenArray<DOMString>?",
        "ObservableArray<Foo>",
        "Promise<undefined>",
        "record<ByteString, [Clamp] long>",
        "(long or [AllowShared] ArrayBufferView or (DOMString? or Foo))?",
        "[EnforceRange] unsigned long long?",
    ] {
        let DefinitionKind::Typedef { ty } = definition(&format!("typedef {written} A;")).kind
        else {
            panic!("a typedef was expected");
        };
        assert_eq!(text(&ty), written);
    }
}

#[test]
fn extended_attributes() {
    let definition = definition(
        r#"[A, B=c, C="d e", D=*, E=(f, "g", 1), F=-1.5, G(long h), H=i(DOMString j)] enum K { "" };"#,
    );
    let found: Vec<(String, String)> = definition
        .attributes
        .iter()
        .map(|attribute| {
            let value = match &attribute.value {
                ExtendedAttributeValue::None => "none".to_owned(),
                ExtendedAttributeValue::Identifier(value) => value.clone(),
                ExtendedAttributeValue::List(list) => format!("{list:?}"),
                ExtendedAttributeValue::Arguments => "arguments".to_owned(),
            };
            (attribute.name.text.clone(), value)
        })
        .collect();
    let expected = [
        ("A", "none"),
        ("B", "c"),
        ("C", "d e"),
        ("D", "*"),
        ("E", r#"["f", "g", "1"]"#),
        ("F", "-1.5"),
        ("G", "arguments"),
        ("H", "arguments"),
    ];
    assert_eq!(
        found,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn attributes() {
    let flags = |written: &str| match member(written).kind {
        MemberKind::Attribute(a) => (
            a.name.text,
            a.readonly,
            a.is_static,
            a.inherit,
            a.stringifier,
        ),
        other => panic!("an attribute was expected, found {other:?}"),
    };
    assert_eq!(
        flags("attribute long a;"),
        ("a".to_owned(), false, false, false, false)
    );
    assert_eq!(
        flags("readonly attribute long a;"),
        ("a".to_owned(), true, false, false, false)
    );
    assert_eq!(
        flags("static readonly attribute long a;"),
        ("a".to_owned(), true, true, false, false)
    );
    assert_eq!(
        flags("static attribute long a;"),
        ("a".to_owned(), false, true, false, false)
    );
    assert_eq!(
        flags("inherit attribute long a;"),
        ("a".to_owned(), false, false, true, false)
    );
    assert_eq!(
        flags("stringifier attribute USVString href;"),
        ("href".to_owned(), false, false, false, true)
    );
    assert_eq!(
        flags("stringifier readonly attribute USVString a;"),
        ("a".to_owned(), true, false, false, true)
    );
    // AttributeNameKeyword
    assert_eq!(flags("attribute boolean async;").0, "async");
    assert_eq!(flags("readonly attribute boolean required;").0, "required");
}

#[test]
fn operations() {
    let simple = operation("undefined f();");
    assert_eq!(simple.name.expect("it has a name").text, "f");
    assert!(!simple.is_static && simple.special.is_none() && simple.arguments.is_empty());
    assert!(operation("static Promise<any> f(long a);").is_static);
    assert_eq!(
        operation("boolean includes(long a);")
            .name
            .expect("OperationNameKeyword")
            .text,
        "includes"
    );
    // The underscore keeps a name from being a keyword and is not part of it.
    assert_eq!(
        operation("A _any(long a);")
            .name
            .expect("it has a name")
            .text,
        "any"
    );

    let getter = operation("getter DOMString (DOMString name);");
    assert!(getter.name.is_none());
    assert_eq!(getter.special.expect("it is special").text, "getter");
    assert_eq!(
        operation("setter undefined set(long a, long b);")
            .special
            .expect("it is special")
            .text,
        "setter"
    );
    assert_eq!(
        operation("deleter undefined remove(long a);")
            .special
            .expect("it is special")
            .text,
        "deleter"
    );
}

#[test]
fn arguments() {
    let arguments = operation(
        "undefined f([Clamp] long a, optional [EnforceRange] octet b = 0x1F, any... interface);",
    )
    .arguments;
    let [a, b, c] = &arguments[..] else {
        panic!("three arguments were expected")
    };
    assert_eq!(a.attributes[0].name.text, "Clamp");
    assert!(!a.optional && !a.variadic && a.default.is_none());
    assert!(b.optional && !b.variadic);
    assert_eq!(text(&b.ty), "[EnforceRange] octet");
    assert_eq!(
        b.default.as_ref().map(|default| &default.value),
        Some(&DefaultValue::Integer(31))
    );
    assert!(c.variadic && !c.optional);
    assert_eq!(c.name.text, "interface", "ArgumentNameKeyword");
}

#[test]
fn default_values() {
    for (written, value) in [
        ("true", DefaultValue::Boolean(true)),
        ("false", DefaultValue::Boolean(false)),
        ("-12", DefaultValue::Integer(-12)),
        ("017", DefaultValue::Integer(15)),
        (
            "18446744073709551615",
            DefaultValue::Integer(i128::from(u64::MAX)),
        ),
        ("1.5", DefaultValue::Decimal(1.5)),
        ("-.5e-1", DefaultValue::Decimal(-0.05)),
        ("Infinity", DefaultValue::Decimal(f64::INFINITY)),
        ("-Infinity", DefaultValue::Decimal(f64::NEG_INFINITY)),
        ("\"utf-8\"", DefaultValue::String("utf-8".to_owned())),
        ("null", DefaultValue::Null),
        ("undefined", DefaultValue::Undefined),
        ("[]", DefaultValue::EmptySequence),
        ("{}", DefaultValue::EmptyDictionary),
    ] {
        let DefinitionKind::Dictionary { members, .. } =
            definition(&format!("dictionary A {{ any a = {written}; }};")).kind
        else {
            panic!("a dictionary was expected");
        };
        assert_eq!(
            members[0].default.as_ref().map(|default| &default.value),
            Some(&value),
            "{written}"
        );
    }
    let MemberKind::Constant(constant) = member("const unrestricted double A = NaN;").kind else {
        panic!("a constant was expected");
    };
    assert!(matches!(constant.value.value, DefaultValue::Decimal(value) if value.is_nan()));
}

#[test]
fn iterations_and_stringifiers() {
    assert!(matches!(
        member("iterable<long>;").kind,
        MemberKind::Iterable { key: None, .. }
    ));
    assert!(matches!(
        member("iterable<DOMString, [Clamp] long>;").kind,
        MemberKind::Iterable { key: Some(_), .. }
    ));
    assert!(matches!(
        member("async_iterable<any>;").kind,
        MemberKind::AsyncIterable { key: None, ref arguments, .. } if arguments.is_empty()
    ));
    assert!(matches!(
        member("async_iterable<long, any>(optional Foo options = {});").kind,
        MemberKind::AsyncIterable { key: Some(_), ref arguments, .. } if arguments.len() == 1
    ));
    assert!(matches!(
        member("maplike<long, any>;").kind,
        MemberKind::Maplike {
            readonly: false,
            ..
        }
    ));
    assert!(matches!(
        member("readonly maplike<long, any>;").kind,
        MemberKind::Maplike { readonly: true, .. }
    ));
    assert!(matches!(
        member("setlike<long>;").kind,
        MemberKind::Setlike {
            readonly: false,
            ..
        }
    ));
    assert!(matches!(
        member("readonly setlike<long>;").kind,
        MemberKind::Setlike { readonly: true, .. }
    ));
    assert!(matches!(
        member("stringifier;").kind,
        MemberKind::Stringifier
    ));
    assert!(
        matches!(member("constructor(long a);").kind, MemberKind::Constructor { ref arguments } if arguments.len() == 1)
    );
}

#[test]
fn definitions_of_every_kind() {
    let all = definitions(
        r#"
        interface A : B { };
        partial interface A { undefined f(); };
        interface mixin M { const long C = 1; readonly attribute long d; attribute long e; undefined f(); stringifier; };
        partial interface mixin M { };
        A includes M;
        namespace N { undefined f(); readonly attribute long a; const long B = 1; };
        partial namespace N { };
        dictionary D : E { required long a; [Clamp] long b; DOMString c = ""; };
        partial dictionary D { };
        enum F { "a", "", };
        callback G = Promise<undefined> (any... arguments);
        callback interface H { const long A = 1; undefined handleEvent(Event event); };
        typedef [Clamp] long T;
        "#,
    );
    let names: Vec<&str> = all
        .iter()
        .map(|definition| definition.name.text.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "A", "A", "M", "M", "A", "N", "N", "D", "D", "F", "G", "H", "T"
        ]
    );
    let partial: Vec<bool> = all
        .iter()
        .map(|definition| match definition.kind {
            DefinitionKind::Interface { partial, .. }
            | DefinitionKind::Mixin { partial, .. }
            | DefinitionKind::Namespace { partial, .. }
            | DefinitionKind::Dictionary { partial, .. } => partial,
            _ => false,
        })
        .collect();
    assert_eq!(partial.iter().filter(|partial| **partial).count(), 4);
    assert!(
        matches!(&all[0].kind, DefinitionKind::Interface { inherits: Some(parent), .. } if parent.text == "B")
    );
    assert!(matches!(&all[2].kind, DefinitionKind::Mixin { members, .. } if members.len() == 5));
    assert!(matches!(&all[4].kind, DefinitionKind::Includes { mixin } if mixin.text == "M"));
    assert!(
        matches!(&all[7].kind, DefinitionKind::Dictionary { members, .. } if members[0].required)
    );
    assert!(matches!(&all[9].kind, DefinitionKind::Enumeration { values } if values.len() == 2));
    assert!(
        matches!(&all[11].kind, DefinitionKind::CallbackInterface { members } if members.len() == 2)
    );
}

#[test]
fn places_count_lines_and_characters() {
    let definition = definition("/* two\nlines, ü */ interface Name {};");
    assert_eq!(
        (definition.name.span.line, definition.name.span.column),
        (4, 23)
    );
}

#[test]
fn every_broken_definition_is_told_once() {
    let text = "// Source: A Test\n// Date: 2026-07-01\ninterface A { long };\ninterface B {};\nenum C { a };\ntypedef long D;";
    let (file, errors) = parse("test.webidl", text);
    let lines: Vec<_> = errors
        .iter()
        .filter_map(|error| error.details().span.as_ref())
        .map(|span| span.line)
        .collect();
    assert_eq!(lines, [3, 5]);
    let names: Vec<_> = file
        .expect("there is a tree")
        .definitions
        .into_iter()
        .map(|d| d.name.text)
        .collect();
    assert_eq!(names, ["B", "D"]);
}
