//! The Formatter: what `console.log("%s is %d", …)` makes of its arguments, <https://console.spec.whatwg.org/#formatter>.

use nano_engine::text::{cut, more, text};
use nano_webidl::{Error, Fallible, Scope, Value};

use super::inspect::{InspectOptions, inspect, number_text};

/// A message of all arguments. Runs code of the app only where the standard says so: `%s`, `%d`, `%i` and `%f` convert.
///
/// `options.max_text` is how many characters of one string are printed, and how many bytes the message has at most.
///
/// # Errors
/// What such a conversion throws.
pub fn format<'s>(
    scope: &mut Scope<'s, '_>,
    data: &[Value<'s>],
    options: &InspectOptions,
) -> Fallible<String> {
    let max = options.max_text;
    let Some((first, mut rest)) = data.split_first() else {
        return Ok(String::new());
    };
    let template = match v8::Local::<v8::String>::try_from(*first) {
        Ok(template) if !rest.is_empty() => text(scope, template, max),
        _ => return Ok(join(scope, data, options)),
    };
    let mut message = String::with_capacity(template.len());
    let mut tail = template.as_str();
    // DEPARTURE: the standard formats the result of each replacement again; like every console, this goes through the template once,
    // so that a specifier within an argument means nothing.
    while let Some(place) = tail.find('%')
        && message.len() <= max
    {
        let (before, specifier) = tail.split_at(place);
        message.push_str(before);
        let letter = specifier[1..].chars().next();
        let length = 1 + letter.map_or(0, char::len_utf8);
        let (specifier, after) = specifier.split_at(length);
        tail = after;
        match (letter, rest.split_first()) {
            (Some('%'), _) => message.push('%'),
            (Some(letter @ ('s' | 'd' | 'i' | 'f' | 'o' | 'O' | 'c')), Some((value, others))) => {
                message.push_str(&replacement(scope, letter, *value, options)?);
                rest = others;
            }
            _ => message.push_str(specifier),
        }
    }
    message.push_str(tail);
    if !rest.is_empty() {
        message.push(' ');
        if message.len() > max {
            message.push_str(&unread(rest.len()));
        } else {
            message.push_str(&join(scope, rest, options));
        }
    }
    Ok(cut(message, 2 * max))
}

/// What stands for arguments that are not looked at any more.
fn unread(count: usize) -> String {
    format!("... {}", more(count, "argument"))
}

/// All arguments with spaces between them: strings as they are, everything else inspected.
pub fn join<'s>(scope: &mut Scope<'s, '_>, data: &[Value<'s>], options: &InspectOptions) -> String {
    let mut message = String::new();
    for (index, value) in data.iter().enumerate() {
        if index > 0 {
            message.push(' ');
        }
        let left = options.max_text.saturating_sub(message.len());
        if left == 0 {
            message.push_str(&unread(data.len() - index));
            break;
        }
        match v8::Local::<v8::String>::try_from(*value) {
            Ok(string) => message.push_str(&text(scope, string, left)),
            Err(_) => {
                let options = InspectOptions {
                    max_text: left,
                    ..options.clone()
                };
                message.push_str(&inspect(scope, *value, &options));
            }
        }
    }
    message
}

/// What stands in the place of a specifier, step 4 of the Formatter.
fn replacement<'s>(
    scope: &mut Scope<'s, '_>,
    letter: char,
    value: Value<'s>,
    options: &InspectOptions,
) -> Fallible<String> {
    Ok(match letter {
        // 4.1 %s: Call(%String%, undefined, « current »).
        's' => match v8::Local::<v8::Symbol>::try_from(value) {
            Ok(_) => inspect(scope, value, &InspectOptions::default()),
            Err(_) => {
                let string = value.to_string(scope).ok_or(Error::Thrown)?;
                text(scope, string, options.max_text)
            }
        },
        // 4.2 %d or %i: NaN for a Symbol, else Call(%parseInt%, undefined, « current, 10 »).
        'd' | 'i' => {
            let number = parse(scope, value, parse_int)?;
            number_text(scope, number)
        }
        // 4.3 %f: NaN for a Symbol, else Call(%parseFloat%, undefined, « current »).
        'f' => {
            let number = parse(scope, value, parse_float)?;
            number_text(scope, number)
        }
        // 4.4 %o: optimally useful formatting.
        'o' => inspect(
            scope,
            value,
            &InspectOptions {
                depth: Some(4),
                show_hidden: true,
                ..options.clone()
            },
        ),
        // 4.5 %O: generic JavaScript object formatting.
        'O' => inspect(scope, value, options),
        // %c takes a style, which text cannot show.
        _ => String::new(),
    })
}

fn parse<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    parser: fn(&str) -> f64,
) -> Fallible<f64> {
    if value.is_symbol() {
        return Ok(f64::NAN);
    }
    let string = value.to_string(scope).ok_or(Error::Thrown)?;
    // No number that is read needs more of it.
    Ok(parser(&text(scope, string, 2048)))
}

/// White space and line terminators of ECMAScript.
fn is_space(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}

/// `parseInt(string, 10)`
fn parse_int(string: &str) -> f64 {
    let (sign, digits) = split_sign(string.trim_start_matches(is_space));
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end]
        .parse::<f64>()
        .map_or(f64::NAN, |number| sign * number)
}

/// `parseFloat(string)`
fn parse_float(string: &str) -> f64 {
    let (sign, rest) = split_sign(string.trim_start_matches(is_space));
    if rest.starts_with("Infinity") {
        return sign * f64::INFINITY;
    }
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let integer = digits(rest);
    let mut end = integer;
    if let Some(fraction) = rest[end..].strip_prefix('.') {
        let length = digits(fraction);
        if integer + length == 0 {
            return f64::NAN;
        }
        end += 1 + length;
    }
    if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']).filter(|_| end > 0) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let length = digits(unsigned);
        if length > 0 {
            end += 1 + (exponent.len() - unsigned.len()) + length;
        }
    }
    rest[..end]
        .parse::<f64>()
        .map_or(f64::NAN, |number| sign * number)
}

fn split_sign(string: &str) -> (f64, &str) {
    match string.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, string.strip_prefix('+').unwrap_or(string)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_parse_int_reads_them() {
        assert_eq!(parse_int(" 42px"), 42.0);
        assert_eq!(parse_int("-7.9"), -7.0);
        assert_eq!(parse_int("+1e3"), 1.0);
        assert_eq!(parse_int("0x10"), 0.0);
        assert!(parse_int("abc").is_nan());
        assert!(parse_int("").is_nan());
        assert!(parse_int("Infinity").is_nan());
    }

    #[test]
    fn floats_are_read_as_parse_float_reads_them() {
        assert_eq!(parse_float("\u{feff}3.25abc"), 3.25);
        assert_eq!(parse_float("-.5"), -0.5);
        assert_eq!(parse_float("5."), 5.0);
        assert_eq!(parse_float("1e3x"), 1000.0);
        assert_eq!(parse_float("1e-2"), 0.01);
        assert_eq!(parse_float("1e+"), 1.0);
        assert_eq!(parse_float("-Infinityx"), f64::NEG_INFINITY);
        assert!(parse_float(".").is_nan());
        assert!(parse_float("e5").is_nan());
        assert!(parse_float("inf").is_nan());
    }
}
