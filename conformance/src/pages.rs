//! The coverage report as pages: by folder, and, as far as the tests of IDL go, by interface and member.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use wpt::{Results, Subtest, SubtestStatus, Test};

use crate::{Coverage, Row};

/// What the tests of IDL (`idlharness`) say of interfaces, as `Headers`, and of their members, as `Headers.append`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Interfaces(BTreeMap<String, Row>);

impl Interfaces {
    /// Counts a test, if it is one of IDL.
    pub fn add(&mut self, test: &Test, results: &Results) {
        if !test.path.contains("idlharness") {
            return;
        }
        for subtest in &results.subtests {
            let Some((interface, member)) = subject(&subtest.name) else {
                continue;
            };
            self.count(interface.to_owned(), subtest);
            if let Some(member) = member {
                self.count(format!("{interface}.{member}"), subtest);
            }
        }
    }

    fn count(&mut self, name: String, subtest: &Subtest) {
        let row = self.0.entry(name).or_default();
        row.total += 1;
        row.passed += usize::from(subtest.status == SubtestStatus::Pass);
    }
}

/// The interface and the member that "Headers interface: operation append(ByteString, ByteString)" is about.
fn subject(name: &str) -> Option<(&str, Option<&str>)> {
    const ABOUT: [&str; 4] = ["interface", "namespace", "must be", "includes"];
    const BEFORE: [&str; 5] = [
        "operation ",
        "attribute ",
        "constant ",
        "calling ",
        "property \"",
    ];
    let is_of_names = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let (interface, rest) = name.split_once(' ')?;
    if !interface.chars().all(is_of_names) || !ABOUT.iter().any(|word| rest.starts_with(word)) {
        return None;
    }
    let member = BEFORE.iter().find_map(|word| {
        let (_, after) = rest.split_once(word)?;
        let end = after.find(|character: char| !is_of_names(character));
        Some(&after[..end.unwrap_or(after.len())]).filter(|member| !member.is_empty())
    });
    Some((interface, member))
}

/// A table: its title, what its rows are of, and the rows.
type Table<'a> = (&'static str, &'static str, Vec<(&'a str, Row)>);

fn tables<'a>(coverage: &'a Coverage, interfaces: &'a Interfaces) -> [Table<'a>; 2] {
    let members = interfaces.0.iter();
    let members = members.map(|(name, row)| (name.as_str(), *row));
    [
        ("Folders", "folder", coverage.rows().collect()),
        (
            "Interfaces, by the tests of IDL",
            "interface or member",
            members.collect(),
        ),
    ]
}

/// What the columns are, beside the name.
const COLUMNS: [&str; 7] = [
    "passed",
    "of",
    "%",
    "departures",
    "tests",
    "skipped",
    "omitted",
];

fn cells(row: &Row) -> [String; 7] {
    [
        row.passed.to_string(),
        row.total.to_string(),
        row.percent(),
        row.departures.to_string(),
        row.tests.to_string(),
        row.skipped.to_string(),
        row.omitted.to_string(),
    ]
}

/// The report in Markdown.
#[must_use]
pub fn markdown(coverage: &Coverage, interfaces: &Interfaces) -> String {
    let mut text = format!(
        "# Web Platform Tests\n\nOf commit `{}`.\n",
        wpt::PINNED_COMMIT
    );
    for (title, kind, rows) in tables(coverage, interfaces) {
        let _ = write!(
            text,
            "\n## {title}\n\n| {kind} | {} |\n|---|{}\n",
            COLUMNS.join(" | "),
            "--:|".repeat(COLUMNS.len())
        );
        for (name, row) in rows {
            let _ = writeln!(text, "| {name} | {} |", cells(&row).join(" | "));
        }
    }
    text
}

/// The report as a page.
#[must_use]
pub fn html(coverage: &Coverage, interfaces: &Interfaces) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Web Platform Tests</title>\n\
         <style>body {{ font-family: sans-serif }} td + td {{ text-align: right }} td, th {{ padding: 0 .5em }}</style>\n\
         <h1>Web Platform Tests</h1>\n<p>Of commit <code>{}</code>.\n",
        wpt::PINNED_COMMIT
    );
    for (title, kind, rows) in tables(coverage, interfaces) {
        let _ = writeln!(
            page,
            "<h2>{title}</h2>\n<table>\n<tr><th>{kind}<th>{}",
            COLUMNS.join("<th>")
        );
        // Names are those of folders and of IDL: nothing in them has to be escaped.
        for (name, row) in rows {
            let _ = writeln!(page, "<tr><td>{name}<td>{}", cells(&row).join("<td>"));
        }
        page.push_str("</table>\n");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{results, test};

    #[test]
    fn names_of_subtests_say_what_they_are_about() {
        for (name, about) in [
            (
                "Headers interface: operation append(ByteString, ByteString)",
                Some(("Headers", Some("append"))),
            ),
            (
                "Request interface: new Request('x') must inherit property \"method\" with the proper type",
                Some(("Request", Some("method"))),
            ),
            (
                "Headers interface: existence and properties of interface object",
                Some(("Headers", None)),
            ),
            (
                "Blob must be primary interface of new Blob()",
                Some(("Blob", None)),
            ),
            ("idl_test setup", None),
            ("Stringification of new Blob()", None),
        ] {
            assert_eq!(subject(name), about, "{name}");
        }
    }

    #[test]
    fn pages_have_folders_interfaces_and_members() {
        let test = test("fetch/api/idlharness.any.js");
        let results = results(&[
            (
                "Headers interface: operation get(ByteString)",
                SubtestStatus::Pass,
            ),
            (
                "Headers interface: operation set(ByteString)",
                SubtestStatus::Fail,
            ),
        ]);
        let (mut coverage, mut interfaces) = (Coverage::default(), Interfaces::default());
        coverage.add(&test, &results, None);
        interfaces.add(&test, &results);
        let text = markdown(&coverage, &interfaces);
        for line in [
            "| fetch/api | 1 | 2 | 50.0 | 0 | 1 | 0 | 0 |",
            "| all | 1 | 2 | 50.0 | 0 | 1 | 0 | 0 |",
            "| Headers | 1 | 2 | 50.0 | 0 | 0 | 0 | 0 |",
            "| Headers.get | 1 | 1 | 100.0 | 0 | 0 | 0 | 0 |",
            "| Headers.set | 0 | 1 | 0.0 | 0 | 0 | 0 | 0 |",
        ] {
            assert!(
                text.lines().any(|known| known == line),
                "{line} is not in {text}"
            );
        }
        let page = html(&coverage, &interfaces);
        assert!(
            page.contains("<tr><td>Headers.get<td>1<td>1<td>100.0"),
            "{page}"
        );
    }
}
