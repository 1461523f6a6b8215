//! Paths that apps answer to, within their hosts.

use std::fmt;

/// Which paths an app answers to: those that begin with these segments, as in an Ingress (`pathType: Prefix`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathPattern {
    segments: Vec<PathSegment>,
}

/// A segment of a [`PathPattern`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// This one, as the URL has it.
    Literal(Box<str>),
    /// `:id.json`, `img-*`: one that begins and ends like this, with something between.
    Partial {
        /// What it begins with.
        before: Box<str>,
        /// What it ends with.
        after: Box<str>,
    },
    /// `:name` or `*`: any one that is not empty.
    Any,
}

/// The most segments of a pattern.
const MAX_SEGMENTS: usize = 32;

impl PathPattern {
    /// Reads a pattern of a configuration: `/shop`, `/users/:id/orders`. A `/*` at the end says nothing that is not said already.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, String)> {
        let wrong = |message: &str, help: &str| Err((message.to_owned(), help.to_owned()));
        let Some(rest) = text.strip_prefix('/') else {
            return wrong(
                "a path begins with a slash",
                "write \"/shop\"; hosts stand in \"hostname\"",
            );
        };
        let rest = rest
            .strip_suffix("/*")
            .or(rest.strip_suffix('/'))
            .unwrap_or(rest);
        let rest = if rest == "*" { "" } else { rest };
        let segments = rest.split('/').filter(|_| !rest.is_empty());
        let segments: Result<Vec<_>, _> = segments.map(parse_segment).collect();
        let segments = segments?;
        if segments.len() > MAX_SEGMENTS {
            let help =
                format!("a path has {MAX_SEGMENTS} segments at most here: its beginning is enough");
            return Err((format!("found {} segments", segments.len()), help));
        }
        Ok(Self { segments })
    }

    /// Every path.
    pub(super) fn all() -> Self {
        Self {
            segments: Vec::new(),
        }
    }

    /// Its segments; none, if it is every path.
    pub(crate) fn segments(&self) -> &[PathSegment] {
        &self.segments
    }
}

fn parse_segment(text: &str) -> Result<PathSegment, (String, String)> {
    let wrong = |message: String, help: &str| Err((message, help.to_owned()));
    let (before, varying) = match text.find([':', '*']) {
        Some(index) => text.split_at(index),
        None => (text, ""),
    };
    let after = match varying.strip_prefix(':') {
        Some(named) => named.trim_start_matches(is_in_names),
        None => varying.get(1..).unwrap_or_default(),
    };
    let is_nameless = varying.starts_with(':') && varying.len() == after.len() + 1;
    // One part, and what it stands for is found by one look, whatever the request is.
    if is_nameless || after.contains([':', '*']) {
        return wrong(
            format!("expected one part of {text:?} that varies, with a name or a star"),
            "write \"/users/:id\", \"/users/*\", \"/files/:name.json\" or \"/v*\"",
        );
    }
    // What the URL Standard writes in another way is never found.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=@%".contains(&byte);
    let is_dots = |text: &str| {
        matches!(
            &*text.to_ascii_lowercase().replace("%2e", "."),
            "" | "." | ".."
        )
    };
    let mut fixed = before.bytes().chain(after.bytes());
    if varying.is_empty() && is_dots(text) || !fixed.all(is_plain) {
        return wrong(
            format!("no path of a request has the segment {text:?}"),
            "write it as URLs do: without \"..\", empty segments and queries, other characters percent-encoded",
        );
    }
    Ok(match (before, after) {
        _ if varying.is_empty() => PathSegment::Literal(text.into()),
        ("", "") => PathSegment::Any,
        _ => PathSegment::Partial {
            before: before.into(),
            after: after.into(),
        },
    })
}

fn is_in_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                PathSegment::Literal(text) => write!(f, "/{text}")?,
                PathSegment::Partial { before, after } => write!(f, "/{before}*{after}")?,
                PathSegment::Any => f.write_str("/*")?,
            }
        }
        if self.segments.is_empty() {
            f.write_str("/")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    #[test]
    fn patterns() {
        for (text, shown) in [
            ("/", "/"),
            ("/*", "/"),
            ("/shop", "/shop"),
            ("/shop/", "/shop"),
            ("/shop/*", "/shop"),
            ("/users/:id/orders", "/users/*/orders"),
            ("/users/*/orders", "/users/*/orders"),
            ("/b%C3%BCcher", "/b%C3%BCcher"),
            ("/api/*/v1", "/api/*/v1"),
            ("/files/:name.json", "/files/*.json"),
            ("/v:major-beta/x", "/v*-beta/x"),
            ("/img-*/*", "/img-*"),
        ] {
            assert_eq!(
                PathPattern::parse(text).unwrap().to_string(),
                shown,
                "{text}"
            );
        }
    }

    #[test]
    fn faults() {
        for (text, part) in [
            ("", "slash"),
            ("shop", "slash"),
            ("/a//b", "no path"),
            ("/a/../b", "no path"),
            ("/%2E", "no path"),
            ("/a b", "no path"),
            ("/bücher", "no path"),
            ("/a?b", "no path"),
            ("/:", "one part"),
            ("/:.png", "one part"),
            ("/:a:b", "one part"),
            ("/*-*", "one part"),
            ("/:id*", "one part"),
            ("/:id.b c", "no path"),
            ("/(a|b)", "no path"),
            (&"/a".repeat(33), "33 segments"),
        ] {
            let (message, _) = PathPattern::parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
