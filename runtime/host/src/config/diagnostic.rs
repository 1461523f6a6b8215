//! What is wrong with a configuration file, and where.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

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
    /// The line of the file, for the report.
    source_line: String,
    /// How many characters of that line the fault covers.
    width: usize,
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
            .take(self.column - 1)
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
    /// The faults, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Collects the faults of one file while it is read, so that one run reports them all.
pub(super) struct Faults<'a> {
    file: PathBuf,
    text: &'a str,
    list: RefCell<Vec<(usize, Diagnostic)>>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(file: PathBuf, text: &'a str) -> Self {
        Self {
            file,
            text,
            list: RefCell::default(),
        }
    }

    /// Adds a fault that covers a range of bytes of the text.
    pub(super) fn add(
        &self,
        range: Range<usize>,
        field: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let start = range.start.min(self.text.len());
        let line_start = self.text[..start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let line_end = self.text[start..]
            .find('\n')
            .map_or(self.text.len(), |index| start + index);
        let end = range.end.clamp(start, line_end);
        let diagnostic = Diagnostic {
            file: self.file.clone(),
            line: self.text[..start].matches('\n').count() + 1,
            column: self.text[line_start..start].chars().count() + 1,
            field: field.to_owned(),
            message: message.into(),
            help,
            source_line: self.text[line_start..line_end]
                .trim_end_matches('\r')
                .to_owned(),
            width: self.text[start..end].chars().count().max(1),
        };
        self.list.borrow_mut().push((start, diagnostic));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    pub(super) fn into_error(self) -> ConfigError {
        let mut list = self.list.into_inner();
        list.sort_by_key(|(start, _)| *start);
        ConfigError {
            diagnostics: list.into_iter().map(|(_, diagnostic)| diagnostic).collect(),
        }
    }
}
