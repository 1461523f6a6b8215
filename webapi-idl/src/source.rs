//! A file's head: where its text comes from and of which day it is.

use std::sync::Arc;

use crate::error::{Error, Fallible};
use crate::model::{Span, Specification};

/// Reads the comment lines at the top: `// Source: <title> (<url>)` and `// Date: <yyyy-mm-dd>`.
/// NANO's own files have no address: `// Source: <title>`.
pub(crate) fn specification(file: &Arc<str>, text: &str) -> Fallible<Specification> {
    let mut source = None;
    let mut date = None;
    for (line, comment) in (1..).zip(text.lines().map_while(|line| line.strip_prefix("//"))) {
        if let Some(value) = comment.trim_start().strip_prefix("Source:") {
            source = Some(value.trim());
        } else if let Some(value) = comment.trim_start().strip_prefix("Date:") {
            let column = comment.len() - value.trim_start().len() + 3;
            date = Some((
                value.trim(),
                Span {
                    file: file.clone(),
                    line,
                    column: column as u32,
                },
            ));
        }
    }

    let top = Span {
        file: file.clone(),
        line: 1,
        column: 1,
    };
    let missing = |what: &str, example: &str| {
        Error::new(&top, format!("the file's head does not name its {what}"))
            .expected(format!("a comment line at the top: `{example}`"))
            .found("none")
    };
    let source = source.ok_or_else(|| {
        missing(
            "source",
            "// Source: Fetch Standard (https://fetch.spec.whatwg.org/)",
        )
    })?;
    let (date, span) = date.ok_or_else(|| missing("date", "// Date: 2026-07-01"))?;
    if !is_date(date) {
        return Err(Error::new(&span, "this is not a date")
            .expected("year, month and day: `2026-07-01`")
            .found(format!("`{date}`")));
    }

    let (title, url) = match source.split_once(" (http") {
        Some((title, rest)) => (title, format!("http{}", rest.trim_end_matches(')'))),
        None => (source, String::new()),
    };
    let name = file.rsplit('/').next().unwrap_or(file);
    Ok(Specification {
        file: name.strip_suffix(".webidl").unwrap_or(name).to_owned(),
        title: title.trim().to_owned(),
        url,
        date: date.to_owned(),
    })
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize| {
        (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    let [year, month, day] = parts[..] else {
        return false;
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}
