use std::path::Path;

use webapi_idl::{Member, Model};

use super::*;

fn nano() -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../webapi-idl/idl");
    webapi_idl::load(&folder).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Whether the model has the member that an overlay entry is about.
fn has_member(model: &Model, owner: &str, name: &str) -> bool {
    let in_interface = model.interfaces.get(owner).is_some_and(|interface| {
        name == "new" && !interface.constructors.is_empty()
            || interface.members.iter().any(|member| match member {
                Member::Attribute(attribute) => attribute.name == name,
                Member::Operation(set) => set.name == name,
                Member::Constant(_) => false,
            })
    });
    in_interface
        || model
            .dictionaries
            .get(owner)
            .is_some_and(|dictionary| dictionary.members.iter().any(|m| m.name == name))
}

#[test]
fn overlay_entries_name_something() {
    let model = nano();
    for (owner, member) in overlay::entries() {
        let known = model.interfaces.contains_key(owner)
            || model.dictionaries.contains_key(owner)
            || model.callbacks.contains_key(owner)
            || model.typedefs.contains_key(owner);
        assert!(
            known,
            "the overlay names `{owner}`, which the model does not have"
        );
        if let Some(member) = member {
            assert!(
                has_member(&model, owner, member),
                "the overlay names `{owner}.{member}`, which the model does not have"
            );
        }
    }
}

#[test]
fn every_definition_is_there_once() {
    let model = nano();
    let text = definitions(&model);
    for (name, interface) in &model.interfaces {
        let pattern = format!("interface {name}{} ", overlay::generics(name));
        // Those of built-in scripts among themselves are no app's.
        let wanted = usize::from(!interface.attributes.has("Internal"));
        assert_eq!(text.matches(&pattern).count(), wanted, "{pattern}");
    }
    for name in model.enumerations.keys().chain(model.typedefs.keys()) {
        assert!(
            text.matches(&format!("type {name} = ")).count() <= 1,
            "{name}"
        );
    }
}

#[test]
fn what_web_idl_has_no_word_for_is_there() {
    let text = definitions(&nano());
    for (part, count) in [
        ("declare namespace WebAssembly {", 1),
        ("declare module \"*.wasm\" {", 1),
        ("type ScheduledController = ScheduledEvent;", 1),
        // Of a request and of a response; the static method of the same name is another one.
        ("  json<T = any>(): Promise<T>;", 2),
        ("  json(data: any, init?: ResponseInit): Response;", 1),
    ] {
        assert_eq!(text.matches(part).count(), count, "{part}");
    }
}

#[test]
fn features() {
    let model = webapi_idl::parse_and_resolve(&[(
        "test.webidl",
        "// Source: Test Standard (https://example.org/)
// Date: 2026-07-01
/** How. */ enum Mode { /** By default. */ \"a\", \"b\" };
typedef (DOMString or Thing) Name;
callback Done = undefined (Thing thing, optional long count);
callback interface Listener { undefined handle(Thing thing); };
dictionary Options { /** What else. */ required Mode mode; sequence<long> list; Name name; };
/** A thing. */
interface Thing {
  /**
   * Makes one.
   * In two lines.
   *
   * @throws {TypeError} if they
   *   are too long
   */
  constructor(Name name, optional Options options);
  const unsigned short ZERO = 0;
  readonly attribute long? size;
  attribute Listener? listener;
  /** Loads. */
  static Promise<undefined> load(sequence<Name> names, any... rest);
  undefined run(Done done, BufferSource data);
  /** Each name. */ iterable<DOMString, long>;
  /** Its text. */ stringifier;
};
interface Lines { readonly attribute long length; getter DOMString item(unsigned long index); iterable<DOMString>; };
interface Names { maplike<DOMString, long>; undefined clear(); };
[LegacyNoInterfaceObject] interface Flow { async_iterable<Thing>; };
namespace tools { undefined log(any... data); };
[Global=Scope] interface Scope { readonly attribute Scope self; DOMString atob(DOMString data); };
",
    )])
    .unwrap_or_else(|errors| panic!("{errors}"));
    let text = definitions(&model);
    // The head is for reading, and the same in all.
    let (_, body) = text
        .split_once("(event: ScheduledEvent) => void): void;\n")
        .expect("the head");
    insta::assert_snapshot!(body);
}
