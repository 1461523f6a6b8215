//! `${NAME}` in strings of a configuration.

/// Why a string could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VariableError {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Replaces `${NAME}` by a variable of the environment, `${NAME:-text}` by `text` where the variable is not set, and
/// `$${` by a literal `${`.
pub(super) fn expand(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<String, VariableError> {
    let mut expanded = String::with_capacity(text.len());
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
        let Some(end) = rest.find('}') else {
            return Err(VariableError {
                message: format!("the variable \"${{{rest}\" has no closing brace"),
                help: Some("write ${NAME}, or $${ for a literal ${".to_owned()),
            });
        };
        let (name, default) = match rest[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&rest[..end], None),
        };
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.starts_with(|first: char| first.is_ascii_digit())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if !is_name(name) {
            return Err(VariableError {
                message: format!("\"{name}\" is not the name of an environment variable"),
                help: Some(
                    "names are letters, digits and underscores; write $${ for a literal ${"
                        .to_owned(),
                ),
            });
        }
        match lookup(name).or_else(|| default.map(str::to_owned)) {
            Some(value) => expanded.push_str(&value),
            None => {
                return Err(VariableError {
                    message: format!("the environment variable {name} is not set"),
                    help: Some(format!("set it, or give a default: ${{{name}:-…}}")),
                });
            }
        }
        rest = &rest[end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::expand;

    fn lookup(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home/me".to_owned())
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
        ] {
            let error = expand(text, &lookup).unwrap_err();
            assert!(error.message.contains(part), "{}", error.message);
            assert!(error.help.is_some());
        }
    }
}
