//! Errors: stack, causes, the properties that an app gave them.

use nano_engine::Thrown;
use nano_engine::exception::app_frames;
use nano_engine::text::{cut, more, text};
use nano_webidl::{Ref, Scope, Value, internalized};

use super::layout::Parts;
use super::object::{inherited_string, own_string};
use super::platform;
use super::property::{Keys, Property, class_name, own_keys, own_property};
use super::{InspectOptions, Inspector, inspect};
use crate::webidl::dom_exception::DomException;

/// How many characters of a stack or a message are shown.
const MAX_TEXT: usize = 20_000;

impl<'s> Inspector<'_, 's> {
    /// Whether an object is shown as an error.
    pub(super) fn is_error(
        &self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
    ) -> bool {
        object.is_native_error() || Ref::<DomException>::from_value(scope, object.into()).is_some()
    }

    /// `TypeError: x is not a function`, `DOMException [AbortError]: …`
    pub(super) fn error_header(
        &self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        max: usize,
    ) -> String {
        let value: Value = object.into();
        if let Some(exception) = Ref::<DomException>::from_value(scope, value) {
            return dom_exception_header(scope, exception);
        }
        let name = inherited_string(scope, object, "name", 256).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "Error".to_owned());
        let class = class_name(scope, object).filter(|_| name == "Error");
        let name = class.unwrap_or(name);
        match inherited_string(scope, object, "message", max).filter(|message| !message.is_empty())
        {
            Some(message) => format!("{name}: {message}"),
            None => name,
        }
    }

    /// The stack, then what else the error has: `cause`, `errors`, properties of the app.
    pub(super) fn error(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Parts {
        let text = self
            .error_text(scope, object)
            .replace('\n', &format!("\n{}", " ".repeat(self.indent)));
        self.written += text.len();
        let mut parts = Parts {
            bare: true,
            ..Parts::named(text)
        };
        for name in ["cause", "errors"] {
            let name: v8::Local<v8::Name> = internalized(scope, name).into();
            // An enumerable one is among the properties below.
            let enumerable = object
                .get_property_attributes(scope, name.into())
                .is_some_and(|a| !a.is_dont_enum());
            if own_property(scope, object, name).is_some() && !enumerable {
                self.named_property(scope, object, name, true, depth, &mut parts);
            }
        }
        self.error_properties(scope, object, depth, &["stack", "message"], &mut parts);
        parts
    }

    /// Adds the properties of an error, without those that are shown elsewhere.
    fn error_properties(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
        unwanted: &[&str],
        parts: &mut Parts,
    ) {
        for (name, value) in platform::attributes(scope, object) {
            if !matches!(name.as_str(), "name" | "message" | "code") {
                let value = self.nested(scope, value, depth);
                parts.push(&format!("{name}: "), value);
            }
        }
        let keys = own_keys(scope, object, Keys::All, false, self.options.max_entries);
        for name in keys.names {
            let is_unwanted = v8::Local::<v8::String>::try_from(name).is_ok_and(|name| {
                let name = text(scope, name, 16);
                unwanted.contains(&name.as_str())
            });
            if !is_unwanted {
                self.named_property(scope, object, name, false, depth, parts);
            }
        }
        if keys.rest > 0 {
            parts
                .entries
                .push(format!("... {}", more(keys.rest, "item")));
        }
    }

    fn error_text(&self, scope: &mut Scope<'s, '_>, object: v8::Local<'s, v8::Object>) -> String {
        let stack = stack(scope, object).filter(|stack| !stack.is_empty());
        let Some(stack) = stack else {
            return format!("[{}]", self.error_header(scope, object, MAX_TEXT));
        };
        let value: Value = object.into();
        let start = stack.find("\n    at ").unwrap_or(stack.len());
        let frames = app_frames(&stack).map_or_else(String::new, |frames| format!("\n{frames}"));
        if let Some(exception) = Ref::<DomException>::from_value(scope, value) {
            return format!("{}{frames}", dom_exception_header(scope, exception));
        }
        let stack = format!("{}{frames}", &stack[..start]);
        // V8 writes the name that the error had when it was made: "Error" for most classes of apps.
        let class = class_name(scope, object).unwrap_or_default();
        match stack
            .strip_prefix("Error")
            .filter(|rest| rest.starts_with([':', '\n']) || rest.is_empty())
        {
            Some(rest) if !class.is_empty() && class != "Error" => format!("{class}{rest}"),
            _ => stack,
        }
    }
}

/// What a report says of a value that was thrown, in about `max` characters for each part.
pub(crate) fn describe_thrown<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    max: usize,
) -> Thrown {
    // Whatever goes wrong on the way must not stay pending.
    v8::tc_scope!(let scope, scope);
    let options = InspectOptions {
        max_text: max,
        ..InspectOptions::default()
    };
    let mut inspector = Inspector::new(&options);
    let error = v8::Local::<v8::Object>::try_from(value)
        .ok()
        .filter(|object| !object.is_proxy() && inspector.is_error(scope, *object));
    let Some(error) = error else {
        return Thrown {
            message: inspect(scope, value, &options),
            ..Thrown::default()
        };
    };
    let (name, message) = match Ref::<DomException>::from_value(scope, value) {
        Some(exception) => name_and_message(scope, exception, max),
        None => (
            inherited_string(scope, error, "name", 256).unwrap_or_default(),
            inspector.error_header(scope, error, max),
        ),
    };
    let mut parts = Parts::default();
    let told = ["stack", "message", "name", "cause", "errors"];
    inspector.error_properties(scope, error, 0, &told, &mut parts);
    let properties = (!parts.entries.is_empty()).then(|| parts.render(2, options.width).text);
    Thrown {
        name,
        message,
        properties: properties.map(|properties| cut(properties, max)),
        is_error: true,
    }
}

/// `AbortError`, and `AbortError: the operation was aborted`.
fn name_and_message<'s>(
    scope: &mut Scope<'s, '_>,
    exception: Ref<'s, DomException>,
    max: usize,
) -> (String, String) {
    use crate::bindings::dom_exception::DomExceptionMethods;
    let (name, message) = (exception.name(scope), exception.message(scope));
    let (name, message) = (text(scope, name, 256), text(scope, message, max));
    match message.is_empty() {
        true => (name.clone(), name),
        false => (name.clone(), format!("{name}: {message}")),
    }
}

fn dom_exception_header<'s>(scope: &mut Scope<'s, '_>, exception: Ref<'s, DomException>) -> String {
    use crate::bindings::dom_exception::DomExceptionMethods;
    let (name, message) = (exception.name(scope), exception.message(scope));
    let (name, message) = (text(scope, name, 256), text(scope, message, MAX_TEXT));
    let class = class_name(scope, exception.object()).unwrap_or_else(|| "DOMException".to_owned());
    let header = if class == name {
        class
    } else {
        format!("{class} [{name}]")
    };
    if message.is_empty() {
        header
    } else {
        format!("{header}: {message}")
    }
}

/// The error's own `stack`, if it is a string or V8's own accessor: no getter of the app is called.
fn stack<'s>(scope: &mut Scope<'s, '_>, object: v8::Local<'s, v8::Object>) -> Option<String> {
    let name: v8::Local<v8::Name> = internalized(scope, "stack").into();
    let get = match own_property(scope, object, name)? {
        Property::Data(_) => return own_string(scope, object, "stack", MAX_TEXT),
        Property::Accessor { get, .. } => get,
    };
    let getter = v8_stack_getter(scope)?;
    if get != getter {
        return None;
    }
    v8::tc_scope!(let scope, scope);
    let getter: v8::Local<v8::Function> = getter.try_into().ok()?;
    let stack: v8::Local<v8::String> = getter.call(scope, object.into(), &[])?.try_into().ok()?;
    Some(text(scope, stack, MAX_TEXT))
}

/// The accessor that V8 gives to every error.
fn v8_stack_getter<'s>(scope: &mut Scope<'s, '_>) -> Option<Value<'s>> {
    let message = v8::String::empty(scope);
    let error: v8::Local<v8::Object> = v8::Exception::error(scope, message).try_into().ok()?;
    let name: v8::Local<v8::Name> = internalized(scope, "stack").into();
    match own_property(scope, error, name)? {
        Property::Accessor { get, .. } => Some(get),
        Property::Data(_) => None,
    }
}
