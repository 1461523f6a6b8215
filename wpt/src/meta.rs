//! The `// META:` lines at the head of a test.

/// What a test says about itself: <https://web-platform-tests.org/writing-tests/testharness.html#multi-global-tests>.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// Scripts to run before the test, as the test writes them.
    pub scripts: Vec<String>,
    /// The kinds of global object that the test is for; empty where the test does not say.
    pub globals: Vec<String>,
    /// The query strings that the test runs with, one after the other; empty for one run without.
    pub variants: Vec<String>,
    /// May the test take a minute?
    pub long_timeout: bool,
    /// The name of a subtest without name.
    pub title: Option<String>,
}

impl Meta {
    /// Reads the lines at the head of `source`; the first line of another kind ends them.
    #[must_use]
    pub fn parse(source: &str) -> Self {
        let mut meta = Self::default();
        for line in source.trim_start_matches('\u{feff}').lines() {
            let Some((key, value)) = meta_line(line) else {
                break;
            };
            match key {
                "script" => meta.scripts.push(value.to_owned()),
                "global" => meta
                    .globals
                    .extend(value.split(',').map(|global| global.trim().to_owned())),
                "variant" => meta.variants.push(value.to_owned()),
                "timeout" => meta.long_timeout = value == "long",
                "title" => meta.title = Some(value.to_owned()),
                // `quic`, `spec`, … say nothing about how to run the test.
                _ => {}
            }
        }
        meta
    }
}

/// The key and the value of `// META: key=value`.
fn meta_line(line: &str) -> Option<(&str, &str)> {
    let rest = line
        .trim()
        .strip_prefix("//")?
        .trim_start()
        .strip_prefix("META:")?;
    let (key, value) = rest.trim_start().split_once('=')?;
    Some((key, value.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_line() {
        let meta = Meta::parse(
            "// META: global=window,dedicatedworker, shadowrealm\n//META: script=/common/x.js\n// META: script=y.js\n\
             // META: timeout=long\n// META: title=A = b\n// META: variant=?1-10\n// META: variant=?11-last\n// META: spec=https://x\n",
        );
        assert_eq!(meta.globals, ["window", "dedicatedworker", "shadowrealm"]);
        assert_eq!(meta.scripts, ["/common/x.js", "y.js"]);
        assert_eq!(meta.variants, ["?1-10", "?11-last"]);
        assert_eq!(meta.title.as_deref(), Some("A = b"));
        assert!(meta.long_timeout);
    }

    #[test]
    fn ends_with_the_first_other_line() {
        let meta = Meta::parse("// META: script=a.js\n\n// META: script=b.js\n");
        assert_eq!(meta.scripts, ["a.js"]);
        assert_eq!(
            Meta::parse("// A comment\n// META: timeout=long\n"),
            Meta::default()
        );
    }
}
