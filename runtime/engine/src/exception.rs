//! An exception as text for people: message, place, the line with a caret, stack, own properties, causes.
//!
//! Everything in it comes from the app, so everything is bounded before it is copied out of V8's heap, and says so.

use std::fmt::{self, Write as _};

use crate::modules::{self, Fault};
use crate::state::State;
use crate::text::{cut, more, text};

/// Everything worth saying about an exception. Plain data: may leave the isolate's thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorReport {
    /// `TypeError`, `SyntaxError`, …; empty if something else than an error was thrown.
    pub name: String,
    /// `TypeError: x is not a function`; something else than an error as the embedding shows it: `{ status: 'bad' }`.
    pub message: String,
    /// The script or module of the app.
    pub file: Option<String>,
    /// Counts from 1.
    pub line: Option<usize>,
    /// Counts from 1.
    pub column: Option<usize>,
    /// The text of the line.
    pub source_line: Option<String>,
    /// The columns of the line that the error is about, from 0; the end is excluded.
    pub caret: Option<(usize, usize)>,
    /// The place is that of a rejection: of an asynchronous function it is one in the function that the value has left.
    pub is_about: bool,
    /// The frames of the app, one per line, without the message.
    pub stack: Option<String>,
    /// What else an error says of itself: `{ code: 'E_LIMIT' }`.
    pub properties: Option<String>,
    /// Reports of `cause`, and of the `errors` of an AggregateError.
    pub causes: Vec<ErrorReport>,
}

/// Passes an exception that nothing caught on to the embedding ([`crate::Embedding::report_exception`]).
pub fn report_exception<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    exception: v8::Local<'s, v8::Value>,
    message: Option<v8::Local<'s, v8::Message>>,
) {
    (State::from_scope(scope).embedding.report_exception)(scope, exception, message);
}

/// What an embedding says of a value that was thrown ([`crate::Embedding::describe`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thrown {
    /// See [`ErrorReport::name`].
    pub name: String,
    /// See [`ErrorReport::message`].
    pub message: String,
    /// See [`ErrorReport::properties`].
    pub properties: Option<String>,
    /// It is an error: `stack`, `cause` and `errors` are worth a look.
    pub is_error: bool,
}

/// How deep causes are followed, and how many of one error.
const MAX_DEPTH: usize = 5;
const MAX_ERRORS: usize = 5;
/// Longer lines (minified code) are not shown.
const MAX_SOURCE_LINE: usize = 300;
/// How many characters a message, a stack, and the properties of one error have at most.
const MAX_TEXT: usize = 8 << 10;
/// How many a report has, with all causes.
const MAX_REPORT: usize = 32 << 10;
/// The same for a URL, which is the name of a script.
const MAX_FILE: usize = 1 << 10;
/// How many frames are looked through for one of the app.
const FRAMES: usize = 32;

/// What the names of scripts begin with that are the runtime's own.
const RUNTIME: &str = "nano:";

impl ErrorReport {
    /// A report of what was thrown. May run code of the app: getters of the error.
    pub fn new<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        exception: v8::Local<'s, v8::Value>,
        message: Option<v8::Local<'s, v8::Message>>,
    ) -> Self {
        // Without a message, an error comes from where it was made. V8 knows that until somebody has asked for its stack.
        let of_error = (exception.is_native_error() && message.is_none())
            .then(|| v8::Exception::create_message(scope, exception));
        let mut report = Self::within(scope, exception, &[], &mut { MAX_REPORT });
        v8::tc_scope!(let scope, scope);
        let place = Place::of_fault(scope, exception)
            .or_else(|| Place::of_message(scope, message.or(of_error)?))
            .or_else(|| Place::of_stack(report.stack.as_deref()?))
            .or_else(|| Place::current(scope).filter(|_| message.is_none()));
        if let Some(place) = place {
            report.file = Some(place.file);
            report.line = Some(place.line);
            report.column = Some(place.columns.0 + 1);
            report.source_line = place.source_line;
            report.caret = Some(place.columns);
        }
        report
    }

    /// A report of what a promise was rejected with; the message is V8's of that moment, where there is one.
    pub fn of_rejection<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        reason: v8::Local<'s, v8::Value>,
        message: Option<v8::Local<'s, v8::Message>>,
    ) -> Self {
        let report = Self::new(scope, reason, message);
        Self {
            is_about: message.is_some() && report.name.is_empty(),
            ..report
        }
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

    /// A report of what is a cause of all those `around`. `room`: how many characters the report may still take.
    fn within<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        exception: v8::Local<'s, v8::Value>,
        around: &[v8::Local<'s, v8::Value>],
        room: &mut usize,
    ) -> Self {
        if around.contains(&exception) {
            return Self {
                message: "[Circular]".to_owned(),
                ..Self::default()
            };
        }
        v8::tc_scope!(let scope, scope);
        let describe = State::from_scope(scope).embedding.describe;
        let thrown = describe(scope, exception, MAX_TEXT.min(*room));
        let mut report = Self {
            name: thrown.name,
            message: thrown.message,
            properties: thrown.properties,
            ..Self::default()
        };
        let object = v8::Local::<v8::Object>::try_from(exception).ok();
        let object = object.filter(|_| thrown.is_error);
        if let Some(object) = object {
            report.stack = stack(scope, object, MAX_TEXT.min(*room));
        }
        let texts = [report.stack.as_ref(), report.properties.as_ref()];
        let taken: usize = texts.into_iter().flatten().map(String::len).sum();
        *room = room.saturating_sub(report.message.len() + taken);
        let Some(object) = object.filter(|_| around.len() < MAX_DEPTH) else {
            return report;
        };
        let around = [around, &[exception]].concat();
        let cause = property(scope, object, "cause").filter(|cause| !cause.is_undefined());
        let errors = property(scope, object, "errors")
            .and_then(|errors| v8::Local::<v8::Array>::try_from(errors).ok());
        let count = errors.map_or(0, |errors| errors.length());
        let errors = (0..count.min(MAX_ERRORS as u32))
            .filter_map(|index| errors?.get_index(scope, index))
            .collect::<Vec<_>>();
        for cause in cause.into_iter().chain(errors) {
            if *room == 0 {
                break;
            }
            let cause = Self::within(scope, cause, &around, room);
            report.causes.push(cause);
        }
        let untold = (count as usize).saturating_sub(MAX_ERRORS);
        if untold > 0 {
            report.causes.push(Self {
                message: format!("... {}", more(untold, "error")),
                ..Self::default()
            });
        }
        report
    }
}

/// Where in the app something was thrown.
struct Place {
    file: String,
    line: usize,
    /// From 0; the end is excluded.
    columns: (usize, usize),
    source_line: Option<String>,
}

impl Place {
    /// The place of a mistake in what is no JavaScript.
    fn of_fault<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        exception: v8::Local<'s, v8::Value>,
    ) -> Option<Self> {
        let object = v8::Local::<v8::Object>::try_from(exception).ok()?;
        let Fault { url, place } = Fault::of(scope, object)?;
        let (start, end) = place.columns;
        let short = place.text.chars().count() <= MAX_SOURCE_LINE;
        Some(Self {
            file: url,
            line: place.line as usize,
            columns: (start as usize, end.max(start + 1) as usize),
            source_line: Some(place.text).filter(|_| short),
        })
    }

    /// The same place in what the module was made of.
    fn original(self, scope: &mut v8::PinScope) -> Self {
        let Some(found) = modules::original(scope, &self.file, self.line, self.columns.0) else {
            return self;
        };
        let text = found.text.filter(|line| !line.trim().is_empty());
        Self {
            file: found.file,
            line: found.line,
            columns: (found.column, found.column + 1),
            source_line: text.filter(|line| line.chars().count() <= MAX_SOURCE_LINE),
        }
    }

    /// The place that V8 has noted, if it is the app's.
    fn of_message<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        message: v8::Local<'s, v8::Message>,
    ) -> Option<Self> {
        let name = message.get_script_resource_name(scope)?;
        let file = app_file(scope, v8::Local::<v8::String>::try_from(name).ok())?;
        let line = message.get_line_number(scope).filter(|line| *line > 0)?;
        let source_line = message
            .get_source_line(scope)
            .filter(|line| line.length() <= MAX_SOURCE_LINE)
            .map(|line| line.to_rust_string_lossy(scope))
            .filter(|line| !line.trim().is_empty());
        let (start, end) = (message.get_start_column(), message.get_end_column());
        let place = Self {
            file,
            line,
            columns: (start, end.max(start + 1)),
            source_line,
        };
        Some(place.original(scope))
    }

    /// The place of the first frame that has one.
    fn of_stack(stack: &str) -> Option<Self> {
        stack.lines().find_map(Self::of_frame)
    }

    /// `    at f (app:///index.js:12:2)`
    fn of_frame(frame: &str) -> Option<Self> {
        let place = match frame.strip_suffix(')') {
            Some(frame) => frame.rsplit_once('(')?.1,
            None => frame.rsplit_once(' ')?.1,
        };
        let (rest, column) = place.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        let column = column.parse::<usize>().ok()?.checked_sub(1)?;
        Some(Self {
            file: file.to_owned(),
            line: line.parse().ok()?,
            columns: (column, column + 1),
            source_line: None,
        })
    }

    /// Where the app's code is now, if any is running.
    fn current(scope: &mut v8::PinScope) -> Option<Self> {
        let stack = v8::StackTrace::current_stack_trace(scope, FRAMES)?;
        let place = (0..stack.get_frame_count()).find_map(|index| {
            let frame = stack.get_frame(scope, index)?;
            let name = frame.get_script_name_or_source_url(scope);
            let column = frame.get_column().saturating_sub(1);
            Some(Self {
                file: app_file(scope, name)?,
                line: frame.get_line_number(),
                columns: (column, column + 1),
                source_line: None,
            })
        });
        place.map(|place| place.original(scope))
    }
}

/// The name of a script, if it is not the runtime's own.
fn app_file<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: Option<v8::Local<'s, v8::String>>,
) -> Option<String> {
    let file = text(scope, name?, MAX_FILE);
    (!file.is_empty() && !file.starts_with(RUNTIME)).then_some(file)
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

/// The frames of an error, at most `max` characters of them.
fn stack<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    max: usize,
) -> Option<String> {
    // V8 puts the whole message before the frames; where it is very long, they are asked for one by one.
    let message = property(scope, object, "message")
        .and_then(|message| v8::Local::<v8::String>::try_from(message).ok());
    if message.is_some_and(|message| message.length() > MAX_TEXT) {
        let frames = captured_frames(scope, object)?;
        return Some(cut(modules::with_originals(scope, &frames), max));
    }
    let stack = property(scope, object, "stack")?;
    let stack = v8::Local::<v8::String>::try_from(stack).ok()?;
    let stack = text(scope, stack, MAX_TEXT + max);
    Some(cut(app_frames(&stack)?, max))
}

/// The frames of a `stack`, whose first lines repeat the message, without those of the runtime's own scripts. `None` if
/// there are none.
pub fn app_frames(stack: &str) -> Option<String> {
    let start = stack.find("\n    at ")?;
    let is_ours = |line: &str| line.contains("(nano:") || line.contains(" nano:");
    let frames: Vec<_> = stack[start + 1..]
        .lines()
        .filter(|line| !is_ours(line))
        .collect();
    (!frames.is_empty()).then(|| frames.join("\n"))
}

/// The frames that V8 has noted with an error, without those of the runtime's own scripts.
fn captured_frames<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<String> {
    let stack = v8::Exception::get_stack_trace(scope, object.into())?;
    let frames: Vec<_> = (0..stack.get_frame_count().min(FRAMES))
        .filter_map(|index| {
            let frame = stack.get_frame(scope, index)?;
            let name = frame.get_script_name_or_source_url(scope);
            let file = app_file(scope, name)?;
            let (line, column) = (frame.get_line_number(), frame.get_column());
            let function = frame.get_function_name(scope);
            let function = function.map(|function| text(scope, function, MAX_FILE));
            Some(match function.filter(|function| !function.is_empty()) {
                Some(function) => format!("    at {function} ({file}:{line}:{column})"),
                None => format!("    at {file}:{line}:{column}"),
            })
        })
        .collect();
    (!frames.is_empty()).then(|| frames.join("\n"))
}

/// How an embedding without ideas of its own describes what was thrown: as V8 does.
pub(crate) fn describe<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
    max: usize,
) -> Thrown {
    let is_error = value.is_native_error();
    let name = v8::Local::<v8::Object>::try_from(value)
        .ok()
        .filter(|_| is_error)
        .and_then(|object| property(scope, object, "name"))
        .and_then(|name| v8::Local::<v8::String>::try_from(name).ok());
    let message = value.to_detail_string(scope);
    Thrown {
        name: name.map_or_else(String::new, |name| text(scope, name, MAX_FILE)),
        message: message.map_or_else(String::new, |message| text(scope, message, max)),
        properties: None,
        is_error,
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let (Some(file), Some(line)) = (&self.file, self.line) {
            write!(f, "\n  --> {file}:{line}:{}", self.column.unwrap_or(1))?;
            if self.is_about {
                f.write_str(" (about here: only an Error says where it was thrown)")?;
            }
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
        if let Some(properties) = &self.properties {
            write!(f, "\n  {}", properties.replace('\n', "\n  "))?;
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
            is_about: false,
            stack: Some("    at app:///index.js:12:2".into()),
            properties: Some("{ code: 'E_X' }".into()),
            causes: vec![ErrorReport {
                message: "42".into(),
                ..Default::default()
            }],
        };
        let expected = "TypeError: x is not a function\n  --> app:///index.js:12:2\n    |\n 12 | \tx();\n    | \t^\n    \
                        at app:///index.js:12:2\n  { code: 'E_X' }\ncaused by: 42";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn frames_are_the_app_s() {
        let stack = "Error: a\n    at b\n    at then (nano:builtins:1:2)\n    at async f (app:///index.js:3:4)\n    \
                     at nano:builtins:5:6";
        let frames = app_frames(stack).unwrap();
        assert_eq!(frames, "    at b\n    at async f (app:///index.js:3:4)");
        assert_eq!(app_frames("Error\n    at nano:builtins:5:6"), None);
        assert_eq!(app_frames("Error: no frames"), None);
    }

    #[test]
    fn frames_have_places() {
        for (stack, expected) in [
            (
                "    at async f (app:///a b.js:3:4)\n    at x",
                Some(("app:///a b.js", 3, 3)),
            ),
            ("    at file:///a.js:12:1", Some(("file:///a.js", 12, 0))),
            ("    at async Promise.all (index 0)", None),
            ("    at f (<anonymous>)", None),
        ] {
            let place = Place::of_stack(stack);
            let found = place
                .as_ref()
                .map(|p| (p.file.as_str(), p.line, p.columns.0));
            assert_eq!(found, expected, "{stack}");
        }
    }
}
