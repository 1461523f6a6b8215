//! Every name with its definition, its partials and its mixins, still as syntax.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::syntax::{Definition, DefinitionKind, File, Name};

/// Names of the standard's own typedefs of buffer types; the model keeps them whole, so no file may define them.
pub(crate) const BUILT_IN_TYPES: &[&str] =
    &["ArrayBufferView", "BufferSource", "AllowSharedBufferSource"];

/// Main definitions by name.
pub(super) struct Index<'a> {
    pub entries: BTreeMap<&'a str, Entry<'a>>,
}

/// A definition together with what other places add to it.
pub(super) struct Entry<'a> {
    pub definition: &'a Definition,
    /// Key into `Model::specifications`.
    pub specification: &'a str,
    /// Partial definitions, in order of files and lines.
    pub partials: Vec<&'a Definition>,
    /// Included mixins, each where the statement names it.
    pub mixins: Vec<&'a Name>,
}

impl<'a> Index<'a> {
    /// Collects what the files define; names that clash or miss their main definition become errors.
    pub fn new(files: &'a [File], errors: &mut Vec<Error>) -> Self {
        let mut index = Self {
            entries: BTreeMap::new(),
        };
        for file in files {
            for definition in &file.definitions {
                let adds = matches!(definition.kind, DefinitionKind::Includes { .. })
                    || is_partial(definition);
                if !adds {
                    index.add(definition, &file.specification.file, errors);
                }
            }
        }
        for definition in files.iter().flat_map(|file| &file.definitions) {
            if let DefinitionKind::Includes { mixin } = &definition.kind {
                index.include(&definition.name, mixin, errors);
            } else if is_partial(definition) {
                index.add_partial(definition, errors);
            }
        }
        index
    }

    pub fn get(&self, name: &str) -> Option<&Entry<'a>> {
        self.entries.get(name)
    }

    fn add(&mut self, definition: &'a Definition, specification: &'a str, errors: &mut Vec<Error>) {
        let Name { text, span } = &definition.name;
        if BUILT_IN_TYPES.contains(&text.as_str()) {
            errors.push(
                Error::new(span, format!("`{text}` is built in"))
                    .expected("no definition: the model keeps this type whole")
                    .found(format!("{} `{text}`", describe(definition)))
                    .help("delete this definition"),
            );
            return;
        }
        if let Some(first) = self.entries.get(text.as_str()) {
            let at = &first.definition.name.span;
            let mut error = Error::new(span, format!("`{text}` is defined twice"))
                .expected("a name that nothing else has")
                .found(format!(
                    "{} `{text}`, already defined at {}:{}:{}",
                    describe(first.definition),
                    at.file,
                    at.line,
                    at.column
                ));
            if matches!(
                definition.kind,
                DefinitionKind::Interface { .. }
                    | DefinitionKind::Mixin { .. }
                    | DefinitionKind::Namespace { .. }
                    | DefinitionKind::Dictionary { .. }
            ) {
                error = error.help("write `partial` before it, if it is meant to add members");
            }
            errors.push(error);
            return;
        }
        self.entries.insert(
            text,
            Entry {
                definition,
                specification,
                partials: Vec::new(),
                mixins: Vec::new(),
            },
        );
    }

    fn add_partial(&mut self, definition: &'a Definition, errors: &mut Vec<Error>) {
        let Name { text, span } = &definition.name;
        let kind = describe(definition);
        match self.entries.get_mut(text.as_str()) {
            Some(entry) if describe(entry.definition) == kind => entry.partials.push(definition),
            Some(entry) => errors.push(
                Error::new(span, format!("this partial does not fit `{text}`"))
                    .expected(format!(
                        "a partial {}, as `{text}` is one",
                        describe(entry.definition)
                    ))
                    .found(format!("a partial {kind}")),
            ),
            None => errors.push(
                Error::new(
                    span,
                    format!("there is no {kind} `{text}` that this could be a part of"),
                )
                .expected(format!(
                    "the name of {} that some file defines",
                    with_article(kind)
                ))
                .found(format!(
                    "`{text}`{}",
                    self.similar(text, |d| describe(d) == kind)
                )),
            ),
        }
    }

    fn include(&mut self, target: &'a Name, mixin: &'a Name, errors: &mut Vec<Error>) {
        let is_interface = |d: &Definition| matches!(d.kind, DefinitionKind::Interface { .. });
        let is_mixin = |d: &Definition| matches!(d.kind, DefinitionKind::Mixin { .. });
        let unknown = |name: &Name, what: &str, found: Option<&Entry<'_>>, similar: String| {
            Error::new(&name.span, format!("`{}` is not {what}", name.text))
                .expected(format!("the name of {what}"))
                .found(match found {
                    Some(entry) => format!("{} `{}`", describe(entry.definition), name.text),
                    None => format!("`{}`, which no file defines{similar}", name.text),
                })
        };
        let known = self.get(&mixin.text);
        if !known.is_some_and(|entry| is_mixin(entry.definition)) {
            errors.push(unknown(
                mixin,
                "an interface mixin",
                known,
                self.similar(&mixin.text, is_mixin),
            ));
            return;
        }
        let known = self.get(&target.text);
        if !known.is_some_and(|entry| is_interface(entry.definition)) {
            errors.push(unknown(
                target,
                "an interface",
                known,
                self.similar(&target.text, is_interface),
            ));
            return;
        }
        let entry = self
            .entries
            .get_mut(target.text.as_str())
            .expect("looked up right above");
        if let Some(first) = entry.mixins.iter().find(|name| name.text == mixin.text) {
            let at = &first.span;
            errors.push(
                Error::new(&mixin.span, format!("`{}` is included twice", mixin.text))
                    .expected("one statement for each mixin of an interface")
                    .found(format!(
                        "the same statement at {}:{}:{}",
                        at.file, at.line, at.column
                    )),
            );
            return;
        }
        entry.mixins.push(mixin);
    }

    /// "; did you mean `X`?", where a definition that fits has nearly this name.
    pub fn similar(&self, name: &str, fits: impl Fn(&Definition) -> bool) -> String {
        self.entries
            .iter()
            .filter(|(_, entry)| fits(entry.definition))
            .map(|(candidate, _)| (distance(name, candidate), candidate))
            .min()
            .filter(|(distance, _)| *distance <= 1 + name.len() / 5 && *distance < name.len())
            .map_or(String::new(), |(_, candidate)| {
                format!("; did you mean `{candidate}`?")
            })
    }
}

fn is_partial(definition: &Definition) -> bool {
    match definition.kind {
        DefinitionKind::Interface { partial, .. }
        | DefinitionKind::Mixin { partial, .. }
        | DefinitionKind::Namespace { partial, .. }
        | DefinitionKind::Dictionary { partial, .. } => partial,
        _ => false,
    }
}

/// The standard's word for the kind of a definition.
pub(super) fn describe(definition: &Definition) -> &'static str {
    match definition.kind {
        DefinitionKind::Interface { .. } => "interface",
        DefinitionKind::Mixin { .. } => "interface mixin",
        DefinitionKind::Namespace { .. } => "namespace",
        DefinitionKind::CallbackInterface { .. } => "callback interface",
        DefinitionKind::Dictionary { .. } => "dictionary",
        DefinitionKind::Enumeration { .. } => "enumeration",
        DefinitionKind::Callback { .. } => "callback function",
        DefinitionKind::Typedef { .. } => "typedef",
        DefinitionKind::Includes { .. } => "includes statement",
    }
}

/// "an interface", "a dictionary".
pub(super) fn with_article(kind: &str) -> String {
    if kind.starts_with(['a', 'e', 'i', 'o']) {
        format!("an {kind}")
    } else {
        format!("a {kind}")
    }
}

/// Levenshtein's distance: how many letters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
