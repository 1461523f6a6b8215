use crate::describe::type_text;
use crate::model::*;

/// The model of a text that has no errors.
fn model(text: &str) -> Model {
    let text = format!("// Source: A Test (https://example.org/)\n// Date: 2026-07-01\n{text}");
    crate::parse_and_resolve(&[("test.webidl", &text)]).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The type that a typedef `T` stands for.
fn typedef(text: &str) -> AnnotatedType {
    model(text)
        .typedefs
        .remove("T")
        .expect("the text defines `T`")
}

fn attribute<'a>(interface: &'a Interface, name: &str) -> &'a Attribute {
    let found = interface.members.iter().find_map(|member| match member {
        Member::Attribute(attribute) if attribute.name == name => Some(attribute),
        _ => None,
    });
    found.expect("the interface has the attribute")
}

fn names(members: &[Member]) -> Vec<String> {
    members
        .iter()
        .map(|member| match member {
            Member::Attribute(attribute) => attribute.name.clone(),
            Member::Operation(set) => format!("{}({})", set.name, set.overloads.len()),
            Member::Constant(constant) => constant.name.clone(),
        })
        .collect()
}

#[test]
fn the_head_names_the_specification() {
    let model = model("interface A {};");
    assert_eq!(
        model.specifications["test"],
        Specification {
            file: "test".to_owned(),
            title: "A Test".to_owned(),
            url: "https://example.org/".to_owned(),
            date: "2026-07-01".to_owned(),
        }
    );
    assert_eq!(model.interfaces["A"].specification, "test");
}

#[test]
fn partials_and_mixins_follow_the_main_definition() {
    let model = model(
        "A includes M;
         [SecureContext] partial interface A { attribute long second; };
         [Exposed=*] interface A { attribute long first; undefined f(long a); attribute long between; undefined f(); };
         partial interface mixin M { attribute long fourth; };
         [CrossOriginIsolated] interface mixin M { [Unscopable] attribute long third; };",
    );
    let interface = &model.interfaces["A"];
    assert_eq!(
        names(&interface.members),
        ["first", "f(2)", "between", "second", "third", "fourth"]
    );
    assert!(interface.attributes.has("Exposed") && interface.attributes.has("SecureContext"));
    assert!(!interface.attributes.has("CrossOriginIsolated"));
    let third = &attribute(interface, "third").attributes;
    assert!(third.has("Unscopable") && third.has("CrossOriginIsolated"));
}

#[test]
fn static_and_regular_operations_are_apart() {
    let model = model("interface A { static undefined f(); undefined f(); undefined f(long a); };");
    assert_eq!(names(&model.interfaces["A"].members), ["f(1)", "f(2)"]);
}

#[test]
fn dictionaries_are_in_order_of_conversion() {
    let model = model(
        "dictionary D : P { long b = 1; required [Clamp] long a; };
         partial dictionary D { [EnforceRange] long B; };
         dictionary P { long z; };",
    );
    let dictionary = &model.dictionaries["D"];
    let members: Vec<&str> = dictionary
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(members, ["B", "a", "b"]);
    assert_eq!(dictionary.inherits.as_deref(), Some("P"));
    assert!(
        dictionary.members[0].ty.annotations.enforce_range
            && dictionary.members[0].attributes.0.is_empty()
    );
    assert!(dictionary.members[1].required && dictionary.members[1].ty.annotations.clamp);
    assert_eq!(
        dictionary.members[2].default,
        Some(DefaultValue::Integer(1))
    );
}

#[test]
fn namespaces_have_partials() {
    let model = model(
        "[Internal=folder] namespace N { undefined f(); }; partial namespace N { const long A = 1; };",
    );
    assert_eq!(names(&model.namespaces["N"].members), ["f(1)", "A"]);
    let attributes = &model.namespaces["N"].attributes;
    assert_eq!(attributes.identifier("Internal"), Some("folder"));
}

#[test]
fn typedefs_are_inlined_under_the_name_that_was_written() {
    let model = model(
        "typedef DOMString Name; typedef Name Alias; typedef sequence<Alias> List;
         interface A { attribute Name? a; undefined f(List names); };",
    );
    let name = &attribute(&model.interfaces["A"], "a").ty;
    let Type::Nullable(inner) = &name.kind else {
        panic!("a nullable type was expected")
    };
    assert_eq!(
        (&inner.kind, inner.alias.as_deref()),
        (&Type::DomString, Some("Name"))
    );
    assert_eq!(name.alias, None);
    let Type::Sequence(element) = &model.typedefs["List"].kind else {
        panic!("a sequence was expected")
    };
    assert_eq!(element.alias.as_deref(), Some("Alias"));
}

#[test]
fn unions_are_flattened() {
    let ty = typedef("typedef (long or DOMString) U; typedef (boolean or (U or symbol)) T;");
    assert_eq!(type_text(&ty), "(boolean or long or DOMString or symbol)");
    // One nullable member makes all of it nullable.
    let ty = typedef("typedef (long or DOMString?) U; typedef (boolean or U) T;");
    assert_eq!(type_text(&ty), "(boolean or long or DOMString)?");
    let Type::Nullable(inner) = &ty.kind else {
        panic!("a nullable union was expected")
    };
    assert_eq!(inner.alias, None);
}

#[test]
fn annotations_stand_where_conversion_looks_for_them() {
    let ty = typedef("typedef [Clamp] long? T;");
    let Type::Nullable(inner) = &ty.kind else {
        panic!("a nullable type was expected")
    };
    assert!(inner.annotations.clamp && !ty.annotations.clamp);

    let ty = typedef("typedef [EnforceRange] (long or DOMString) T;");
    let Type::Union(members) = &ty.kind else {
        panic!("a union was expected")
    };
    assert!(members[0].annotations.enforce_range && !members[1].annotations.enforce_range);

    let model = model(
        "interface A { [LegacyNullToEmptyString] attribute DOMString a; undefined f([AllowResizable, AllowShared] Uint8Array b); };",
    );
    let a = attribute(&model.interfaces["A"], "a");
    assert!(a.ty.annotations.legacy_null_to_empty_string && a.attributes.0.is_empty());
    let Member::Operation(f) = &model.interfaces["A"].members[1] else {
        panic!("an operation was expected")
    };
    let annotations = f.overloads[0].arguments[0].ty.annotations;
    assert!(annotations.allow_shared && annotations.allow_resizable);
}

#[test]
fn buffer_types_stay_whole() {
    assert_eq!(
        typedef("typedef ArrayBufferView T;").kind,
        Type::Buffer(Buffer::ArrayBufferView)
    );
    assert!(!typedef("typedef BufferSource T;").annotations.allow_shared);
    let shared = typedef("typedef AllowSharedBufferSource T;");
    assert!(shared.kind == Type::Buffer(Buffer::BufferSource) && shared.annotations.allow_shared);
}

#[test]
fn only_the_global_object_mixes_implementations() {
    let model = model(
        "[Global=Worker] interface Scope { attribute long native; [Implementation=Script] attribute long own; };
         Scope includes Handlers;
         [Implementation=Script] interface mixin Handlers { attribute long script; [Implementation=Native] attribute long back; };
         [Implementation=Script] partial interface Node {};
         interface Node { attribute long a; };
         Node includes Shared;
         interface mixin Shared { attribute long shared; };",
    );
    let scope = &model.interfaces["Scope"];
    assert_eq!(scope.implementation, Implementation::Native);
    assert_eq!(
        attribute(scope, "native").implementation,
        Implementation::Native
    );
    assert_eq!(
        attribute(scope, "own").implementation,
        Implementation::Script
    );
    assert_eq!(
        attribute(scope, "script").implementation,
        Implementation::Script
    );
    assert_eq!(
        attribute(scope, "back").implementation,
        Implementation::Native
    );
    let node = &model.interfaces["Node"];
    assert_eq!(node.implementation, Implementation::Script);
    assert_eq!(attribute(node, "a").implementation, Implementation::Script);
    assert_eq!(
        attribute(node, "shared").implementation,
        Implementation::Script
    );
}

#[test]
fn iterations_stringifiers_and_callbacks() {
    let model = model(
        "interface A { iterable<DOMString, long>; stringifier; };
         interface B { async_iterable<any>(optional long from = 0); stringifier attribute DOMString text; };
         interface C { readonly maplike<DOMString, long>; };
         interface D { setlike<long>; undefined add(long value); };
         callback interface E { const short ONE = 1; undefined handle(A a); };
         [LegacyTreatNonObjectAsNull] callback F = any (optional long a);",
    );
    assert!(
        model.interfaces["A"]
            .iterable
            .as_ref()
            .is_some_and(|iterable| iterable.key.is_some())
    );
    assert!(matches!(
        model.interfaces["A"].stringifier,
        Some(Stringifier::Algorithm(_))
    ));
    let b = &model.interfaces["B"];
    assert!(
        b.async_iterable
            .as_ref()
            .is_some_and(|iterable| iterable.arguments[0].optional)
    );
    assert_eq!(
        b.stringifier,
        Some(Stringifier::Attribute("text".to_owned()))
    );
    assert!(
        model.interfaces["C"]
            .maplike
            .as_ref()
            .is_some_and(|maplike| maplike.readonly)
    );
    assert!(
        model.interfaces["D"]
            .setlike
            .as_ref()
            .is_some_and(|setlike| !setlike.readonly)
    );
    let e = &model.callback_interfaces["E"];
    assert_eq!(
        (e.operation_name.as_str(), e.constants.len()),
        ("handle", 1)
    );
    assert!(
        model.callbacks["F"]
            .attributes
            .has("LegacyTreatNonObjectAsNull")
    );
}

#[test]
fn parts_may_stand_in_other_files() {
    let head = "// Source: A Test\n// Date: 2026-07-01\n";
    let first = format!("{head}partial interface A {{ attribute B b; }}; A includes M;");
    let second = format!(
        "{head}interface A {{}}; interface B {{}}; interface mixin M {{ attribute long m; }};"
    );
    let model = crate::parse_and_resolve(&[("first.webidl", &first), ("second.webidl", &second)])
        .unwrap_or_else(|errors| panic!("{errors}"));
    let interface = &model.interfaces["A"];
    assert_eq!(names(&interface.members), ["b", "m"]);
    assert_eq!(interface.specification, "second");
    assert_eq!(attribute(interface, "b").span.file.as_ref(), "first.webidl");
}

#[test]
fn documentation_comments_and_sections() {
    let model = model(
        "/**
 * Is *here*.
 *
 * In `two` parts.
 */
[Exposed=*]
interface Here : Base {
  constructor();
  /* no documentation */ // neither
  attribute long plainName;
  /** An operation. */ [Section=elsewhere] undefined f();
  const long ONE = 1;
};
interface Base {};
[Sections=tt] interface TestThing {
  constructor();
  undefined getAllOfThem();
};
dictionary D { long member; };
enum E { \"e\" };
",
    );
    let of = |span: &Span| {
        let found = &model.documentation[span];
        (found.text.as_str(), found.section.as_str())
    };
    let here = &model.interfaces["Here"];
    let members: Vec<_> = here
        .members
        .iter()
        .map(|member| of(member.span()))
        .collect();
    assert_eq!(
        of(&here.span),
        ("Is *here*.\n\nIn `two` parts.", "https://example.org/#here")
    );
    assert_eq!(
        of(&here.constructors[0].span),
        ("", "https://example.org/#dom-here-here")
    );
    assert_eq!(
        members,
        [
            ("", "https://example.org/#dom-here-plainname"),
            ("An operation.", "https://example.org/#elsewhere"),
            ("", "https://example.org/#dom-here-one"),
        ]
    );
    let thing = &model.interfaces["TestThing"];
    assert_eq!(of(&thing.span).1, "https://example.org/#tt-class");
    assert_eq!(
        of(&thing.constructors[0].span).1,
        "https://example.org/#tt-constructor"
    );
    assert_eq!(
        of(thing.members[0].span()).1,
        "https://example.org/#tt-get-all-of-them"
    );
    let d = &model.dictionaries["D"];
    assert_eq!(of(&d.span).1, "https://example.org/#dictdef-d");
    assert_eq!(
        of(&d.members[0].span).1,
        "https://example.org/#dom-d-member"
    );
    let e = &model.enumerations["E"].span;
    assert_eq!(of(e).1, "https://example.org/#enumdef-e");
}

#[test]
fn what_follows_no_standard_has_sections_that_it_names() {
    let text = "// Source: NANO, after Others (https://example.org/apis/)
// Date: 2026-07-01
interface Here {
  undefined f();
  [Section=\"https://example.org/elsewhere/#g\"] undefined g();
  [Section=h] undefined h();
};
[Section=\"https://example.org/there/\"] interface There {};
";
    let model = crate::parse_and_resolve(&[("test.webidl", text)])
        .unwrap_or_else(|errors| panic!("{errors}"));
    let section = |span: &Span| model.documentation[span].section.as_str();
    let here = &model.interfaces["Here"];
    assert_eq!(section(&here.span), "https://example.org/apis/");
    let members: Vec<_> = here.members.iter().map(|m| section(m.span())).collect();
    assert_eq!(
        members,
        [
            "",
            "https://example.org/elsewhere/#g",
            "https://example.org/apis/#h"
        ]
    );
    let there = &model.interfaces["There"];
    assert_eq!(section(&there.span), "https://example.org/there/");
}
