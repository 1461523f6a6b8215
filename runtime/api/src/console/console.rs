//! `namespace console`, <https://console.spec.whatwg.org/#console-namespace>.

use std::time::Duration;

use nano_engine::text::text;
use nano_webidl::{Error, Fallible, Scope, Value};

use super::format;
use super::inspect::{InspectOptions, inspect};
use super::state::{ConsoleState, Level, TooManyLabels};
use super::table;
use crate::bindings::console::ConsoleMethods;

/// The namespace.
pub struct Console;

/// How many frames `console.trace` prints, and how many characters of the names in them.
const TRACE_FRAMES: usize = 10;
const MAX_NAME: usize = 1000;
/// How many characters of a label tell it from others.
const MAX_LABEL: usize = 1000;

/// <https://console.spec.whatwg.org/#logger>
fn log<'s>(scope: &mut Scope<'s, '_>, level: Level, data: &[Value<'s>]) -> Fallible<()> {
    // 1. If args is empty, return.
    let (Some(state), false) = (ConsoleState::of(scope), data.is_empty()) else {
        return Ok(());
    };
    // 2. to 5.
    let message = format::format(scope, data, &state.options())?;
    state.print(scope, level, &message);
    Ok(())
}

fn warn(scope: &mut Scope, state: &ConsoleState, message: &str) {
    state.print(scope, Level::Warn, message);
}

fn refuse_label(scope: &mut Scope, state: &ConsoleState, label: &str, _: TooManyLabels) {
    warn(
        scope,
        state,
        &format!(
            "There are too many console labels to add '{label}'; use fewer, and end timers with timeEnd()"
        ),
    );
}

/// The text of a label.
fn label_text<'s>(scope: &mut Scope<'s, '_>, label: v8::Local<'s, v8::String>) -> String {
    text(scope, label, MAX_LABEL)
}

/// `1.234ms`, `12.3s`, `2:03.456 (m:ss.mmm)`
fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 60.0 {
        let (minutes, rest) = (duration.as_secs() / 60, seconds % 60.0);
        format!("{minutes}:{rest:06.3} (m:ss.mmm)")
    } else if seconds >= 1.0 {
        format!("{seconds:.3}s")
    } else {
        let milliseconds = seconds * 1000.0;
        let text = format!("{milliseconds:.3}");
        format!("{}ms", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl ConsoleMethods for Console {
    // https://console.spec.whatwg.org/#assert
    fn assert<'s>(
        scope: &mut Scope<'s, '_>,
        condition: bool,
        data: Vec<Value<'s>>,
    ) -> Fallible<()> {
        // 1. If condition is true, return.
        if condition {
            return Ok(());
        }
        // 2. Let message be a string without any formatting specifiers indicating generically an assertion failure.
        let message = "Assertion failed";
        let string = |scope: &mut Scope<'s, '_>, text: &str| -> Fallible<Value<'s>> {
            Ok(nano_webidl::idl::string(scope, text)?.into())
        };
        let mut data = data;
        match data
            .first()
            .map(|first| v8::Local::<v8::String>::try_from(*first))
        {
            // 3. If data is empty, append message to data.
            None => data.push(string(scope, message)?),
            // 4. Otherwise: 4.1 Let first be data[0]. 4.3 If it is a String, then data[0] is message, ": ", first.
            Some(Ok(first)) => {
                let prefix = nano_webidl::idl::string(scope, &format!("{message}: "))?;
                let joined = v8::String::concat(scope, prefix, first);
                data[0] = joined
                    .ok_or_else(|| nano_webidl::range_error("the message is too long"))?
                    .into();
            }
            // 4.2 If it is none, prepend message to data.
            Some(Err(_)) => data.insert(0, string(scope, &format!("{message}:"))?),
        }
        // 5.
        log(scope, Level::Error, &data)
    }

    // https://console.spec.whatwg.org/#clear
    fn clear<'s>(scope: &mut Scope<'s, '_>) -> Fallible<()> {
        if let Some(state) = ConsoleState::of(scope) {
            state.clear();
        }
        Ok(())
    }

    // https://console.spec.whatwg.org/#debug
    fn debug<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        log(scope, Level::Debug, &data)
    }

    // https://console.spec.whatwg.org/#error
    fn error<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        log(scope, Level::Error, &data)
    }

    // https://console.spec.whatwg.org/#info
    fn info<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        log(scope, Level::Info, &data)
    }

    // https://console.spec.whatwg.org/#log
    fn log<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        log(scope, Level::Log, &data)
    }

    // https://console.spec.whatwg.org/#table
    fn table<'s>(
        scope: &mut Scope<'s, '_>,
        tabular_data: Option<Value<'s>>,
        properties: Option<Vec<v8::Local<'s, v8::String>>>,
    ) -> Fallible<()> {
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        let Some(data) = tabular_data else {
            return Ok(());
        };
        match table::table(scope, data, properties.as_deref(), &state.options()) {
            Some(table) => state.print(scope, Level::Log, &table),
            // What cannot be a table is logged as it is.
            None => log(scope, Level::Log, &[data])?,
        }
        Ok(())
    }

    // https://console.spec.whatwg.org/#trace
    fn trace<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        let mut message = "Trace".to_owned();
        if !data.is_empty() {
            message.push_str(": ");
            message.push_str(&format::format(scope, &data, &state.options())?);
        }
        message.push_str(&current_stack(scope));
        state.print(scope, Level::Debug, &message);
        Ok(())
    }

    // https://console.spec.whatwg.org/#warn
    fn warn<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        log(scope, Level::Warn, &data)
    }

    // https://console.spec.whatwg.org/#dir
    fn dir<'s>(
        scope: &mut Scope<'s, '_>,
        item: Option<Value<'s>>,
        options: Option<Option<v8::Local<'s, v8::Object>>>,
    ) -> Fallible<()> {
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        let mut how = state.options();
        if let Some(options) = options.flatten() {
            how = dir_options(scope, options, how)?;
        }
        let item = item.unwrap_or_else(|| v8::undefined(scope).into());
        let message = inspect(scope, item, &how);
        state.print(scope, Level::Log, &message);
        Ok(())
    }

    // https://console.spec.whatwg.org/#dirxml
    fn dirxml<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        log(scope, Level::Log, &data)
    }

    // https://console.spec.whatwg.org/#count
    fn count<'s>(scope: &mut Scope<'s, '_>, label: v8::Local<'s, v8::String>) -> Fallible<()> {
        let label = label_text(scope, label);
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        match state.count(label.clone()) {
            Ok(count) => state.print(scope, Level::Info, &format!("{label}: {count}")),
            Err(too_many) => refuse_label(scope, state, &label, too_many),
        }
        Ok(())
    }

    // https://console.spec.whatwg.org/#countreset
    fn count_reset<'s>(
        scope: &mut Scope<'s, '_>,
        label: v8::Local<'s, v8::String>,
    ) -> Fallible<()> {
        let label = label_text(scope, label);
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        if !state.reset_count(&label) {
            warn(scope, state, &format!("Count for '{label}' does not exist"));
        }
        Ok(())
    }

    // https://console.spec.whatwg.org/#group
    fn group<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        log(scope, Level::Log, &data)?;
        if let Some(state) = ConsoleState::of(scope) {
            state.open_group();
        }
        Ok(())
    }

    // https://console.spec.whatwg.org/#groupcollapsed; text cannot be collapsed.
    fn group_collapsed<'s>(scope: &mut Scope<'s, '_>, data: Vec<Value<'s>>) -> Fallible<()> {
        Self::group(scope, data)
    }

    // https://console.spec.whatwg.org/#groupend
    fn group_end<'s>(scope: &mut Scope<'s, '_>) -> Fallible<()> {
        if let Some(state) = ConsoleState::of(scope) {
            state.close_group();
        }
        Ok(())
    }

    // https://console.spec.whatwg.org/#time
    fn time<'s>(scope: &mut Scope<'s, '_>, label: v8::Local<'s, v8::String>) -> Fallible<()> {
        let label = label_text(scope, label);
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        match state.start_timer(label.clone()) {
            Ok(true) => {}
            Ok(false) => warn(scope, state, &format!("Timer '{label}' already exists")),
            Err(too_many) => refuse_label(scope, state, &label, too_many),
        }
        Ok(())
    }

    // https://console.spec.whatwg.org/#timelog
    fn time_log<'s>(
        scope: &mut Scope<'s, '_>,
        label: v8::Local<'s, v8::String>,
        data: Vec<Value<'s>>,
    ) -> Fallible<()> {
        let label = label_text(scope, label);
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        let Some(elapsed) = state.elapsed(&label) else {
            warn(scope, state, &format!("Timer '{label}' does not exist"));
            return Ok(());
        };
        let mut message = format!("{label}: {}", duration_text(elapsed));
        if !data.is_empty() {
            // The data is printed, not formatted: a specifier in it means nothing.
            message.push(' ');
            message.push_str(&format::join(scope, &data, &state.options()));
        }
        state.print(scope, Level::Log, &message);
        Ok(())
    }

    // https://console.spec.whatwg.org/#timeend
    fn time_end<'s>(scope: &mut Scope<'s, '_>, label: v8::Local<'s, v8::String>) -> Fallible<()> {
        let label = label_text(scope, label);
        let Some(state) = ConsoleState::of(scope) else {
            return Ok(());
        };
        match state.stop_timer(&label) {
            Some(elapsed) => state.print(
                scope,
                Level::Info,
                &format!("{label}: {}", duration_text(elapsed)),
            ),
            None => warn(scope, state, &format!("Timer '{label}' does not exist")),
        }
        Ok(())
    }
}

/// The options of `console.dir` that are common to servers: `depth` (null for all), `showHidden`, `colors`.
fn dir_options<'s>(
    scope: &mut Scope<'s, '_>,
    options: v8::Local<'s, v8::Object>,
    mut how: InspectOptions,
) -> Fallible<InspectOptions> {
    let mut read = |name: &'static str| {
        let key = nano_webidl::idl::string(scope, name)?;
        let value = options.get(scope, key.into()).ok_or(Error::Thrown)?;
        let number = value.number_value(scope).filter(|_| value.is_number());
        Ok::<_, Error>((value, number, value.boolean_value(scope)))
    };
    match read("depth")? {
        (value, _, _) if value.is_null() => how.depth = None,
        (_, Some(number), _) if number.is_infinite() => how.depth = None,
        (_, Some(number), _) if number >= 0.0 => how.depth = Some(number as u32),
        _ => {}
    }
    if let (value, _, show) = read("showHidden")?
        && !value.is_undefined()
    {
        how.show_hidden = show;
    }
    // Colours can be switched off, but not on where the sink does not want them.
    if let (value, _, colors) = read("colors")?
        && !value.is_undefined()
    {
        how.colors &= colors;
    }
    Ok(how)
}

/// The frames of the code that called into the console, each on a line of its own.
fn current_stack(scope: &mut Scope) -> String {
    let mut lines = String::new();
    let Some(stack) = v8::StackTrace::current_stack_trace(scope, TRACE_FRAMES) else {
        return lines;
    };
    for index in 0..stack.get_frame_count() {
        let Some(frame) = stack.get_frame(scope, index) else {
            break;
        };
        let file = frame
            .get_script_name_or_source_url(scope)
            .map(|name| text(scope, name, MAX_NAME));
        let place = format!(
            "{}:{}:{}",
            file.unwrap_or_else(|| "<anonymous>".to_owned()),
            frame.get_line_number(),
            frame.get_column()
        );
        let function = frame
            .get_function_name(scope)
            .map(|name| text(scope, name, MAX_NAME));
        lines.push_str("\n    at ");
        match function.filter(|name| !name.is_empty()) {
            Some(function) => lines.push_str(&format!("{function} ({place})")),
            None => lines.push_str(&place),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration_text(Duration::from_micros(1234)), "1.234ms");
        assert_eq!(duration_text(Duration::from_millis(20)), "20ms");
        assert_eq!(duration_text(Duration::from_micros(500)), "0.5ms");
        assert_eq!(duration_text(Duration::from_millis(1500)), "1.500s");
        assert_eq!(
            duration_text(Duration::from_millis(123_456)),
            "2:03.456 (m:ss.mmm)"
        );
    }
}
