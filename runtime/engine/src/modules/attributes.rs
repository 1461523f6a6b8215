//! What an import says of a module: its specifier, and the `with { … }` behind it.

use crate::module_source::{ModuleError, ModuleKind};

/// The most characters of a specifier, or of an import attribute. No file has so long a name.
const LONGEST_NAME: usize = 64 << 10;

/// The text of a specifier or an import attribute; a hint where it is longer than any may be, which then names nothing.
pub(crate) fn name_text(scope: &v8::PinScope, name: v8::Local<v8::String>) -> String {
    let length = name.length();
    if length <= LONGEST_NAME {
        return name.to_rust_string_lossy(scope);
    }
    format!("… {length} characters, and {LONGEST_NAME} are the most …")
}

/// The `with { … }` of an import.
pub(crate) struct Attributes {
    /// The value of `type`.
    pub(crate) kind: Option<String>,
    /// A key that is not supported.
    pub(crate) unknown: Option<String>,
}

/// Whether a file's name says that it is a text which is no program.
fn is_text(path: &str) -> bool {
    const ENDINGS: [&str; 10] = [
        "txt", "html", "htm", "css", "sql", "md", "csv", "svg", "xml", "toml",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

impl Attributes {
    pub(super) const NONE: Attributes = Attributes {
        kind: None,
        unknown: None,
    };

    /// V8 passes key, value and, for static imports, the place, for each.
    pub(crate) fn read(
        scope: &v8::PinScope,
        array: v8::Local<v8::FixedArray>,
        step: usize,
    ) -> Self {
        let mut attributes = Self::NONE;
        let text = |index: usize| {
            let data = array.get(scope, index)?;
            v8::Local::<v8::String>::try_from(data)
                .ok()
                .map(|s| name_text(scope, s))
        };
        for index in (0..array.length()).step_by(step) {
            match text(index) {
                Some(key) if key == "type" => attributes.kind = text(index + 1),
                key => attributes.unknown = key,
            }
        }
        attributes
    }

    pub(super) fn kind(&self, url: &str) -> Result<ModuleKind, ModuleError> {
        if let Some(key) = &self.unknown {
            return Err(ModuleError(format!(
                "the import attribute \"{key}\" is not supported; only \"type\" is"
            )));
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        match self.kind.as_deref() {
            None if path.ends_with(".wasm") => Ok(ModuleKind::Wasm),
            None if path.ends_with(".json") => Err(ModuleError(
                "a JSON module has to be imported `with { type: \"json\" }`".into(),
            )),
            // On the web their media types keep them from being scripts.
            None if is_text(path) => Err(ModuleError(
                "a file that is no module has to be imported `with { type: \"text\" }`, or `\"bytes\"`".into(),
            )),
            None => Ok(ModuleKind::JavaScript),
            Some("json") => Ok(ModuleKind::Json),
            Some("text") => Ok(ModuleKind::Text),
            Some("bytes") => Ok(ModuleKind::Bytes),
            Some(other) => Err(ModuleError(format!(
                "the import type \"{other}\" is not supported; \"json\", \"text\" and \"bytes\" are"
            ))),
        }
    }
}
