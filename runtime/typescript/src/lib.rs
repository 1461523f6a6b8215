//! TypeScript and JSX for apps: what makes JavaScript of them (oxc), and what reads source maps.
//!
//! [`TypeScript`] is the engine's [`Transpiler`]: nothing of it runs for an app of plain JavaScript, but to show where an error in a
//! bundle has come from. It has the work done by helper processes: a program that uses it calls [`serve`], and nothing else, where
//! it is started with [`COMMAND`] as its argument.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

mod cache;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod helper;
mod limits;
mod message;
mod paths;
mod serve;
mod source_map;
mod transpile;
mod tsconfig;
mod turns;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use nano_engine::transpiler::{Mistake, SourceMap, SourceMapText, Transpiled, Transpiler};

use cache::{Cache, Key};
use helper::{Helpers, Question};
pub use serve::serve;

/// The argument that makes a program a helper.
pub const COMMAND: &str = "transpile";

/// All of this process's.
static HELPERS: Helpers = Helpers::new();
static CACHE: Cache = Cache::new();

/// Transpiles TypeScript and JSX as the nearest `tsconfig.json` says, and reads source maps.
#[derive(Debug, Clone, Copy, Default)]
pub struct TypeScript;

impl Transpiler for TypeScript {
    fn applies_to(&self, path: &str) -> bool {
        paths::Language::of(path).is_some()
    }

    fn alternatives(&self, path: &str) -> Vec<String> {
        paths::alternatives(path)
    }

    fn transpile(
        &self,
        path: &str,
        text: &str,
        read: &dyn Fn(&str) -> Option<String>,
        who: &Path,
        left: &mut Duration,
    ) -> Result<Transpiled, Mistake> {
        let Some(language) = paths::Language::of(path) else {
            return Err(mistake(format!("{path} is no TypeScript")));
        };
        let options = tsconfig::nearest(path, read)?;
        let question = Question {
            path: path.into(),
            text: text.into(),
            language,
            options: Cow::Owned(options),
        };
        let key = Key::of(&question);
        if let Some(known) = CACHE.get(key) {
            return Ok(known);
        }
        let transpiled = HELPERS.transpile(&question, who, left)?;
        CACHE.put(key, &transpiled);
        Ok(transpiled)
    }

    fn source_map(&self, map: SourceMapText) -> Option<Box<dyn SourceMap>> {
        // A defect of the reader is no reason not to tell of an error.
        let read = catch_unwind(AssertUnwindSafe(|| source_map::read(map)));
        Some(Box::new(read.ok()??))
    }
}

/// A mistake that is at no place.
fn mistake(message: impl Into<String>) -> Mistake {
    Mistake {
        message: message.into(),
        place: None,
    }
}
