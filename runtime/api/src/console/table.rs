//! `console.table`: rows and columns as box drawing, <https://console.spec.whatwg.org/#table>.

use nano_engine::text::{more, text};
use nano_webidl::{Scope, Value};

use super::inspect::{InspectOptions, Property, columns, inspect, own_property};
use super::inspect::{Keys, own_keys};

/// How many characters of a string a cell shows.
const MAX_CELL: usize = 200;
/// The most rows and columns; the rest is cut off.
const MAX_ROWS: usize = 1000;
const MAX_COLUMNS: usize = 50;

/// A table: one row per element or property of `data`, one column per property of those. `None` for a value without rows.
pub fn table<'s>(
    scope: &mut Scope<'s, '_>,
    data: Value<'s>,
    properties: Option<&[v8::Local<'s, v8::String>]>,
    how: &InspectOptions,
) -> Option<String> {
    let options = InspectOptions {
        depth: Some(0),
        max_string: MAX_CELL,
        max_entries: 10,
        max_text: 10 * MAX_CELL,
        ..how.clone()
    };
    let object = plain_object(scope, data)?;
    let Listed {
        heading,
        rows,
        mut rest,
    } = list(scope, object)?;
    let mut table = Table::new(heading);
    // Filtered, the columns are those that were asked for, in that order.
    let mut names: Vec<v8::Local<v8::Name>> = properties
        .unwrap_or_default()
        .iter()
        .take(MAX_COLUMNS)
        .map(|name| (*name).into())
        .collect();
    let mut cells: Vec<Row> = Vec::new();
    let mut written = 0;
    for (label, property) in rows {
        if written > how.max_text {
            rest += 1;
            continue;
        }
        let mut row = Row {
            label,
            ..Row::default()
        };
        let value = property.data();
        match value.and_then(|value| plain_object(scope, value)) {
            // Elements of a Map are shown in full.
            Some(object) if object.is_map() || object.is_set() => {
                row.value = value.map(|value| inspect(scope, value, &options));
            }
            Some(object) => {
                if properties.is_none() {
                    for name in own_keys(scope, object, Keys::All, false, MAX_COLUMNS).names {
                        if !names.contains(&name) && name.is_string() && names.len() < MAX_COLUMNS {
                            names.push(name);
                        }
                    }
                }
                for name in &names {
                    let property = own_property(scope, object, *name);
                    row.cells
                        .push(property.map(|property| cell(scope, property, &options)));
                }
            }
            None => row.value = Some(cell(scope, property, &options)),
        }
        written += row.len();
        cells.push(row);
    }
    let has_values = cells.iter().any(|row| row.value.is_some());
    for name in &names {
        table.headings.push(name_text(scope, *name));
    }
    if has_values {
        table.headings.push("Values".to_owned());
    }
    for row in cells {
        let mut line = vec![row.label];
        line.extend(
            (0..names.len()).map(|i| row.cells.get(i).cloned().flatten().unwrap_or_default()),
        );
        if has_values {
            line.push(row.value.unwrap_or_default());
        }
        table.rows.push(line);
    }
    Some(table.draw(how.max_text, rest))
}

#[derive(Default)]
struct Row {
    label: String,
    cells: Vec<Option<String>>,
    value: Option<String>,
}

impl Row {
    fn len(&self) -> usize {
        let cells = self.cells.iter().flatten().chain(&self.value);
        self.label.len() + cells.map(String::len).sum::<usize>()
    }
}

fn name_text<'s>(scope: &mut Scope<'s, '_>, name: v8::Local<'s, v8::Name>) -> String {
    v8::Local::<v8::String>::try_from(name)
        .map_or_else(|_| String::new(), |name| text(scope, name, MAX_CELL))
}

fn cell<'s>(scope: &mut Scope<'s, '_>, property: Property<'s>, options: &InspectOptions) -> String {
    match property {
        Property::Data(value) => inspect(scope, value, options).replace('\n', " "),
        Property::Accessor { .. } => "[Getter]".to_owned(),
    }
}

/// The object itself, the target of a proxy; `None` for primitives and functions.
fn plain_object<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Option<v8::Local<'s, v8::Object>> {
    let mut object: v8::Local<v8::Object> = value.try_into().ok()?;
    while let Ok(proxy) = v8::Local::<v8::Proxy>::try_from(object) {
        object = proxy.get_target(scope).try_into().ok()?;
    }
    (!object.is_function()).then_some(object)
}

/// What becomes the rows of a table.
struct Listed<'s> {
    /// The heading of the first column.
    heading: &'static str,
    /// The label and the value of each row.
    rows: Vec<(String, Property<'s>)>,
    /// How many more there are.
    rest: usize,
}

fn list<'s>(scope: &mut Scope<'s, '_>, object: v8::Local<'s, v8::Object>) -> Option<Listed<'s>> {
    if object.is_map() || object.is_set() || object.is_map_iterator() || object.is_set_iterator() {
        let (entries, pairs) = object.preview_entries(scope);
        let entries = entries?;
        let mut rows = Vec::new();
        let step = if pairs { 2 } else { 1 };
        for (row, index) in (0..entries.length())
            .step_by(step)
            .take(MAX_ROWS)
            .enumerate()
        {
            let (label, value) = if pairs {
                let label = entries.get_index(scope, index)?;
                let label = inspect(
                    scope,
                    label,
                    &InspectOptions {
                        depth: Some(0),
                        max_text: MAX_CELL,
                        ..InspectOptions::default()
                    },
                );
                (
                    label.replace('\n', " "),
                    entries.get_index(scope, index + 1)?,
                )
            } else {
                (row.to_string(), entries.get_index(scope, index)?)
            };
            rows.push((label, Property::Data(value)));
        }
        let heading = if pairs { "(key)" } else { "(iteration index)" };
        let rest = (entries.length() as usize / step).saturating_sub(MAX_ROWS);
        return Some(Listed {
            heading,
            rows,
            rest,
        });
    }
    let keys = own_keys(scope, object, Keys::All, false, MAX_ROWS);
    let mut rows = Vec::new();
    for key in keys.names.into_iter().filter(|key| key.is_string()) {
        if let Some(property) = own_property(scope, object, key) {
            rows.push((name_text(scope, key), property));
        }
    }
    Some(Listed {
        heading: "(index)",
        rows,
        rest: keys.rest,
    })
}

struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(heading: &str) -> Self {
        Table {
            headings: vec![heading.to_owned()],
            rows: Vec::new(),
        }
    }

    /// Draws rows until the text has `max` bytes; then it says how many there are besides, with those that are not here.
    fn draw(&self, max: usize, mut rest: usize) -> String {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells
                    .chain([&self.headings[column]])
                    .map(|cell| columns(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let rule = |left: &str, middle: &str, right: &str| {
            let lines: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
            format!("{left}{}{right}", lines.join(middle))
        };
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!(" {cell}{} ", " ".repeat(width - columns(cell))))
                .collect();
            format!("│{}│", cells.join("│"))
        };
        let mut lines = vec![
            rule("┌", "┬", "┐"),
            line(&self.headings),
            rule("├", "┼", "┤"),
        ];
        let mut length = 0;
        for row in &self.rows {
            if length > max {
                rest += 1;
                continue;
            }
            let row = line(row);
            length += row.len();
            lines.push(row);
        }
        lines.push(rule("└", "┴", "┘"));
        if rest > 0 {
            lines.push(format!("... {}", more(rest, "row")));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_boxes() {
        let mut table = Table::new("(index)");
        table.headings.push("a".into());
        table.rows.push(vec!["0".into(), "'long'".into()]);
        table.rows.push(vec!["1".into(), String::new()]);
        let expected = "\
┌─────────┬────────┐
│ (index) │ a      │
├─────────┼────────┤
│ 0       │ 'long' │
│ 1       │        │
└─────────┴────────┘";
        assert_eq!(table.draw(10_000, 0), expected);
        let short = table.draw(10, 3);
        assert!(short.contains("long"), "{short}");
        assert!(short.ends_with("┘\n... 4 more rows"), "{short}");
    }
}
