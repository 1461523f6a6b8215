//! Functions and classes.

use nano_webidl::{Scope, Value};

use super::Inspector;
use super::layout::Parts;
use super::primitive::Style;
use super::property::{Keys, class_name, function_name, tag};

impl<'s> Inspector<'_, 's> {
    /// `[Function: f]`, `[class A extends B]`, with the properties that someone gave it.
    pub(super) fn function(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Parts {
        let text = match v8::Local::<v8::Function>::try_from(object) {
            Ok(function) => describe(scope, function),
            Err(_) => "[Function]".to_owned(),
        };
        let mut parts = Parts {
            bare: true,
            ..Parts::named(self.paint(Style::Special, text))
        };
        self.properties(scope, object, Keys::All, depth, &mut parts);
        parts
    }
}

fn describe<'s>(scope: &mut Scope<'s, '_>, function: v8::Local<'s, v8::Function>) -> String {
    let name = function_name(scope, function);
    if is_class(scope, function) {
        let mut text = match name.as_str() {
            "" => "[class (anonymous)".to_owned(),
            name => format!("[class {name}"),
        };
        // Class A extends B: B is A's prototype.
        let parent = function.get_prototype(scope);
        let parent = parent.and_then(|parent| v8::Local::<v8::Function>::try_from(parent).ok());
        if let Some(parent) = parent.filter(|parent| !parent.is_proxy()) {
            match function_name(scope, parent).as_str() {
                "" => {}
                parent => text.push_str(&format!(" extends {parent}")),
            }
        }
        text.push(']');
        return text;
    }
    let value: Value = function.into();
    let kind = match (value.is_async_function(), value.is_generator_function()) {
        (true, true) => "AsyncGeneratorFunction",
        (true, false) => "AsyncFunction",
        (false, true) => "GeneratorFunction",
        (false, false) => "Function",
    };
    let mut text = match name.as_str() {
        "" => format!("[{kind} (anonymous)]"),
        name => format!("[{kind}: {name}]"),
    };
    match class_name(scope, function.into()) {
        None => text.insert_str(1 + kind.len(), " (null prototype)"),
        Some(class) if class != kind && class != "Function" => text.push_str(&format!(" {class}")),
        Some(_) => {}
    }
    if let Some(tag) = tag(scope, function.into()).filter(|tag| tag != kind) {
        text.push_str(&format!(" [{tag}]"));
    }
    text
}

/// Whether the function's source is that of a class.
fn is_class<'s>(scope: &mut Scope<'s, '_>, function: v8::Local<'s, v8::Function>) -> bool {
    // The source of a function, which V8 gives without asking `toString`.
    let value: Value = function.into();
    let Some(source) = value.to_detail_string(scope) else {
        return false;
    };
    let start = String::from_utf16_lossy(&super::code_units(scope, source, 6));
    start.strip_prefix("class").is_some_and(|rest| {
        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
    })
}
