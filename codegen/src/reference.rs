//! The model as data for the website's API reference: one JSON document, in which texts of types are Web IDL.

use std::collections::BTreeMap;

use serde::Serialize;
use webapi_idl::{
    Argument, Implementation, Interface, Member, Model, Namespace, Operation, Span, Stringifier,
};

use crate::dts::declaration;
use crate::idl_text::{annotated_text, arguments_text, default_text};

/// The whole document.
#[derive(Debug, Serialize)]
pub struct Reference {
    /// The standards, by the name of their IDL file.
    pub specifications: BTreeMap<String, Specification>,
    /// Interfaces that apps see, by name.
    pub interfaces: BTreeMap<String, Entry>,
    /// Namespaces that apps see, by name.
    pub namespaces: BTreeMap<String, Entry>,
    /// Dictionaries by name.
    pub dictionaries: BTreeMap<String, Entry>,
    /// Enumerations by name.
    pub enumerations: BTreeMap<String, Entry>,
    /// Callback functions by name.
    pub callbacks: BTreeMap<String, Entry>,
    /// The name of the global object's interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global: Option<String>,
}

/// Where definitions come from.
#[derive(Debug, Serialize)]
pub struct Specification {
    /// The standard's title.
    pub title: String,
    /// Its address.
    pub url: String,
    /// The day of the definitions.
    pub date: String,
}

/// What is written about a definition or a member.
#[derive(Debug, Serialize)]
pub struct Documentation {
    /// The text, Markdown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The address of its section.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// What it throws, or has its promise rejected with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Thrown>,
}

/// An exception of a member.
#[derive(Debug, Serialize)]
pub struct Thrown {
    /// Its interface or class; `any` for what an app has chosen.
    pub name: String,
    /// When it is thrown, Markdown.
    pub condition: String,
}

/// One definition.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// What is written about it.
    #[serde(flatten)]
    pub documentation: Documentation,
    /// Key into the specifications.
    pub specification: String,
    /// The parent interface or dictionary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherits: Option<String>,
    /// `native` or `script`, for interfaces and namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation: Option<&'static str>,
    /// The TypeScript declaration; empty for callbacks, whose member says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub typescript: String,
    /// What it consists of, in order of definition.
    pub members: Vec<Item>,
}

/// A member of a definition.
#[derive(Debug, Serialize)]
pub struct Item {
    /// `constructor`, `attribute`, `operation`, `constant`, `iterable`, `stringifier`, `member`, `value`, `callback`.
    pub kind: &'static str,
    /// Its name; for declarations without one, the keyword.
    pub name: String,
    /// The definition as IDL.
    pub idl: String,
    /// What is written about it.
    #[serde(flatten)]
    pub documentation: Option<Documentation>,
    /// Whether it belongs to the interface object.
    #[serde(rename = "static", skip_serializing_if = "std::ops::Not::not")]
    pub is_static: bool,
    /// The arguments of an operation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Parameter>,
}

/// An argument of an operation.
#[derive(Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type, as IDL.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it may be left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether it may be repeated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub variadic: bool,
    /// Its default value, as IDL.
    #[serde(rename = "default", skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// The reference data of a model.
pub fn reference(model: &Model) -> Reference {
    let specification = |s: &webapi_idl::Specification| Specification {
        title: s.title.clone(),
        url: s.url.clone(),
        date: s.date.clone(),
    };
    Reference {
        specifications: model
            .specifications
            .iter()
            .map(|(file, s)| (file.clone(), specification(s)))
            .collect(),
        interfaces: model
            .interfaces
            .values()
            .filter(|i| !i.attributes.has("Internal"))
            .map(|i| (i.name.clone(), interface(model, i)))
            .collect(),
        namespaces: model
            .namespaces
            .values()
            .filter(|n| !n.attributes.has("Internal"))
            .map(|n| (n.name.clone(), namespace(model, n)))
            .collect(),
        dictionaries: model
            .dictionaries
            .values()
            .map(|d| (d.name.clone(), dictionary(model, d)))
            .collect(),
        enumerations: model
            .enumerations
            .values()
            .map(|e| (e.name.clone(), enumeration(model, e)))
            .collect(),
        callbacks: callbacks(model),
        global: model
            .interfaces
            .values()
            .find(|i| i.attributes.has("Global"))
            .map(|i| i.name.clone()),
    }
}

fn interface(model: &Model, interface: &Interface) -> Entry {
    let mut items: Vec<Item> = interface
        .constructors
        .iter()
        .map(|constructor| Item {
            documentation: Some(documentation(model, &constructor.span)),
            kind: "constructor",
            name: "constructor".to_owned(),
            idl: format!("constructor({})", arguments_text(&constructor.arguments)),
            is_static: false,
            arguments: parameters(&constructor.arguments),
        })
        .collect();
    items.extend(interface.members.iter().flat_map(|m| member(model, m)));
    items.extend(declarations(model, interface));
    Entry {
        documentation: documentation(model, &interface.span),
        specification: interface.specification.clone(),
        inherits: interface.inherits.clone(),
        implementation: Some(implementation(interface.implementation)),
        typescript: declaration(model, &interface.name),
        members: items,
    }
}

/// `iterable` and the like.
fn declarations(model: &Model, interface: &Interface) -> Vec<Item> {
    let pair = |key: Option<&webapi_idl::AnnotatedType>, value| match key {
        Some(key) => format!("{}, {}", annotated_text(key), annotated_text(value)),
        None => annotated_text(value),
    };
    let readonly = |readonly| if readonly { "readonly " } else { "" };
    let item = |kind, name, idl, span| Item {
        documentation: Some(documentation(model, span)),
        ..plain(kind, name, idl)
    };
    let mut items = Vec::new();
    if let Some(getter) = &interface.indexed_getter {
        let idl = format!(
            "getter {} ({})",
            annotated_text(&getter.operation.returns),
            arguments_text(&getter.operation.arguments)
        );
        items.push(item(
            "iterable",
            "indexed properties",
            idl,
            &getter.operation.span,
        ));
    }
    if let Some(iterable) = &interface.iterable {
        items.push(item(
            "iterable",
            "iterable",
            format!("iterable<{}>", pair(iterable.key.as_ref(), &iterable.value)),
            &iterable.span,
        ));
    }
    if let Some(iterable) = &interface.async_iterable {
        let idl = format!(
            "async_iterable<{}>({})",
            pair(iterable.key.as_ref(), &iterable.value),
            arguments_text(&iterable.arguments)
        );
        items.push(Item {
            arguments: parameters(&iterable.arguments),
            ..item("iterable", "async_iterable", idl, &iterable.span)
        });
    }
    if let Some(maplike) = &interface.maplike {
        items.push(item(
            "iterable",
            "maplike",
            format!(
                "{}maplike<{}>",
                readonly(maplike.readonly),
                pair(Some(&maplike.key), &maplike.value)
            ),
            &maplike.span,
        ));
    }
    if let Some(setlike) = &interface.setlike {
        items.push(item(
            "iterable",
            "setlike",
            format!(
                "{}setlike<{}>",
                readonly(setlike.readonly),
                annotated_text(&setlike.value)
            ),
            &setlike.span,
        ));
    }
    if let Some(Stringifier::Algorithm(span)) = &interface.stringifier {
        items.push(item(
            "stringifier",
            "toString",
            "stringifier".to_owned(),
            span,
        ));
    }
    items
}

fn namespace(model: &Model, namespace: &Namespace) -> Entry {
    Entry {
        documentation: documentation(model, &namespace.span),
        specification: namespace.specification.clone(),
        inherits: None,
        implementation: Some(implementation(namespace.implementation)),
        typescript: declaration(model, &namespace.name),
        members: namespace
            .members
            .iter()
            .flat_map(|m| member(model, m))
            .collect(),
    }
}

fn dictionary(model: &Model, dictionary: &webapi_idl::Dictionary) -> Entry {
    let item = |member: &webapi_idl::DictionaryMember| {
        let required = if member.required { "required " } else { "" };
        let default = member
            .default
            .as_ref()
            .map(|value| format!(" = {}", default_text(value)))
            .unwrap_or_default();
        let idl = format!(
            "{required}{} {}{default}",
            annotated_text(&member.ty),
            member.name
        );
        Item {
            documentation: Some(documentation(model, &member.span)),
            ..plain("member", &member.name, idl)
        }
    };
    Entry {
        documentation: documentation(model, &dictionary.span),
        specification: dictionary.specification.clone(),
        inherits: dictionary.inherits.clone(),
        implementation: None,
        typescript: declaration(model, &dictionary.name),
        members: dictionary.members.iter().map(item).collect(),
    }
}

fn enumeration(model: &Model, enumeration: &webapi_idl::Enumeration) -> Entry {
    Entry {
        documentation: documentation(model, &enumeration.span),
        specification: enumeration.specification.clone(),
        inherits: None,
        implementation: None,
        typescript: declaration(model, &enumeration.name),
        members: enumeration
            .values
            .iter()
            .map(|value| Item {
                documentation: Some(documentation(model, &value.span)),
                ..plain("value", &value.text, format!("\"{}\"", value.text))
            })
            .collect(),
    }
}

/// Callback functions and callback interfaces.
fn callbacks(model: &Model) -> BTreeMap<String, Entry> {
    let entry = |name: &str, span, specification: &str, returns, arguments: &[Argument]| {
        let idl = format!(
            "{} ({})",
            annotated_text(returns),
            arguments_text(arguments)
        );
        let members = vec![Item {
            arguments: parameters(arguments),
            ..plain("callback", name, idl)
        }];
        Entry {
            documentation: documentation(model, span),
            specification: specification.to_owned(),
            inherits: None,
            implementation: None,
            typescript: String::new(),
            members,
        }
    };
    let functions = model.callbacks.values().map(|c| {
        (
            c.name.clone(),
            entry(&c.name, &c.span, &c.specification, &c.returns, &c.arguments),
        )
    });
    let interfaces = model.callback_interfaces.values().map(|c| {
        (
            c.name.clone(),
            entry(
                &c.operation_name,
                &c.span,
                &c.specification,
                &c.operation.returns,
                &c.operation.arguments,
            ),
        )
    });
    functions.chain(interfaces).collect()
}

/// A member of an interface or a namespace; one item per overload.
fn member(model: &Model, member: &Member) -> Vec<Item> {
    let of = |span: &Span| Some(documentation(model, span));
    match member {
        Member::Attribute(attribute) => {
            let keyword = if attribute.is_static { "static " } else { "" };
            let readonly = if attribute.readonly { "readonly " } else { "" };
            let idl = format!(
                "{keyword}{readonly}attribute {} {}",
                annotated_text(&attribute.ty),
                attribute.name
            );
            vec![Item {
                documentation: of(&attribute.span),
                is_static: attribute.is_static,
                ..plain("attribute", &attribute.name, idl)
            }]
        }
        Member::Operation(set) => {
            let item = |operation: &Operation| {
                let keyword = if set.is_static { "static " } else { "" };
                let returns = annotated_text(&operation.returns);
                let idl = format!(
                    "{keyword}{returns} {}({})",
                    set.name,
                    arguments_text(&operation.arguments)
                );
                Item {
                    documentation: of(&operation.span),
                    is_static: set.is_static,
                    arguments: parameters(&operation.arguments),
                    ..plain("operation", &set.name, idl)
                }
            };
            set.overloads.iter().map(item).collect()
        }
        Member::Constant(constant) => {
            let idl = format!(
                "const {} {} = {}",
                annotated_text(&constant.ty),
                constant.name,
                default_text(&constant.value)
            );
            vec![Item {
                documentation: of(&constant.span),
                ..plain("constant", &constant.name, idl)
            }]
        }
    }
}

fn parameters(arguments: &[Argument]) -> Vec<Parameter> {
    let parameter = |argument: &Argument| Parameter {
        name: argument.name.clone(),
        ty: annotated_text(&argument.ty),
        optional: argument.optional,
        variadic: argument.variadic,
        default: argument.default.as_ref().map(default_text),
    };
    arguments.iter().map(parameter).collect()
}

fn plain(kind: &'static str, name: &str, idl: String) -> Item {
    Item {
        kind,
        name: name.to_owned(),
        idl,
        documentation: None,
        is_static: false,
        arguments: Vec::new(),
    }
}

fn documentation(model: &Model, span: &Span) -> Documentation {
    let found = model.documentation.get(span).cloned().unwrap_or_default();
    Documentation {
        description: found.text,
        section: found.section,
        exceptions: found
            .exceptions
            .into_iter()
            .map(|exception| Thrown {
                name: exception.name,
                condition: exception.condition,
            })
            .collect(),
    }
}

fn implementation(implementation: Implementation) -> &'static str {
    match implementation {
        Implementation::Native => "native",
        Implementation::Script => "script",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// But for callbacks' signatures: what is to be said of them, their definitions say.
    #[test]
    fn every_member_says_what_it_is() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../webapi-idl/idl");
        let model = webapi_idl::load(&folder).unwrap_or_else(|errors| panic!("{errors}"));
        let reference = reference(&model);
        let kinds = [
            reference.interfaces,
            reference.namespaces,
            reference.dictionaries,
            reference.enumerations,
        ];
        let mut silent = Vec::new();
        for (owner, entry) in kinds.iter().flatten() {
            for member in &entry.members {
                let text = member.documentation.as_ref().map(|d| &d.description);
                if !text.is_some_and(|text| text.ends_with(['.', ')'])) {
                    silent.push(format!("{owner}.{}", member.name));
                }
            }
        }
        assert!(
            silent.is_empty(),
            "these need a comment `/** … */` of whole sentences: {silent:?}"
        );
    }

    #[test]
    fn features() {
        let model = webapi_idl::parse_and_resolve(&[(
            "test.webidl",
            "// Source: Test Standard (https://example.org/)
// Date: 2026-07-01
enum Mode { /** By default. */ \"a\", \"\" };
callback Done = undefined (Thing thing);
/** How it shall be. */
dictionary Options { required Mode mode; /** In bytes. */ [EnforceRange] long size = 1; };
/**
 * A thing.
 *
 * It has a size.
 */
[Section=things]
interface Thing {
  /**
   * Makes one.
   *
   * @throws {TypeError} if the name
   *   is too long
   * @throws {DOMException} \"NotFoundError\", if there is none
   */
  constructor(optional DOMString name = \"x\");
  const unsigned short ZERO = 0;
  readonly attribute long? size;
  static undefined run(Options options, any... rest);
  /** Each name. */ iterable<DOMString, long>;
  /** Its text. */ stringifier;
};
interface Lines {
  readonly attribute long length;
  /** A line. */ getter DOMString (unsigned long index);
};
interface Names {
  readonly setlike<DOMString>;
};
[Internal=folder] namespace hidden { undefined log(); };
[Internal=folder] interface Hidden { undefined log(); };
",
        )])
        .unwrap_or_else(|errors| panic!("{errors}"));
        let text = serde_json::to_string_pretty(&reference(&model)).unwrap();
        insta::assert_snapshot!(text);
    }
}
