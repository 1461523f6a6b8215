//! An exception as text for people: message, place, the line with a caret, stack, causes.

use std::fmt::{self, Write as _};

/// Everything worth saying about an exception. Plain data: may leave the isolate's thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorReport {
    /// `TypeError`, `SyntaxError`, …; empty if something else than an error was thrown.
    pub name: String,
    /// `TypeError: x is not a function`.
    pub message: String,
    /// The script or module.
    pub file: Option<String>,
    /// Counts from 1.
    pub line: Option<usize>,
    /// Counts from 1.
    pub column: Option<usize>,
    /// The text of the line.
    pub source_line: Option<String>,
    /// The columns of the line that the error is about, from 0; the end is excluded.
    pub caret: Option<(usize, usize)>,
    /// The frames, one per line, without the message.
    pub stack: Option<String>,
    /// Reports of `cause`, and of the `errors` of an AggregateError.
    pub causes: Vec<ErrorReport>,
}

/// How deep causes are followed, and how many of one error.
const MAX_DEPTH: usize = 5;
const MAX_ERRORS: usize = 5;
/// Longer lines (minified code) are not shown.
const MAX_SOURCE_LINE: usize = 300;

impl ErrorReport {
    /// A report of what was thrown. May run code of the app: getters of the error.
    pub fn new<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        exception: v8::Local<'s, v8::Value>,
        message: Option<v8::Local<'s, v8::Message>>,
    ) -> Self {
        Self::at_depth(scope, exception, message, 0)
    }

    /// A report of what a `TryCatch` has caught, or of a termination; resets nothing.
    pub fn from_try_catch<'s, 'o, 'i>(
        scope: &mut v8::PinnedRef<'_, v8::TryCatch<'s, 'o, v8::HandleScope<'i>>>,
    ) -> Self {
        match (scope.exception(), scope.message()) {
            _ if scope.has_terminated() => Self {
                message: "execution was terminated".into(),
                ..Self::default()
            },
            (Some(exception), message) => Self::new(scope, exception, message),
            (None, _) => Self {
                message: "nothing was thrown".into(),
                ..Self::default()
            },
        }
    }

    fn at_depth<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        exception: v8::Local<'s, v8::Value>,
        message: Option<v8::Local<'s, v8::Message>>,
        depth: usize,
    ) -> Self {
        v8::tc_scope!(let scope, scope);
        let message = message.unwrap_or_else(|| v8::Exception::create_message(scope, exception));
        let text = message.get(scope).to_rust_string_lossy(scope);
        let mut report = Self {
            message: text.strip_prefix("Uncaught ").unwrap_or(&text).to_string(),
            line: message.get_line_number(scope).filter(|line| *line > 0),
            ..Self::default()
        };
        report.file = message
            .get_script_resource_name(scope)
            .filter(|name| name.is_string())
            .map(|name| name.to_rust_string_lossy(scope));
        if report.line.is_some() {
            let (start, end) = (message.get_start_column(), message.get_end_column());
            report.column = Some(start + 1);
            report.source_line = message
                .get_source_line(scope)
                .map(|line| line.to_rust_string_lossy(scope))
                .filter(|line| line.len() <= MAX_SOURCE_LINE && !line.trim().is_empty());
            report.caret = Some((start, end.max(start + 1)));
        }
        let Ok(object) = v8::Local::<v8::Object>::try_from(exception) else {
            return report;
        };
        if !exception.is_native_error() {
            return report;
        }
        report.name = property(scope, object, "name")
            .filter(|name| name.is_string())
            .map(|name| name.to_rust_string_lossy(scope))
            .unwrap_or_default();
        report.stack = property(scope, object, "stack")
            .filter(|stack| stack.is_string())
            .and_then(|stack| frames(&stack.to_rust_string_lossy(scope)));
        if depth < MAX_DEPTH {
            if let Some(cause) =
                property(scope, object, "cause").filter(|cause| !cause.is_undefined())
            {
                report
                    .causes
                    .push(Self::at_depth(scope, cause, None, depth + 1));
            }
            let errors = property(scope, object, "errors")
                .and_then(|v| v8::Local::<v8::Array>::try_from(v).ok());
            for index in 0..errors
                .map_or(0, |errors| errors.length())
                .min(MAX_ERRORS as u32)
            {
                if let Some(error) = errors.and_then(|errors| errors.get_index(scope, index)) {
                    report
                        .causes
                        .push(Self::at_depth(scope, error, None, depth + 1));
                }
            }
        }
        report
    }
}

/// A property, or nothing if getting it throws.
fn property<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    v8::tc_scope!(let scope, scope);
    let key = v8::String::new(scope, name)?;
    object.get(scope, key.into())
}

/// The frames of a `stack`, whose first lines repeat the message.
fn frames(stack: &str) -> Option<String> {
    let start = stack.find("\n    at ")?;
    Some(stack[start + 1..].to_string())
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let (Some(file), Some(line)) = (&self.file, self.line) {
            write!(f, "\n  --> {file}:{line}:{}", self.column.unwrap_or(1))?;
            if let Some(source) = &self.source_line {
                let margin = " ".repeat(line.to_string().len());
                write!(f, "\n {margin} |\n {line} | {source}\n {margin} | ")?;
                let (start, end) = self.caret.unwrap_or((0, 1));
                // Tabs stay tabs, so that the caret is below its column.
                for c in source.chars().take(start) {
                    f.write_char(if c == '\t' { '\t' } else { ' ' })?;
                }
                let width = end.min(source.chars().count()).saturating_sub(start).max(1);
                f.write_str(&"^".repeat(width))?;
            }
        }
        if let Some(stack) = &self.stack {
            write!(f, "\n{stack}")?;
        }
        for cause in &self.causes {
            write!(
                f,
                "\ncaused by: {}",
                cause.to_string().replace('\n', "\n  ")
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for ErrorReport {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_line_with_a_caret() {
        let report = ErrorReport {
            name: "TypeError".into(),
            message: "TypeError: x is not a function".into(),
            file: Some("app:///index.js".into()),
            line: Some(12),
            column: Some(2),
            source_line: Some("\tx();".into()),
            caret: Some((1, 2)),
            stack: Some("    at app:///index.js:12:2".into()),
            causes: vec![ErrorReport {
                message: "42".into(),
                ..Default::default()
            }],
        };
        let expected = "TypeError: x is not a function\n  --> app:///index.js:12:2\n    |\n 12 | \tx();\n    | \t^\n    \
                        at app:///index.js:12:2\ncaused by: 42";
        assert_eq!(report.to_string(), expected);
    }
}
