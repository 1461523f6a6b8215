//! Errors as a person reads them: where, what, the line itself, what was expected, what was found, what to do.

use std::fmt;
use std::path::Path;

use crate::model::Span;

/// Inside the crate.
pub(crate) type Fallible<T> = Result<T, Error>;

/// One thing that is wrong in the IDL. Displays as several lines: the place and the message, the line of the file with
/// the place marked, what was expected, what was found, what to do.
#[derive(Debug, Clone)]
pub struct Error(Box<Details>);

/// The parts of an [`Error`].
#[derive(Debug, Clone)]
pub struct Details {
    /// Where; `None` for what is wrong with a file or a folder as a whole.
    pub span: Option<Span>,
    /// What is wrong, in one line.
    pub message: String,
    /// What would have been right.
    pub expected: String,
    /// What is there instead.
    pub found: String,
    /// How to repair it, where that is known.
    pub help: Option<String>,
    /// The file as a person can open it: [`Span::file`], behind the folder's path if there was one.
    pub path: String,
    /// The text of the line that `span` names.
    pub line: String,
}

impl Error {
    /// The parts, for other renderings.
    pub fn details(&self) -> &Details {
        &self.0
    }

    pub(crate) fn new(span: &Span, message: impl Into<String>) -> Self {
        Self::of(Some(span.clone()), span.file.to_string(), message.into())
    }

    /// An error about a file or folder that could not be read.
    pub(crate) fn of_path(path: &Path, message: impl Into<String>) -> Self {
        Self::of(None, path.display().to_string(), message.into())
    }

    fn of(span: Option<Span>, path: String, message: String) -> Self {
        Self(Box::new(Details {
            span,
            message,
            expected: String::new(),
            found: String::new(),
            help: None,
            path,
            line: String::new(),
        }))
    }

    pub(crate) fn expected(mut self, what: impl Into<String>) -> Self {
        self.0.expected = what.into();
        self
    }

    pub(crate) fn found(mut self, what: impl Into<String>) -> Self {
        self.0.found = what.into();
        self
    }

    pub(crate) fn help(mut self, what: impl Into<String>) -> Self {
        self.0.help = Some(what.into());
        self
    }

    /// Adds what only the owner of the texts knows.
    fn locate(&mut self, directory: Option<&Path>, sources: &[(&str, &str)]) {
        let Some(span) = &self.0.span else { return };
        if let Some(directory) = directory {
            self.0.path = directory.join(&*span.file).display().to_string();
        }
        let text = sources
            .iter()
            .find(|(name, _)| *name == &*span.file)
            .map_or("", |(_, text)| text);
        self.0.line = text
            .lines()
            .nth(span.line as usize - 1)
            .unwrap_or_default()
            .to_owned();
    }

    /// The blanks and carets under the line: the whole word that starts at the column, or one character.
    /// Tabs stay tabs, so that the caret stands below its character whatever their width.
    fn carets(&self, column: u32) -> String {
        let before = column as usize - 1;
        let mut carets: String = self
            .0
            .line
            .chars()
            .take(before)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let word = self
            .0
            .line
            .chars()
            .skip(before)
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .count();
        carets.push_str(&"^".repeat(word.max(1)));
        carets
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin = match &self.0.span {
            Some(span) => {
                let number = span.line.to_string();
                let margin = " ".repeat(number.len());
                writeln!(
                    f,
                    "{}:{}:{}: {}",
                    self.0.path, span.line, span.column, self.0.message
                )?;
                writeln!(f, "  {number} | {}", self.0.line)?;
                write!(f, "  {margin} | {}", self.carets(span.column))?;
                margin
            }
            None => {
                write!(f, "{}: {}", self.0.path, self.0.message)?;
                String::new()
            }
        };
        for (label, text) in [
            (
                "expected",
                Some(&self.0.expected).filter(|text| !text.is_empty()),
            ),
            ("found", Some(&self.0.found).filter(|text| !text.is_empty())),
            ("help", self.0.help.as_ref()),
        ] {
            if let Some(text) = text {
                write!(f, "\n  {margin} = {label}: {text}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Everything that is wrong, in order of files and lines; never empty.
#[derive(Debug, Clone)]
pub struct Errors(pub Vec<Error>);

impl Errors {
    pub(crate) fn new(
        mut errors: Vec<Error>,
        directory: Option<&Path>,
        sources: &[(&str, &str)],
    ) -> Self {
        errors.sort_by(|a, b| (&a.0.span, &a.0.message).cmp(&(&b.0.span, &b.0.message)));
        // A mixin's member shows up in every interface that includes it; its errors are told once.
        errors.dedup_by(|a, b| a.0.span == b.0.span && a.0.message == b.0.message);
        for error in &mut errors {
            error.locate(directory, sources);
        }
        Self(errors)
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0 {
            writeln!(f, "{error}\n")?;
        }
        match self.0.len() {
            1 => write!(f, "1 error in the IDL"),
            count => write!(f, "{count} errors in the IDL"),
        }
    }
}

impl std::error::Error for Errors {}
