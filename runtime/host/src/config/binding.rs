//! The field "env": what an app's handlers are given.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nano_worker::Binding;

use super::diagnostic::Diagnostic;
use super::field::{Field, Kind as _, Ruled, Word};
use super::fields::{JsonBinding, SecretBinding, ServiceBinding, TextBinding};
use super::reader::{Fields, Located};

/// How many bytes a name may have: those of secrets take their places in logs.
pub(super) const MAX_ENV_NAME: usize = 256;
/// How many names there may be, each of which may be a secret that is looked for in all that the app logs.
pub(super) const MAX_BINDINGS: usize = 1_000;
/// How many bytes names and values may have together: all of an app's instances have them.
const MAX_ENV: usize = 1 << 20;

/// Types of bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BindingType {
    Text,
    Json,
    Secret,
    Service,
}

const TYPES: Word<BindingType> = Word {
    words: &[
        ("text", BindingType::Text),
        ("json", BindingType::Json),
        ("secret", BindingType::Secret),
        ("service", BindingType::Service),
    ],
    meaning: "the type of a binding",
};

/// An app that another one is bound to, and where that is said.
pub(super) struct Bound {
    pub(super) app: Arc<str>,
    place: Diagnostic,
}

impl Bound {
    /// What to say where there is no such app.
    pub(super) fn missing(&self) -> Diagnostic {
        let message = format!(
            "there is no app {:?} to bind: whoever calls it would get an error",
            self.app
        );
        let help = "name an app of this configuration, or remove the binding";
        self.place.says(message, Some(help))
    }
}

/// Reads the field "env". Apps that are bound are added to `bound`: whether they are there is known at the end.
pub(super) fn read_env(
    value: &Located<'_>,
    folder: &Path,
    bound: &mut Vec<Bound>,
) -> BTreeMap<String, Binding> {
    let mut env = BTreeMap::new();
    let mut size = 0;
    for (name, value) in value.entries().unwrap_or_default() {
        if name.len() > MAX_ENV_NAME {
            value.fault(
                format!(
                    "its name has {} bytes, and {MAX_ENV_NAME} are the most",
                    name.len()
                ),
                "choose a shorter one".to_owned(),
            );
            continue;
        }
        let Some(binding) = read(&value, folder, bound) else {
            continue;
        };
        size += name.len() + text_of(&binding).len();
        env.insert(name.to_owned(), binding);
        // What comes later is not read: there may be files without number.
        if size > MAX_ENV || env.len() > MAX_BINDINGS {
            value.fault(
                format!("here \"env\" has more than {MAX_BINDINGS} names, or {MAX_ENV} bytes of names and values"),
                "have modules of the app hold what is large: import data from \"./data.json\" with { type: \"json\" }".to_owned(),
            );
            break;
        }
    }
    env
}

/// What is kept of a binding.
fn text_of(binding: &Binding) -> &str {
    match binding {
        Binding::Text(text) | Binding::Json(text) | Binding::Secret(text) => text,
        Binding::Service(app) => app,
    }
}

fn read(value: &Located<'_>, folder: &Path, bound: &mut Vec<Bound>) -> Option<Binding> {
    // A text needs no type.
    let Some(kind) = value.member("type") else {
        if value.is_another_object_than_with("file") {
            value.fault(
                "an object without a \"type\" is no binding",
                "write { \"type\": \"json\", \"value\": … } for data, or { \"file\": \"…\" } for a text in a file".to_owned(),
            );
            return None;
        }
        return Some(Binding::Text(value.text_or_file(folder)?.into()));
    };
    match TYPES.read(&kind)? {
        BindingType::Text => {
            let fields = value.object::<TextBinding>()?;
            let text = match one(value, &fields, TextBinding::VALUE, TextBinding::FILE)? {
                Given::Value(text) => text.expanded()?,
                Given::File(file) => file.content(folder)?,
            };
            Some(Binding::Text(text.into()))
        }
        BindingType::Secret => {
            let fields = value.object::<SecretBinding>()?;
            let text = match one(value, &fields, SecretBinding::VALUE, SecretBinding::FILE)? {
                Given::Value(text) => text.private().expanded()?,
                Given::File(file) => file.content(folder)?,
            };
            Some(Binding::Secret(text.into()))
        }
        BindingType::Json => {
            let fields = value.object::<JsonBinding>()?;
            let json = match one(value, &fields, JsonBinding::VALUE, JsonBinding::FILE)? {
                Given::Value(json) => json.json()?,
                Given::File(file) => {
                    let text = file.content(folder)?;
                    if let Err(error) = serde_json::from_str::<serde_json::Value>(&text) {
                        let help = "the file must have one JSON value, without comments";
                        file.fault(format!("it is not JSON: {error}"), help.to_owned());
                        return None;
                    }
                    text
                }
            };
            Some(Binding::Json(json.into()))
        }
        BindingType::Service => {
            let app = value
                .object::<ServiceBinding>()?
                .read(ServiceBinding::APP)?;
            let name: Arc<str> = app.string()?.into();
            // Whom an app may call is up to those who operate the process.
            if value.is_of_folder() {
                app.fault(
                    "an app that the configuration does not name calls no other app",
                    "have the configuration name the app, and bind the other one there".to_owned(),
                );
                return None;
            }
            bound.push(Bound {
                app: name.clone(),
                place: app.place(),
            });
            Some(Binding::Service(name))
        }
    }
}

/// What a binding's value is made of.
enum Given<'a> {
    Value(Located<'a>),
    File(Located<'a>),
}

/// The value or the file, of which there must be one.
fn one<'a, O>(
    binding: &Located<'a>,
    fields: &Fields<'a, O>,
    value: Field<O, Ruled>,
    file: Field<O, Ruled>,
) -> Option<Given<'a>> {
    match (fields.read(value), fields.read(file)) {
        (Some(value), None) => Some(Given::Value(value)),
        (None, Some(file)) => Some(Given::File(file)),
        (Some(_), Some(file)) => {
            file.fault(
                "\"value\" and \"file\" say the same thing twice",
                "keep one of them".to_owned(),
            );
            None
        }
        (None, None) => {
            binding.fault(
                "the binding has no value",
                "write the \"value\", or name the \"file\" that has it".to_owned(),
            );
            None
        }
    }
}
