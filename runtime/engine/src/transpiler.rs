//! What makes JavaScript of modules that are something else, and knows where it has come from: names and texts, no V8.

use std::path::Path;
use std::time::Duration;

use crate::external_memory::{Account, malloc};

/// Why nothing is transpiled where others need the memory.
pub const NO_MEMORY: &str = "the process is short of memory, and transpiling is what can be done without; make JavaScript of it beforehand, or \
     raise the process's memory limit";

/// Whether the isolate that this thread works for is to end: nobody waits for what is made for it.
pub fn is_unwanted() -> bool {
    malloc::with_current(Account::is_terminated).unwrap_or(false)
}

/// Makes JavaScript of files, and reads source maps. Called on isolates' threads, for what apps have written.
pub trait Transpiler: Send + Sync {
    /// Whether a file has to be transpiled, by its path. What is not never meets the transpiler.
    fn applies_to(&self, path: &str) -> bool;

    /// What else an import in a transpiled file may mean than the file with this path, where there is none; what is preferred comes
    /// first.
    fn alternatives(&self, path: &str) -> Vec<String>;

    /// Makes JavaScript of the text of the file at `path`. `read` gives the text of other files of the folder. `who` asks: all
    /// instances of an app have one folder, and one share of the transpilers. `left` is how long this one may keep them at work, and
    /// gets less.
    ///
    /// # Errors
    /// The text has a mistake, or is more than the transpiler takes; or no time is left.
    fn transpile(
        &self,
        path: &str,
        text: &str,
        read: &dyn Fn(&str) -> Option<String>,
        who: &Path,
        left: &mut Duration,
    ) -> Result<Transpiled, Mistake>;

    /// Reads a source map: <https://tc39.es/ecma426/>. `None` where it is none, or a larger one than is worth its memory.
    fn source_map(&self, map: SourceMapText) -> Option<Box<dyn SourceMap>>;
}

/// JavaScript, and where it has come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transpiled {
    /// The JavaScript.
    pub code: String,
    /// Its source map, as JSON, with the one source.
    pub map: String,
}

/// A mistake in a text, thrown as a `SyntaxError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What was expected, what was found, what to do.
    pub message: String,
    /// Where, if it is at one place.
    pub place: Option<MistakePlace>,
}

/// A place in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MistakePlace {
    /// Counts from 1.
    pub line: u32,
    /// In UTF-16 code units, from 0; the end is excluded.
    pub columns: (u32, u32),
    /// The text of the line.
    pub text: String,
}

/// A source map as it is found.
#[derive(Debug, Clone, Copy)]
pub enum SourceMapText<'t> {
    /// The JSON.
    Json(&'t str),
    /// A `data:` URL.
    DataUrl(&'t str),
}

/// A source map that was read.
pub trait SourceMap {
    /// Where the text of this place has come from. Lines and columns (UTF-16 code units) count from 0.
    fn original(&self, line: u32, column: u32) -> Option<Original<'_>>;

    /// Bytes of memory that it takes.
    fn size(&self) -> usize;
}

/// A place in an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original<'m> {
    /// The name of the original, relative to the map.
    pub source: &'m str,
    /// Counts from 0.
    pub line: u32,
    /// In UTF-16 code units, from 0.
    pub column: u32,
    /// The original's whole text, if the map has it.
    pub content: Option<&'m str>,
}
