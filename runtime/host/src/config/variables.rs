//! `${NAME}` in strings of a configuration.

use std::ffi::OsString;

/// Why a string could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VariableError {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// How deep defaults may be within defaults.
const MAX_DEPTH: usize = 10;

/// Replaces `${NAME}` by a variable of the environment, `${NAME:-text}` by `text` where the variable is not set, and
/// `$${` by a literal `${`. In `text`, the same holds.
pub(super) fn expand(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> Result<String, VariableError> {
    let mut expanded = String::with_capacity(text.len());
    expand_into(&mut expanded, text, lookup, MAX_DEPTH)?;
    Ok(expanded)
}

fn expand_into(
    expanded: &mut String,
    text: &str,
    lookup: &dyn Fn(&str) -> Option<OsString>,
    depth: usize,
) -> Result<(), VariableError> {
    let mut rest = text;
    while let Some(index) = rest.find("${") {
        let before = &rest[..index];
        rest = &rest[index + 2..];
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            continue;
        }
        expanded.push_str(before);
        let Some(end) = closing_brace(rest) else {
            return wrong(
                format!("the variable \"${{{rest}\" has no closing brace"),
                "write ${NAME}, or $${ for a literal ${",
            );
        };
        let (name, default) = match rest[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&rest[..end], None),
        };
        if !is_name(name) {
            return wrong(
                format!("\"{name}\" is not the name of an environment variable"),
                "names are letters, digits and underscores; write $${ for a literal ${",
            );
        }
        match (lookup(name).map(OsString::into_string), default) {
            (Some(Ok(value)), _) => expanded.push_str(&value),
            (Some(Err(_)), _) => {
                return wrong(
                    format!("the value of the environment variable {name} is not UTF-8 text"),
                    "set it to text; other bytes have no place in a string",
                );
            }
            (None, Some(_)) if depth == 0 => {
                return wrong(
                    format!("more than {MAX_DEPTH} defaults are within one another"),
                    "write the last one without a variable",
                );
            }
            (None, Some(default)) => expand_into(expanded, default, lookup, depth - 1)?,
            (None, None) => {
                return wrong(
                    format!("the environment variable {name} is not set"),
                    format!("set it, or give a default: ${{{name}:-…}}"),
                );
            }
        }
        rest = &rest[end + 1..];
    }
    expanded.push_str(rest);
    Ok(())
}

/// Where the brace is that closes a variable, of whose text the opening one is left out.
fn closing_brace(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    let mut index = 0;
    while index < bytes.len() {
        match &bytes[index..] {
            // A literal "${" opens nothing.
            [b'$', b'$', b'{', ..] => index += 2,
            [b'$', b'{', ..] => {
                open += 1;
                index += 1;
            }
            [b'}', ..] if open == 0 => return Some(index),
            [b'}', ..] => open -= 1,
            _ => {}
        }
        index += 1;
    }
    None
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn wrong<T>(message: String, help: impl Into<String>) -> Result<T, VariableError> {
    Err(VariableError {
        message,
        help: Some(help.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt as _;

    fn lookup(name: &str) -> Option<OsString> {
        match name {
            "HOME" => Some("/home/me".into()),
            "BYTES" => Some(OsString::from_vec(vec![0xff])),
            _ => None,
        }
    }

    #[test]
    fn replaces_defaults_and_escapes() {
        for (text, expanded) in [
            ("plain $5", "plain $5"),
            ("${HOME}/x", "/home/me/x"),
            ("a${HOME}b${HOME}", "a/home/meb/home/me"),
            ("${NONE:-else}", "else"),
            ("${NONE:-}", ""),
            ("$${HOME}", "${HOME}"),
            ("${NONE:-${HOME}}/x", "/home/me/x"),
            ("${NONE:-a${NEITHER:-b${HOME}}c}d", "ab/home/mecd"),
            ("${NONE:-$${HOME}}", "${HOME}"),
            ("${HOME:-${NONE}}", "/home/me"),
            ("{${NONE:-{}}", "{{}"),
        ] {
            assert_eq!(expand(text, &lookup).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, part) in [
            ("${NONE}", "NONE is not set"),
            ("${HOME", "closing brace"),
            ("${1A}", "not the name"),
            ("${}", "not the name"),
            ("${NONE:-${NEITHER}}", "NEITHER is not set"),
            ("${NONE:-${HOME}", "closing brace"),
            ("${BYTES}", "BYTES is not UTF-8"),
            (
                &("${A:-".repeat(100_000) + &"}".repeat(100_000)),
                "within one another",
            ),
        ] {
            let error = expand(text, &lookup).unwrap_err();
            assert!(error.message.contains(part), "{}", error.message);
            assert!(error.help.is_some());
        }
    }
}
