//! Routes of Workers: `shop.example.com/*`, `*.example.com/api/*`, custom domains.
//!
//! Source: <https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A pattern, and what is to be said of it.
type Note = (String, String);

/// The hosts and paths of an app, both empty for all, and what is different.
pub(super) fn read(routes: &[Value]) -> (Vec<String>, Vec<String>, Vec<Note>) {
    let mut notes = Vec::new();
    // A path `None` is every one.
    let mut paths: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    let mut hosts: Vec<String> = Vec::new();
    let mut is_every_host = false;
    for route in routes {
        let pattern = route
            .as_str()
            .or(route.get("pattern").and_then(Value::as_str));
        let Some(pattern) = pattern else {
            notes.push(("?".to_owned(), "a route has no pattern".to_owned()));
            continue;
        };
        let mut note = |why: &str| notes.push((pattern.to_owned(), why.to_owned()));
        let Some((own, path)) = split(pattern, &mut note) else {
            continue;
        };
        is_every_host |= own.is_empty();
        // Every host has no name; its paths count, too.
        let names = if own.is_empty() {
            vec![String::new()]
        } else {
            own
        };
        for host in names {
            if !host.is_empty() && !hosts.contains(&host) {
                hosts.push(host.clone());
            }
            paths.entry(host).or_default().insert(path.clone());
        }
    }
    if is_every_host {
        hosts.clear();
    }
    let mut all = paths.into_values();
    let first = all.next().unwrap_or_default();
    if all.any(|others| others != first) {
        let why = "the hosts have different paths, and `paths` are those of all hosts: give each an app of its own";
        notes.push(("all".to_owned(), why.to_owned()));
        return (hosts, Vec::new(), notes);
    }
    let is_everything = first.contains(&None);
    let paths = first.into_iter().flatten().filter(|_| !is_everything);
    (hosts, paths.collect(), notes)
}

/// The hosts of a pattern, none for every one, and its path; `None` where it cannot be taken over.
fn split(pattern: &str, note: &mut dyn FnMut(&str)) -> Option<(Vec<String>, Option<String>)> {
    let plain = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
    let (host, path) = match plain.find('/') {
        Some(at) => plain.split_at(at),
        None => (plain, "/*"),
    };
    let host = host.to_ascii_lowercase();
    let hosts = match host.strip_prefix('*') {
        _ if host.chars().skip(1).any(|c| c == '*') => {
            note("a wildcard stands for whole labels at the beginning of a host");
            return None;
        }
        None => vec![host.clone()],
        Some("") => Vec::new(),
        Some(rest) if rest.starts_with('.') => vec![host.clone()],
        Some(rest) => {
            note(
                "hosts that only end with these letters are not matched, just this one and those below it",
            );
            vec![rest.to_owned(), format!("*.{rest}")]
        }
    };
    let stem = path.strip_suffix('*').unwrap_or(path);
    if stem.contains('*') {
        note(
            "a wildcard in the middle of a path is a segment of its own here, `/users/:id`: write `paths`",
        );
        return None;
    }
    let own = stem.trim_end_matches('/');
    if own.is_empty() {
        if stem.len() == path.len() {
            note("the Worker answered to the path / alone; the app does to all");
        }
        return Some((hosts, None));
    }
    if stem.len() == path.len() {
        note("paths below it are the app's, too");
    } else if !stem.ends_with('/') {
        note("paths end at slashes here: longer names that begin so are not the app's");
    }
    Some((hosts, Some(own.to_owned())))
}
