//! One line or many: how the parts of an object are put together.

/// How many levels of objects may share a line.
const MAX_LEVELS_PER_LINE: usize = 3;
/// Lists that are longer are put into columns.
const MIN_COLUMN_ITEMS: usize = 7;
/// The most columns.
const MAX_COLUMNS: usize = 16;

/// A printed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    /// The text; lines after the first are indented already.
    pub(super) text: String,
    /// How many levels of objects are in it.
    pub(super) height: usize,
}

impl Rendered {
    /// Something without parts.
    pub(super) fn flat(text: String) -> Self {
        Rendered { text, height: 0 }
    }
}

/// The parts of an object.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What stands before the brace: a class name, a stack. Alone, if there are no entries and `bare` is set.
    pub(super) prefix: String,
    /// Whether the prefix says enough without braces.
    pub(super) bare: bool,
    /// Whether the brackets are square.
    pub(super) list: bool,
    /// Elements and properties.
    pub(super) entries: Vec<String>,
    /// How many of the entries are elements of a list, which may go into columns.
    pub(super) elements: usize,
    /// Whether all those elements are numbers, which are aligned at their ends.
    pub(super) numeric: bool,
    /// The highest of the entries' heights.
    pub(super) height: usize,
}

impl Parts {
    /// Parts with this prefix and no entries.
    pub(super) fn named(prefix: String) -> Self {
        Parts {
            prefix,
            ..Parts::default()
        }
    }

    /// Adds an entry that ends with a printed value.
    pub(super) fn push(&mut self, before: &str, value: Rendered) {
        self.height = self.height.max(value.height + 1);
        self.entries.push(format!("{before}{}", value.text));
    }

    /// Puts everything together, on lines of `width` columns that begin with `indent` spaces.
    pub(super) fn render(mut self, indent: usize, width: usize) -> Rendered {
        let (open, close) = if self.list { ('[', ']') } else { ('{', '}') };
        // An object counts as a level, even one without entries.
        let height = if self.bare {
            self.height
        } else {
            self.height.max(1)
        };
        let prefix = match self.prefix.as_str() {
            "" => String::new(),
            prefix if self.bare && self.entries.is_empty() => {
                return Rendered {
                    text: prefix.to_owned(),
                    height,
                };
            }
            prefix => format!("{prefix} "),
        };
        if self.entries.is_empty() {
            return Rendered {
                text: format!("{prefix}{open}{close}"),
                height,
            };
        }
        let in_columns = self.elements >= MIN_COLUMN_ITEMS && self.arrange(indent, width);
        if !in_columns && height <= MAX_LEVELS_PER_LINE && !prefix.contains('\n') {
            let length: usize = self.entries.iter().map(|entry| columns(entry) + 2).sum();
            let fits = length + indent + columns(&prefix) + 4 <= width;
            if fits && !self.entries.iter().any(|entry| entry.contains('\n')) {
                return Rendered {
                    text: format!("{prefix}{open} {} {close}", self.entries.join(", ")),
                    height,
                };
            }
        }
        let line = format!("\n{}", " ".repeat(indent));
        let entries = self.entries.join(&format!(",{line}  "));
        Rendered {
            text: format!("{prefix}{open}{line}  {entries}{line}{close}"),
            height,
        }
    }

    /// Puts many short elements into columns: each of the first entries becomes a row. False if they are better left alone.
    fn arrange(&mut self, indent: usize, width: usize) -> bool {
        let elements = &self.entries[..self.elements];
        if elements.iter().any(|element| element.contains('\n')) {
            return false;
        }
        let widths: Vec<usize> = elements.iter().map(|element| columns(element)).collect();
        let total: usize = widths.iter().map(|width| width + 2).sum();
        let widest = widths.iter().copied().max().unwrap_or(0) + 2;
        let room = width.saturating_sub(indent + 4);
        // One line that has room for all, or a table that would be mostly blank, reads better as it is.
        if total <= room.min(72) && elements.len() <= MAX_COLUMNS
            || widest * 3 > room
            || total * 2 < widest * elements.len()
        {
            return false;
        }
        let count = (room / widest).min(MAX_COLUMNS).min(elements.len());
        let column_widths: Vec<usize> = (0..count)
            .map(|column| {
                widths
                    .iter()
                    .skip(column)
                    .step_by(count)
                    .copied()
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut rows: Vec<String> = Vec::new();
        for (row, cells) in elements.chunks(count).enumerate() {
            let mut text = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let blank = " ".repeat(column_widths[column] - widths[row * count + column]);
                let last = column + 1 == cells.len();
                match (self.numeric, last) {
                    (true, true) => text.extend([blank.as_str(), cell]),
                    (true, false) => text.extend([blank.as_str(), cell, ", "]),
                    (false, true) => text.push_str(cell),
                    (false, false) => text.extend([cell.as_str(), ", ", &blank]),
                }
            }
            rows.push(text);
        }
        rows.extend(self.entries.drain(self.elements..));
        self.entries = rows;
        true
    }
}

/// How many columns of a terminal a text takes: characters, without the escape sequences of colours.
pub(crate) fn columns(text: &str) -> usize {
    let mut count = 0;
    let mut escaped = false;
    for c in text.chars() {
        match (escaped, c) {
            (true, 'm') => escaped = false,
            (true, _) => {}
            (false, '\u{1b}') => escaped = true,
            // Wide characters of East Asian scripts and emoji take two; combining marks none.
            (false, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}') => {}
            (
                false,
                '\u{1100}'..='\u{115f}'
                | '\u{2e80}'..='\u{a4cf}'
                | '\u{ac00}'..='\u{d7a3}'
                | '\u{f900}'..='\u{faff}',
            ) => count += 2,
            (
                false,
                '\u{fe30}'..='\u{fe6f}'
                | '\u{ff00}'..='\u{ff60}'
                | '\u{ffe0}'..='\u{ffe6}'
                | '\u{1f300}'..='\u{1f64f}',
            ) => count += 2,
            (false, '\u{1f900}'..='\u{1f9ff}' | '\u{20000}'..='\u{3fffd}') => count += 2,
            (false, _) => count += 1,
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Parts {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        Parts {
            list: true,
            elements: entries.len(),
            entries,
            ..Parts::default()
        }
    }

    #[test]
    fn short_objects_are_on_one_line() {
        assert_eq!(list(&["1", "2"]).render(0, 80).text, "[ 1, 2 ]");
        assert_eq!(list(&[]).render(0, 80).text, "[]");
        assert_eq!(Parts::named("Foo".into()).render(0, 80).text, "Foo {}");
        assert_eq!(
            Parts {
                bare: true,
                ..Parts::named("/a/g".into())
            }
            .render(0, 80)
            .text,
            "/a/g"
        );
    }

    #[test]
    fn long_objects_have_a_line_for_each_entry() {
        let long = "x".repeat(50);
        let parts = Parts {
            entries: vec![long.clone(), long.clone()],
            ..Parts::default()
        };
        assert_eq!(
            parts.render(2, 80).text,
            format!("{{\n    {long},\n    {long}\n  }}")
        );
    }

    #[test]
    fn many_levels_are_not_put_on_one_line() {
        let parts = |height| Parts {
            entries: vec!["x".into()],
            height,
            ..Parts::default()
        };
        assert_eq!(parts(3).render(0, 80).text, "{ x }");
        assert_eq!(parts(4).render(0, 80).text, "{\n  x\n}");
    }

    #[test]
    fn long_lists_are_put_into_columns() {
        let numbers: Vec<String> = (0..20).map(|n| (n * 7).to_string()).collect();
        let parts = Parts {
            list: true,
            numeric: true,
            elements: 20,
            entries: numbers,
            ..Parts::default()
        };
        let expected = "[\n    0,   7,  14,  21,  28, 35, 42, 49, 56, 63, 70, 77, 84, 91, 98,\n  105, 112, 119, 126, 133\n]";
        assert_eq!(parts.render(0, 80).text, expected);
    }

    #[test]
    fn colours_take_no_columns() {
        assert_eq!(columns("\u{1b}[33m12\u{1b}[39m"), 2);
        assert_eq!(columns("日本"), 4);
        assert_eq!(columns("e\u{301}"), 1);
    }
}
