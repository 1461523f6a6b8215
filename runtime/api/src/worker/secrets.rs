//! What an app says, without its secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use nano_engine::{ErrorReport, State};
use nano_webidl::Scope;
use nano_worker::Binding;

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

impl Secrets {
    fn replaced(&self, mut text: String) -> String {
        for (name, secret) in &self.0 {
            if text.contains(&**secret) {
                text = text.replace(&**secret, &format!("[secret {name}]"));
            }
        }
        text
    }
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
    }
}
