//! What is wrong with a built-in script.

use std::fmt;

/// A built-in script cannot be bundled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// File (relative to the scripts' root) and line, where they are known.
    pub place: Option<(String, usize)>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
        }
    }

    pub(super) fn at(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            place: Some((file.to_owned(), line)),
            message: message.into(),
        }
    }

    /// One error that tells all, unless there is none.
    pub(super) fn all(errors: Vec<Self>) -> Result<(), Self> {
        if errors.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = errors.iter().map(Self::to_string).collect();
        Err(Self::new(lines.join("\n")))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line)) = &self.place {
            write!(f, "{file}:{line}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
