//! The model's parts in the words of Web IDL, for messages and for the reference.

use webapi_idl::{AnnotatedType, Annotations, Argument, DefaultValue, Enumeration, type_text};

/// A type with its annotations, by its typedef's name where it has one.
pub(crate) fn annotated_text(ty: &AnnotatedType) -> String {
    let Annotations {
        clamp,
        enforce_range,
        legacy_null_to_empty_string,
        allow_shared,
        allow_resizable,
    } = ty.annotations;
    let names = [
        (clamp, "Clamp"),
        (enforce_range, "EnforceRange"),
        (legacy_null_to_empty_string, "LegacyNullToEmptyString"),
        (allow_shared, "AllowShared"),
        (allow_resizable, "AllowResizable"),
    ];
    let names: Vec<&str> = names
        .iter()
        .filter(|(has, _)| *has)
        .map(|(_, name)| *name)
        .collect();
    let text = ty.alias.clone().unwrap_or_else(|| type_text(ty));
    if names.is_empty() || ty.alias.is_some() {
        text
    } else {
        format!("[{}] {text}", names.join(", "))
    }
}

/// An argument list.
pub(crate) fn arguments_text(arguments: &[Argument]) -> String {
    let text = |argument: &Argument| {
        let ty = annotated_text(&argument.ty);
        let name = &argument.name;
        match (&argument.default, argument.optional, argument.variadic) {
            (Some(default), ..) => format!("optional {ty} {name} = {}", default_text(default)),
            (None, true, _) => format!("optional {ty} {name}"),
            (None, false, true) => format!("{ty}... {name}"),
            (None, false, false) => format!("{ty} {name}"),
        }
    };
    arguments.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A default value or a constant's value.
pub(crate) fn default_text(value: &DefaultValue) -> String {
    match value {
        DefaultValue::Boolean(value) => value.to_string(),
        DefaultValue::Integer(value) => value.to_string(),
        DefaultValue::Decimal(value) if value.is_nan() => "NaN".to_owned(),
        DefaultValue::Decimal(value) if value.is_infinite() => (if *value < 0.0 {
            "-Infinity"
        } else {
            "Infinity"
        })
        .to_owned(),
        DefaultValue::Decimal(value) => format!("{value:?}"),
        DefaultValue::String(value) => format!("\"{value}\""),
        DefaultValue::Null => "null".to_owned(),
        DefaultValue::Undefined => "undefined".to_owned(),
        DefaultValue::EmptySequence => "[]".to_owned(),
        DefaultValue::EmptyDictionary => "{}".to_owned(),
    }
}

/// `'a', 'b' or 'c'`: what an enumeration has.
pub(crate) fn expected(enumeration: &Enumeration) -> String {
    let mut values: Vec<_> = enumeration
        .values
        .iter()
        .map(|value| format!("'{}'", value.text))
        .collect();
    match values.pop() {
        Some(last) if !values.is_empty() => format!("{} or {last}", values.join(", ")),
        last => last.unwrap_or_default(),
    }
}
