//! Extended attributes: which ones there are, where they may stand and in which form.

use super::Resolver;
use super::types::Annotation;
use crate::error::Error;
use crate::model;
use crate::model::{ExtendedAttributes, Implementation};
use crate::syntax::{ExtendedAttribute, ExtendedAttributeValue};

/// What an extended attribute stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Interface,
    Mixin,
    Namespace,
    Callback,
    CallbackInterface,
    Dictionary,
    Enumeration,
    Typedef,
    Includes,
    Attribute,
    Operation,
    Constructor,
    Constant,
    /// `iterable`, `maplike`, `stringifier;`, …
    OtherMember,
    Argument,
    DictionaryMember,
}

impl Target {
    fn describe(self) -> &'static str {
        match self {
            Self::Interface => "interfaces",
            Self::Mixin => "mixins",
            Self::Namespace => "namespaces",
            Self::Callback => "callback functions",
            Self::CallbackInterface => "callback interfaces",
            Self::Dictionary => "dictionaries",
            Self::Enumeration => "enumerations",
            Self::Typedef => "typedefs",
            Self::Includes => "includes statements",
            Self::Attribute => "attributes",
            Self::Operation => "operations",
            Self::Constructor => "constructors",
            Self::Constant => "constants",
            Self::OtherMember => "iterable and stringifier members",
            Self::Argument => "arguments",
            Self::DictionaryMember => "dictionary members",
        }
    }
}

/// Which forms an attribute has.
#[derive(Clone, Copy)]
enum Form {
    /// `[X]`
    Bare,
    /// `[X=y]`
    Identifier,
    /// `[X=y]`, `[X=(y, z)]`, `[X=*]`
    Identifiers,
    /// `[X=y]` with one of these
    OneOf(&'static [&'static str]),
}

impl Form {
    fn fits(self, value: &ExtendedAttributeValue) -> bool {
        match (self, value) {
            (Self::Bare, ExtendedAttributeValue::None)
            | (Self::Identifier | Self::Identifiers, ExtendedAttributeValue::Identifier(_))
            | (Self::Identifiers, ExtendedAttributeValue::List(_)) => true,
            (Self::OneOf(allowed), ExtendedAttributeValue::Identifier(value)) => {
                allowed.contains(&value.as_str())
            }
            _ => false,
        }
    }

    fn expected(self, name: &str) -> String {
        match self {
            Self::Bare => format!("`[{name}]`"),
            Self::Identifier => format!("`[{name}=value]`"),
            Self::Identifiers => format!("`[{name}=value]` or `[{name}=(value, value)]`"),
            Self::OneOf(allowed) => allowed
                .iter()
                .map(|value| format!("`[{name}={value}]`"))
                .collect::<Vec<_>>()
                .join(" or "),
        }
    }
}

const MEMBERS: &[Target] = &[
    Target::Attribute,
    Target::Operation,
    Target::Constructor,
    Target::Constant,
    Target::OtherMember,
];
const CONTAINERS: &[Target] = &[Target::Interface, Target::Mixin, Target::Namespace];
const INTERFACE: &[Target] = &[Target::Interface];
const ATTRIBUTE: &[Target] = &[Target::Attribute];
const ATTRIBUTE_OR_OPERATION: &[Target] = &[Target::Attribute, Target::Operation];
/// What has documentation.
const EVERYWHERE: &[Target] = &[
    Target::Interface,
    Target::Mixin,
    Target::Namespace,
    Target::Callback,
    Target::CallbackInterface,
    Target::Dictionary,
    Target::Enumeration,
    Target::Typedef,
    Target::Attribute,
    Target::Operation,
    Target::Constructor,
    Target::Constant,
    Target::OtherMember,
    Target::DictionaryMember,
];
const CALLABLE: &[Target] = &[Target::Attribute, Target::Operation, Target::Constructor];

/// Every attribute that may stand in a file, apart from those of types, with the places where it may.
const KNOWN: &[(&str, Form, &[&[Target]])] = &[
    // Web IDL, <https://webidl.spec.whatwg.org/#js-extended-attributes>
    ("CrossOriginIsolated", Form::Bare, &[CONTAINERS, MEMBERS]),
    ("Default", Form::Bare, &[&[Target::Operation]]),
    (
        "Exposed",
        Form::Identifiers,
        &[CONTAINERS, MEMBERS, &[Target::CallbackInterface]],
    ),
    ("Global", Form::Identifiers, &[INTERFACE]),
    ("LegacyLenientSetter", Form::Bare, &[ATTRIBUTE]),
    ("LegacyLenientThis", Form::Bare, &[ATTRIBUTE]),
    ("LegacyNamespace", Form::Identifier, &[INTERFACE]),
    ("LegacyNoInterfaceObject", Form::Bare, &[INTERFACE]),
    (
        "LegacyTreatNonObjectAsNull",
        Form::Bare,
        &[&[Target::Callback]],
    ),
    ("LegacyUnforgeable", Form::Bare, &[ATTRIBUTE_OR_OPERATION]),
    ("LegacyWindowAlias", Form::Identifiers, &[INTERFACE]),
    ("NewObject", Form::Bare, &[ATTRIBUTE_OR_OPERATION]),
    ("PutForwards", Form::Identifier, &[ATTRIBUTE]),
    ("Replaceable", Form::Bare, &[ATTRIBUTE]),
    ("SameObject", Form::Bare, &[ATTRIBUTE]),
    (
        "SecureContext",
        Form::Bare,
        &[CONTAINERS, MEMBERS, &[Target::CallbackInterface]],
    ),
    ("Unscopable", Form::Bare, &[ATTRIBUTE_OR_OPERATION]),
    // HTML, <https://html.spec.whatwg.org/multipage/structured-data.html>
    ("Serializable", Form::Bare, &[INTERFACE]),
    ("Transferable", Form::Bare, &[INTERFACE]),
    // NANO's own, described in ARCHITECTURE.md
    ("EmptyPrototype", Form::Bare, &[&[Target::Namespace]]),
    ("Exception", Form::Bare, &[INTERFACE]),
    (
        "Implementation",
        Form::OneOf(&["Native", "Script"]),
        &[CONTAINERS, ATTRIBUTE_OR_OPERATION],
    ),
    (
        "Internal",
        Form::Identifier,
        &[&[Target::Namespace, Target::Interface]],
    ),
    ("Lazy", Form::Identifier, &[INTERFACE]),
    ("ReadOnce", Form::Bare, &[&[Target::DictionaryMember]]),
    (
        "RustName",
        Form::Identifier,
        &[
            CONTAINERS,
            MEMBERS,
            &[
                Target::Callback,
                Target::CallbackInterface,
                Target::Dictionary,
                Target::DictionaryMember,
                Target::Enumeration,
            ],
        ],
    ),
    ("Section", Form::Identifier, &[EVERYWHERE]),
    ("Sections", Form::Identifier, &[CONTAINERS]),
    ("Throws", Form::Bare, &[CALLABLE]),
    ("WithScope", Form::Bare, &[CALLABLE]),
];

/// Attributes of the standard that the model has no place for.
const UNSUPPORTED: &[&str] = &[
    "LegacyFactoryFunction",
    "LegacyOverrideBuiltIns",
    "LegacyUnenumerableNamedProperties",
];

impl Resolver<'_> {
    /// Checks a list and converts it; those that apply to a type come out apart, for [`Resolver::ty_with`].
    /// `has_type`: there is a type here that they can apply to.
    pub(super) fn attributes<'s>(
        &mut self,
        list: &'s [ExtendedAttribute],
        target: Target,
        has_type: bool,
    ) -> (ExtendedAttributes, Vec<&'s ExtendedAttribute>) {
        let mut own = ExtendedAttributes::default();
        let mut for_type = Vec::new();
        for attribute in list {
            if has_type && Annotation::from_name(&attribute.name.text).is_some() {
                for_type.push(attribute);
            } else if self.check_attribute(attribute, target) {
                own.0.push(lower(attribute));
            }
        }
        (own, for_type)
    }

    fn check_attribute(&mut self, attribute: &ExtendedAttribute, target: Target) -> bool {
        let name = attribute.name.text.as_str();
        let Some((_, form, places)) = KNOWN.iter().find(|(known, ..)| *known == name) else {
            let error = if Annotation::from_name(name).is_some() {
                Error::new(
                    &attribute.name.span,
                    format!("`[{name}]` applies to a type, and there is none here"),
                )
                .expected("an attribute, argument, dictionary member or type")
                .found(format!("it on {}", target.describe()))
            } else {
                unknown(attribute)
            };
            self.errors.push(error);
            return false;
        };
        if !places.iter().any(|places| places.contains(&target)) {
            let expected: Vec<&str> = places
                .iter()
                .copied()
                .flatten()
                .map(|place| place.describe())
                .collect();
            self.errors.push(
                Error::new(
                    &attribute.name.span,
                    format!("`[{name}]` cannot stand here"),
                )
                .expected(format!("it before {}", expected.join(", ")))
                .found(format!("it on {}", target.describe())),
            );
            return false;
        }
        if !form.fits(&attribute.value) {
            self.errors.push(
                Error::new(
                    &attribute.name.span,
                    format!("`[{name}]` has the wrong form"),
                )
                .expected(form.expected(name))
                .found(match &attribute.value {
                    ExtendedAttributeValue::None => format!("`[{name}]`"),
                    ExtendedAttributeValue::Identifier(value) => format!("`[{name}={value}]`"),
                    ExtendedAttributeValue::List(list) => {
                        format!("`[{name}=({})]`", list.join(", "))
                    }
                    ExtendedAttributeValue::Arguments => "a list of arguments".to_owned(),
                }),
            );
            return false;
        }
        true
    }

    /// An attribute right before a type that is none of a type's.
    pub(super) fn attribute_not_for_types(&mut self, attribute: &ExtendedAttribute) {
        let name = attribute.name.text.as_str();
        let error = match KNOWN.iter().find(|(known, ..)| *known == name) {
            Some((.., places)) => {
                let expected: Vec<&str> = places
                    .iter()
                    .copied()
                    .flatten()
                    .map(|place| place.describe())
                    .collect();
                Error::new(
                    &attribute.name.span,
                    format!("`[{name}]` cannot stand here"),
                )
                .expected(format!("it before {}", expected.join(", ")))
                .found("it on a type")
            }
            None => unknown(attribute),
        };
        self.errors.push(error);
    }
}

fn unknown(attribute: &ExtendedAttribute) -> Error {
    let name = &attribute.name.text;
    if UNSUPPORTED.contains(&name.as_str()) {
        return Error::new(&attribute.name.span, format!("`[{name}]` is not supported"))
            .expected("none of the legacy attributes that the model has no place for")
            .found(format!("`[{name}]`"));
    }
    Error::new(&attribute.name.span, format!("unknown extended attribute `[{name}]`"))
        .expected("an extended attribute of Web IDL or HTML, or one of EmptyPrototype, Exception, Implementation, Internal, Lazy, RustName, Section, Sections, Throws, WithScope")
        .found(format!("`[{name}]`"))
}

fn lower(attribute: &ExtendedAttribute) -> model::ExtendedAttribute {
    model::ExtendedAttribute {
        name: attribute.name.text.clone(),
        value: match &attribute.value {
            // `check_attribute` lets no list of arguments through.
            ExtendedAttributeValue::None | ExtendedAttributeValue::Arguments => {
                model::ExtendedAttributeValue::None
            }
            ExtendedAttributeValue::Identifier(value) => {
                model::ExtendedAttributeValue::Identifier(value.clone())
            }
            ExtendedAttributeValue::List(list) => model::ExtendedAttributeValue::List(list.clone()),
        },
    }
}

/// `[Implementation=…]`, if it is there.
pub(super) fn implementation(attributes: &ExtendedAttributes) -> Option<Implementation> {
    match attributes.identifier("Implementation")? {
        "Script" => Some(Implementation::Script),
        _ => Some(Implementation::Native),
    }
}
