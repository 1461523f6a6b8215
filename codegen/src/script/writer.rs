//! Text with indentation, and literals of JavaScript and TypeScript.

/// Collects lines of JavaScript; `open` and `close` move the indentation.
#[derive(Default)]
pub(crate) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    /// One line, or several if `line` has line breaks; an empty one has no indentation.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        for line in line.as_ref().split('\n') {
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n("  ", self.depth));
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }

    /// A line after which the indentation is deeper.
    pub(crate) fn open(&mut self, line: impl AsRef<str>) {
        self.line(line);
        self.depth += 1;
    }

    /// A line before which the indentation ends.
    pub(crate) fn close(&mut self, line: impl AsRef<str>) {
        self.depth -= 1;
        self.line(line);
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// A JavaScript string literal.
pub(crate) fn quote(text: &str) -> String {
    // JSON strings are JavaScript string literals since ES2019.
    serde_json::to_string(text).expect("a string serializes")
}

/// `.name`, or `["na-me"]` where the name is no identifier.
pub(super) fn property(name: &str) -> String {
    if is_identifier(name) {
        format!(".{name}")
    } else {
        format!("[{}]", quote(name))
    }
}

/// A name as the key of a member: quoted where it is no identifier.
pub(crate) fn property_key(name: &str) -> String {
    if is_identifier(name) {
        name.to_owned()
    } else {
        quote(name)
    }
}

fn is_identifier(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Members written as a class has them, as those of an object literal: with commas.
pub(super) fn as_object_members(members: Writer) -> String {
    let text = members.finish().replace("\n}\n", "\n},\n");
    text.trim_end().to_owned()
}
