//! The definitions that NANO ships: they load, and say what the runtime relies on.

use std::path::Path;

use webapi_idl::{
    Buffer, DefaultValue, Implementation, Interface, Member, Model, Numeric, Stringifier, Type,
};

fn model() -> Model {
    webapi_idl::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("idl"))
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn names(interface: &Interface) -> Vec<&str> {
    interface
        .members
        .iter()
        .map(|member| match member {
            Member::Attribute(attribute) => attribute.name.as_str(),
            Member::Operation(set) => set.name.as_str(),
            Member::Constant(constant) => constant.name.as_str(),
        })
        .collect()
}

fn attribute<'a>(interface: &'a Interface, name: &str) -> &'a webapi_idl::Attribute {
    let found = interface.members.iter().find_map(|member| match member {
        Member::Attribute(attribute) if attribute.name == name => Some(attribute),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("`{}` has no attribute `{name}`", interface.name))
}

fn operation<'a>(
    interface: &'a Interface,
    name: &str,
    is_static: bool,
) -> &'a webapi_idl::OperationSet {
    let found = interface.members.iter().find_map(|member| match member {
        Member::Operation(set) if set.name == name && set.is_static == is_static => Some(set),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("`{}` has no operation `{name}`", interface.name))
}

#[test]
fn every_file_is_a_specification_with_its_source() {
    let model = model();
    for specification in model.specifications.values() {
        let own = specification.title == "NANO";
        assert_eq!(own, specification.url.is_empty(), "{specification:?}");
        assert!(
            own || (specification.url.starts_with("https://") && specification.url.ends_with('/'))
        );
    }
    assert_eq!(model.specifications["fetch"].title, "Fetch Standard");
    assert_eq!(
        model.specifications["fetch"].url,
        "https://fetch.spec.whatwg.org/"
    );
}

#[test]
fn the_definitions_of_a_worker_are_there() {
    let model = model();
    for name in [
        "AbortController",
        "AbortSignal",
        "Blob",
        "ByteLengthQueuingStrategy",
        "CountQueuingStrategy",
        "Crypto",
        "CustomEvent",
        "DOMException",
        "ErrorEvent",
        "Event",
        "EventTarget",
        "File",
        "FormData",
        "Headers",
        "Navigator",
        "Performance",
        "PromiseRejectionEvent",
        "QuotaExceededError",
        "ReadableByteStreamController",
        "ReadableStream",
        "ReadableStreamBYOBReader",
        "ReadableStreamBYOBRequest",
        "ReadableStreamDefaultController",
        "ReadableStreamDefaultReader",
        "Request",
        "Response",
        "SubtleCrypto",
        "TextDecoder",
        "TextDecoderStream",
        "TextEncoder",
        "TextEncoderStream",
        "TransformStream",
        "TransformStreamDefaultController",
        "URL",
        "URLSearchParams",
        "WorkerGlobalScope",
        "WritableStream",
        "WritableStreamDefaultController",
        "WritableStreamDefaultWriter",
    ] {
        assert!(
            model.interfaces.contains_key(name),
            "the interface `{name}` is missing"
        );
    }
    assert!(model.namespaces.contains_key("console"));
    assert_eq!(
        model.callback_interfaces["EventListener"].operation_name,
        "handleEvent"
    );
    assert!(
        model.callbacks["EventHandlerNonNull"]
            .attributes
            .has("LegacyTreatNonObjectAsNull")
    );
    assert!(
        model.enumerations["ReferrerPolicy"]
            .values
            .iter()
            .any(|value| value.text.is_empty())
    );
}

#[test]
fn there_is_one_global_with_the_mixins_of_all_specifications() {
    let model = model();
    let globals: Vec<_> = model
        .interfaces
        .values()
        .filter(|interface| interface.attributes.has("Global"))
        .collect();
    let [global] = globals[..] else {
        panic!("expected one [Global] interface, found {}", globals.len())
    };
    assert_eq!(global.name, "WorkerGlobalScope");
    assert_eq!(global.inherits.as_deref(), Some("EventTarget"));
    let names = names(global);
    for name in [
        "self",
        "navigator",
        "fetch",
        "crypto",
        "performance",
        "setTimeout",
        "structuredClone",
        "onerror",
    ] {
        assert!(
            names.contains(&name),
            "the global has no `{name}`: {names:?}"
        );
    }
    assert_eq!(
        attribute(global, "onerror").implementation,
        Implementation::Script
    );
    assert_eq!(
        attribute(global, "onerror").ty.alias.as_deref(),
        Some("OnErrorEventHandler")
    );
    assert_eq!(
        attribute(global, "crypto").implementation,
        Implementation::Native
    );
    assert_eq!(
        operation(global, "fetch", false).implementation,
        Implementation::Native
    );
    assert_eq!(
        operation(global, "fetch", false).overloads[0]
            .span
            .file
            .as_ref(),
        "fetch.webidl"
    );
}

#[test]
fn scripts_and_native_types_are_told_apart() {
    let model = model();
    let scripts = [
        "ReadableStream",
        "AbortSignal",
        "EventTarget",
        "TextEncoderStream",
        "Performance",
    ];
    for name in scripts {
        assert_eq!(
            model.interfaces[name].implementation,
            Implementation::Script,
            "{name}"
        );
    }
    for name in [
        "Headers",
        "Request",
        "TextDecoder",
        "URL",
        "Blob",
        "DOMException",
        "Crypto",
    ] {
        assert_eq!(
            model.interfaces[name].implementation,
            Implementation::Native,
            "{name}"
        );
    }
    // A mixin's members belong to whoever includes it.
    assert_eq!(
        attribute(&model.interfaces["TextDecoder"], "encoding").implementation,
        Implementation::Native
    );
    assert_eq!(
        attribute(&model.interfaces["TextDecoderStream"], "encoding").implementation,
        Implementation::Script
    );
}

#[test]
fn members_are_resolved() {
    let model = model();
    let url = &model.interfaces["URL"];
    assert_eq!(
        url.stringifier,
        Some(Stringifier::Attribute("href".to_owned()))
    );
    assert!(attribute(url, "searchParams").attributes.has("SameObject"));
    assert!(operation(url, "canParse", true).is_static);

    let search = &model.interfaces["URLSearchParams"];
    assert!(matches!(
        search.stringifier,
        Some(Stringifier::Algorithm(_))
    ));
    assert!(
        search
            .iterable
            .as_ref()
            .is_some_and(|iterable| iterable.key.is_some())
    );
    let Type::Union(init) = &search.constructors[0].arguments[0].ty.kind else {
        panic!("a union was expected")
    };
    assert_eq!(init.len(), 3);
    assert_eq!(
        search.constructors[0].arguments[0].default,
        Some(DefaultValue::String(String::new()))
    );

    let stream = &model.interfaces["ReadableStream"];
    let iterable = stream
        .async_iterable
        .as_ref()
        .expect("a ReadableStream is async iterable");
    assert_eq!(iterable.arguments[0].name, "options");

    // A static and a regular operation of one name are two.
    let response = &model.interfaces["Response"];
    assert_eq!(operation(response, "json", true).overloads.len(), 1);
    assert_eq!(operation(response, "json", false).overloads.len(), 1);

    // An underscore is an escape, no part of the name.
    assert!(operation(&model.interfaces["AbortSignal"], "any", true).is_static);
    assert_eq!(
        operation(&model.interfaces["FormData"], "append", false)
            .overloads
            .len(),
        2
    );
}

#[test]
fn types_are_resolved() {
    let model = model();
    // Flattened through a typedef of a typedef, under the outer name.
    let body = &model.interfaces["Response"].constructors[0].arguments[0].ty;
    let Type::Nullable(inner) = &body.kind else {
        panic!("BodyInit? was expected, found {body:?}")
    };
    assert_eq!(inner.alias.as_deref(), Some("BodyInit"));
    let Type::Union(members) = &inner.kind else {
        panic!("a union was expected")
    };
    let kinds: Vec<&Type> = members.iter().map(|member| &member.kind).collect();
    assert_eq!(
        kinds,
        [
            &Type::Interface("ReadableStream".to_owned()),
            &Type::Interface("Blob".to_owned()),
            &Type::Buffer(Buffer::BufferSource),
            &Type::Interface("FormData".to_owned()),
            &Type::Interface("URLSearchParams".to_owned()),
            &Type::UsvString,
        ]
    );

    let decode =
        &operation(&model.interfaces["TextDecoder"], "decode", false).overloads[0].arguments[0].ty;
    assert_eq!(decode.kind, Type::Buffer(Buffer::BufferSource));
    assert!(decode.annotations.allow_shared);

    let slice = &operation(&model.interfaces["Blob"], "slice", false).overloads[0].arguments[0].ty;
    assert_eq!(slice.kind, Type::Numeric(Numeric::LongLong));
    assert!(slice.annotations.clamp);

    let source = &model.dictionaries["UnderlyingSource"];
    let members: Vec<&str> = source
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(
        members,
        ["autoAllocateChunkSize", "cancel", "pull", "start", "type"]
    );
    assert!(source.members[0].ty.annotations.enforce_range);
}

#[test]
fn parents_come_before_their_children() {
    let model = model();
    let order: Vec<&str> = model
        .in_order_of_inheritance()
        .iter()
        .map(|interface| interface.name.as_str())
        .collect();
    let position = |name| {
        order
            .iter()
            .position(|other| *other == name)
            .expect("the interface is there")
    };
    assert!(position("EventTarget") < position("AbortSignal"));
    assert!(position("DOMException") < position("QuotaExceededError"));
    assert_eq!(order.len(), model.interfaces.len());
}

/// Interfaces with their members are in the reference and in `nano.d.ts`: whoever reads those finds a text and an address.
#[test]
fn every_definition_says_what_it_is_and_every_member_where_its_section_is() {
    let model = model();
    let definitions = (model.interfaces.values().map(|d| (&d.name, &d.span)))
        .chain(model.namespaces.values().map(|d| (&d.name, &d.span)))
        .chain(model.dictionaries.values().map(|d| (&d.name, &d.span)))
        .chain(model.enumerations.values().map(|d| (&d.name, &d.span)))
        .chain(model.callbacks.values().map(|d| (&d.name, &d.span)))
        .chain(
            model
                .callback_interfaces
                .values()
                .map(|d| (&d.name, &d.span)),
        );
    for (name, span) in definitions {
        let documentation = &model.documentation[span];
        assert!(
            documentation.text.ends_with(['.', ')']),
            "{}:{}: `{name}` needs a comment `/** … */` of whole sentences before it",
            span.file,
            span.line
        );
    }
    let members = (model.interfaces.values().flat_map(|i| &i.members))
        .chain(model.namespaces.values().flat_map(|n| &n.members))
        .map(|member| member.span());
    let members =
        members.chain((model.dictionaries.values().flat_map(|d| &d.members)).map(|m| &m.span));
    // What follows no standard has sections where it names them.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("idl");
    let is_standard = |file: &str| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        !text.starts_with("// Source: NANO")
    };
    for span in members {
        let section = &model.documentation[span].section;
        assert!(
            section.contains('#') || !is_standard(&span.file),
            "{span:?}: {section}"
        );
    }
}

/// As MDN's compatibility data has them.
#[test]
fn sections_are_where_the_standards_have_them() {
    let model = model();
    let section = |span| model.documentation[span].section.as_str();
    let member = |interface: &str, name: &str| {
        let members = &model.interfaces[interface].members;
        let found = members.iter().find(|member| member.name() == name);
        section(found.expect("a member").span())
    };
    for (interface, name, expected) in [
        (
            "URL",
            "searchParams",
            "https://url.spec.whatwg.org/#dom-url-searchparams",
        ),
        (
            "AbortSignal",
            "any",
            "https://dom.spec.whatwg.org/#dom-abortsignal-any",
        ),
        (
            "Request",
            "json",
            "https://fetch.spec.whatwg.org/#dom-body-json",
        ),
        ("Blob", "size", "https://w3c.github.io/FileAPI/#dfn-size"),
        (
            "ReadableStream",
            "pipeThrough",
            "https://streams.spec.whatwg.org/#rs-pipe-through",
        ),
        (
            "ReadableStreamBYOBRequest",
            "respondWithNewView",
            "https://streams.spec.whatwg.org/#rs-byob-request-respond-with-new-view",
        ),
        (
            "Crypto",
            "randomUUID",
            "https://w3c.github.io/webcrypto/#Crypto-method-randomUUID",
        ),
        (
            "WorkerGlobalScope",
            "fetch",
            "https://fetch.spec.whatwg.org/#fetch-method",
        ),
    ] {
        assert_eq!(member(interface, name), expected);
    }
    let url = &model.interfaces["URL"];
    assert_eq!(section(&url.span), "https://url.spec.whatwg.org/#url");
    assert_eq!(
        section(&url.constructors[0].span),
        "https://url.spec.whatwg.org/#dom-url-url"
    );
    assert_eq!(
        section(&model.interfaces["WritableStream"].span),
        "https://streams.spec.whatwg.org/#ws-class"
    );
    assert_eq!(
        section(&model.interfaces["ReadableStreamBYOBReader"].constructors[0].span),
        "https://streams.spec.whatwg.org/#byob-reader-constructor"
    );
}
