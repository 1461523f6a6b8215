//! What an app says, without its secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use nano_engine::{ErrorReport, State};
use nano_webidl::Scope;
use nano_worker::Binding;

use super::log::MAX_MESSAGE_BYTES;

/// The secrets of the app in this isolate, by their names, where it has some; the longest first, as others may be parts of them.
struct Secrets(Vec<(String, Arc<str>)>);

/// Shorter ones are parts of other words, and are left where they are.
const LEAST: usize = 6;

/// Has logs and errors be without the secrets among these.
pub(super) fn hide(state: &State, env: &BTreeMap<String, Binding>) {
    let secrets = env.iter().filter_map(|(name, binding)| match binding {
        Binding::Secret(text) if text.len() >= LEAST => Some((name.clone(), text.clone())),
        _ => None,
    });
    let mut secrets: Vec<_> = secrets.collect();
    secrets.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
    if !secrets.is_empty() {
        state.set_extension(Secrets(secrets));
    }
}

/// A text for the log, as it may be shown: instead of secrets it has their names.
pub(super) fn shown(scope: &Scope, text: String) -> String {
    match State::from_scope(scope).try_extension::<Secrets>() {
        Some(secrets) => secrets.replaced(text),
        None => text,
    }
}

/// What an exception says, and where, as it may be shown.
pub(super) fn shown_error(scope: &Scope, report: &ErrorReport) -> (String, String) {
    let show = |text| shown(scope, text);
    (show(report.message.clone()), show(report.to_string()))
}

/// A part of a text.
enum Part<'t> {
    /// As it is.
    Text(&'t str),
    /// A secret of this name stands there.
    Secret(&'t str),
}

impl Secrets {
    /// A text with names in place of secrets, cut where these make it longer than messages are. Secrets are not looked for in names.
    fn replaced(&self, text: String) -> String {
        let mut parts = vec![Part::Text(&text)];
        for (name, secret) in &self.0 {
            if text.contains(&**secret) {
                parts = without(parts, name, secret);
            }
        }
        if let [Part::Text(_)] = parts[..] {
            return text;
        }
        let max = MAX_MESSAGE_BYTES.max(text.len());
        let mut shown = String::new();
        for part in parts {
            match part {
                Part::Text(text) => shown.push_str(text),
                Part::Secret(name) => shown.extend(["[secret ", name, "]"]),
            }
            if shown.len() > max {
                shown.truncate(shown.floor_char_boundary(max));
                shown.push_str("...");
                break;
            }
        }
        shown
    }
}

/// The parts that are left of these where a secret is left out.
fn without<'t>(parts: Vec<Part<'t>>, name: &'t str, secret: &str) -> Vec<Part<'t>> {
    let mut left = Vec::new();
    for part in parts {
        let Part::Text(text) = part else {
            left.push(part);
            continue;
        };
        for (index, text) in text.split(secret).enumerate() {
            if index > 0 {
                left.push(Part::Secret(name));
            }
            if !text.is_empty() {
                left.push(Part::Text(text));
            }
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_by_their_names() {
        let secret = |name: &str, text: &str| (name.to_owned(), text.into());
        let secrets = Secrets(vec![secret("LONG", "abcdefgh"), secret("SHORT", "bcdefg")]);
        let replaced = |text: &str| secrets.replaced(text.to_owned());
        assert_eq!(replaced("it is abcdefgh!"), "it is [secret LONG]!");
        assert_eq!(replaced("bcdefgbcdefg"), "[secret SHORT][secret SHORT]");
        assert_eq!(replaced("abc"), "abc");
        assert_eq!(replaced(""), "");
    }

    #[test]
    fn names_are_shown_as_they_are_and_take_no_more_than_messages_have() {
        let name = "x".repeat(1 << 20);
        let named: Vec<_> = [("abcdefgh", &*name), ("secret", "K"), ("xxxxxx", "L")]
            .map(|(text, name)| (name.to_owned(), text.into()))
            .into();
        let secrets = Secrets(named);
        assert_eq!(
            secrets.replaced("secret xxxxxx.".to_owned()),
            "[secret K] [secret L]."
        );
        let shown = secrets.replaced("abcdefgh".repeat(1_000) + "secret");
        assert_eq!(shown.len(), MAX_MESSAGE_BYTES + 3);
        assert!(shown.starts_with("[secret xxx") && shown.ends_with("xxx..."));
        let long = "a".repeat(1 << 20) + "secret";
        assert!(secrets.replaced(long).ends_with("a[secre..."));
    }
}
