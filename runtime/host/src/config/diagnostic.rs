//! What is wrong with a configuration file, and where.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;

/// One fault of a configuration file, located.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// The field: `apps[1].limits.memory_mb`. Empty for faults of the JSON text itself.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line of the file, or what is around the fault, for the report.
    source_line: String,
    /// Where in it the fault begins, in characters.
    indent: usize,
    /// How many characters of it the fault covers.
    width: usize,
}

/// A file is reported with so many faults.
const MAX_FAULTS: usize = 20;
/// So many are looked through for those that come first in the file; others are counted.
const MAX_KEPT: usize = 1_000;
/// Messages quote what they found; so many bytes of it are enough to see what is meant.
const MAX_TEXT: usize = 500;
/// How many characters of a line are shown before the fault, and from there on.
const BEFORE: usize = 60;
const AFTER: usize = 80;

impl Diagnostic {
    /// The place of this one with another message.
    pub(crate) fn says(&self, message: String, help: Option<&str>) -> Self {
        Self {
            message: cut(message),
            help: help.map(str::to_owned),
            ..self.clone()
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file.display(), self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        writeln!(f, "{}", self.message)?;
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, "  {number} | {}", self.source_line)?;
        // Tabs are repeated, so that the caret stands below what it points to.
        let indent: String = self
            .source_line
            .chars()
            .take(self.indent)
            .map(|character| if character == '\t' { '\t' } else { ' ' })
            .collect();
        write!(f, "  {gutter} | {indent}{}", "^".repeat(self.width))?;
        if let Some(help) = &self.help {
            write!(f, "\n  {gutter} = help: {help}")?;
        }
        Ok(())
    }
}

/// All faults that were found in a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The first faults, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more there are.
    pub more: usize,
}

impl ConfigError {
    /// These faults, if there are any.
    pub(super) fn of(mut diagnostics: Vec<Diagnostic>) -> Option<Self> {
        let more = diagnostics.len().saturating_sub(MAX_FAULTS);
        diagnostics.truncate(MAX_FAULTS);
        (!diagnostics.is_empty()).then_some(Self { diagnostics, more })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        match self.more {
            0 => Ok(()),
            1 => f.write_str("\n\nand one more fault"),
            more => write!(f, "\n\nand {more} more faults"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Collects the faults of one file while it is read, so that one run reports them all.
pub(super) struct Faults<'a> {
    file: PathBuf,
    text: &'a str,
    list: RefCell<Vec<Fault>>,
    /// How many there are that are not in the list.
    more: Cell<usize>,
    /// Of other files, or known only at the end.
    others: RefCell<Vec<Diagnostic>>,
    /// Where secrets are: they are not shown.
    hidden: RefCell<Vec<Range<usize>>>,
    /// Values of variables, and how these are written: that is shown in their place.
    values: RefCell<Vec<(String, String)>>,
}

/// What is shorter is no secret, and may stand in a message for another reason.
const LEAST_SECRET: usize = 4;

/// A fault before it is shown.
struct Fault {
    range: Range<usize>,
    field: String,
    message: String,
    help: Option<String>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(file: PathBuf, text: &'a str) -> Self {
        Self {
            file,
            text,
            list: RefCell::default(),
            more: Cell::default(),
            others: RefCell::default(),
            hidden: RefCell::default(),
            values: RefCell::default(),
        }
    }

    /// Adds a fault that covers a range of bytes of the text.
    pub(super) fn add(
        &self,
        range: Range<usize>,
        field: impl fmt::Display,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        if self.is_full() {
            return self.more.set(self.more.get() + 1);
        }
        self.list.borrow_mut().push(Fault {
            range,
            field: cut(field.to_string()),
            message: cut(self.written(message.into())),
            help: help.map(|help| cut(self.written(help))),
        });
    }

    /// A variable has this value, which may be a secret whatever it was to be.
    pub(super) fn has_value(&self, variable: &str, value: &str) {
        let mut values = self.values.borrow_mut();
        if value.len() >= LEAST_SECRET && !values.iter().any(|(known, _)| known == value) {
            let escaped = value.escape_debug().to_string();
            if escaped != value {
                values.push((escaped, format!("${{{variable}}}")));
            }
            values.push((value.to_owned(), format!("${{{variable}}}")));
        }
    }

    /// A text with variables in place of their values.
    fn written(&self, text: String) -> String {
        let values = self.values.borrow();
        values.iter().fold(text, |text, (value, variable)| {
            text.replace(value, variable)
        })
    }

    /// Whether further faults are counted only.
    pub(super) fn is_full(&self) -> bool {
        self.list.borrow().len() >= MAX_KEPT
    }

    /// A place of the file that nothing is wrong with yet.
    pub(super) fn place(&self, range: Range<usize>, field: impl fmt::Display) -> Diagnostic {
        self.locate(Fault {
            range,
            field: cut(field.to_string()),
            message: String::new(),
            help: None,
        })
    }

    fn locate(&self, fault: Fault) -> Diagnostic {
        let start = fault.range.start.min(self.text.len());
        let line_start = self.text[..start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let line_end = self.text[start..]
            .find('\n')
            .map_or(self.text.len(), |index| start + index);
        let end = fault.range.end.clamp(start, line_end);
        // Of a long line, such as that of a file without line breaks, what is around the fault.
        let before = &self.text[line_start..start];
        let shown = before
            .char_indices()
            .rev()
            .nth(BEFORE - 1)
            .map_or(before, |(index, _)| &before[index..]);
        let after = &self.text[start..line_end];
        let rest = after
            .char_indices()
            .nth(AFTER)
            .map_or(after, |(index, _)| &after[..index]);
        let is_cut = shown.len() < before.len();
        let (left, right) = (
            if is_cut { "…" } else { "" },
            if rest.len() < after.len() { "…" } else { "" },
        );
        Diagnostic {
            file: self.file.clone(),
            line: self.text[..start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            field: fault.field,
            message: fault.message,
            help: fault.help,
            source_line: format!(
                "{left}{}{}{right}",
                self.shown(start - shown.len(), shown),
                self.shown(start, rest.trim_end_matches('\r'))
            ),
            indent: shown.chars().count() + usize::from(is_cut),
            width: self.text[start..end].chars().take(AFTER).count().max(1),
        }
    }

    /// Has nothing be shown of the secrets in a value.
    pub(super) fn hide_secrets(&self, value: &Value<'_>) {
        match value {
            Value::Array(array) => array
                .elements
                .iter()
                .for_each(|value| self.hide_secrets(value)),
            Value::Object(object) => {
                let is_secret = object
                    .get_string("type")
                    .is_some_and(|kind| kind.value == "secret");
                if let Some(secret) = object.get("value").filter(|_| is_secret) {
                    self.hide(&secret.value);
                }
                let admin = object.get_object("admin");
                if let Some(token) = admin.and_then(|admin| admin.get("token")) {
                    self.hide(&token.value);
                }
                let collector = object.get_object("otlp");
                if let Some(headers) = collector.and_then(|otlp| otlp.get("headers")) {
                    self.hide(&headers.value);
                }
                object
                    .properties
                    .iter()
                    .for_each(|field| self.hide_secrets(&field.value));
            }
            _ => {}
        }
    }

    fn hide(&self, value: &Value<'_>) {
        let range = value.range();
        self.hidden.borrow_mut().push(range.start..range.end);
    }

    /// A part of the text, without its secrets.
    fn shown(&self, start: usize, text: &str) -> String {
        let hidden = self.hidden.borrow();
        let hidden: Vec<_> = hidden
            .iter()
            .filter(|range| range.start < start + text.len() && range.end > start)
            .collect();
        let shown = |(index, character)| {
            let place = start + index;
            match hidden.iter().any(|range| range.contains(&place)) {
                true => '•',
                false => character,
            }
        };
        text.char_indices().map(shown).collect()
    }

    /// Adds faults that have a place already.
    pub(super) fn extend(&self, faults: impl Iterator<Item = Diagnostic>) {
        self.others.borrow_mut().extend(faults);
    }

    /// Adds the faults of another file, which is read with this one.
    pub(super) fn append(&self, other: Self) {
        self.others
            .borrow_mut()
            .extend(other.into_error().diagnostics);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty() && self.others.borrow().is_empty()
    }

    pub(super) fn into_error(self) -> ConfigError {
        let mut list = self.list.take();
        let others = self.others.take();
        list.sort_by_key(|fault| fault.range.start);
        let more = self.more.get() + list.len().saturating_sub(MAX_FAULTS);
        let first = list.into_iter().take(MAX_FAULTS);
        ConfigError {
            diagnostics: first
                .map(|fault| self.locate(fault))
                .chain(others)
                .collect(),
            more,
        }
    }
}

/// The beginning of a text, and how long it was.
fn cut(mut text: String) -> String {
    let length = text.len();
    if length > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push_str(&format!("… ({length} bytes)"));
    }
    text
}
