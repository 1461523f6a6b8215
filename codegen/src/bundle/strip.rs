//! Takes comments and indentation away: every isolate keeps the text of its built-in scripts, so each byte counts once per app.

use super::error::Error;

/// The text without comments, indentation and empty lines. What remains must be ASCII, because V8 stores a text with any other
/// character in two bytes each.
pub(super) fn strip(file: &str, text: &str) -> Result<String, Error> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        position: 0,
        output: Vec::with_capacity(text.len()),
        templates: Vec::new(),
    };
    scanner.run();
    let stripped =
        String::from_utf8(scanner.output).expect("whole characters are copied or left out");
    if let Some((index, line)) = stripped
        .lines()
        .enumerate()
        .find(|(_, line)| !line.is_ascii())
    {
        return Err(Error::new(format!(
            "{file}: expected ASCII outside of comments, found `{line}` (line {} without comments and empty lines); write the character as \\u…",
            index + 1
        )));
    }
    Ok(stripped)
}

struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
    output: Vec<u8>,
    /// For each template literal around the position, the depth of braces inside of its current `${`.
    templates: Vec<usize>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.position) {
            match byte {
                b'/' if self.next() == Some(b'/') => self.skip_to(b"\n"),
                b'/' if self.next() == Some(b'*') => {
                    self.skip_to(b"*/");
                    self.position = (self.position + 2).min(self.bytes.len());
                }
                b'/' if self.at_operand() => self.regular_expression(),
                b'"' | b'\'' => self.string(byte),
                b'`' => {
                    self.copy();
                    self.template();
                }
                b'{' => {
                    if let Some(depth) = self.templates.last_mut() {
                        *depth += 1;
                    }
                    self.copy();
                }
                b'}' => {
                    self.copy();
                    match self.templates.last_mut() {
                        Some(0) => {
                            self.templates.pop();
                            self.template();
                        }
                        Some(depth) => *depth -= 1,
                        None => {}
                    }
                }
                b'\n' => self.end_line(),
                b' ' | b'\t' if self.output.last().is_none_or(|last| *last == b'\n') => {
                    self.position += 1
                }
                _ => self.copy(),
            }
        }
    }

    fn next(&self) -> Option<u8> {
        self.bytes.get(self.position + 1).copied()
    }

    fn copy(&mut self) {
        self.output.push(self.bytes[self.position]);
        self.position += 1;
    }

    /// Copies a byte, and the one behind a backslash.
    fn copy_escaped(&mut self) {
        if self.bytes[self.position] == b'\\' && self.next().is_some() {
            self.copy();
        }
        self.copy();
    }

    /// Moves to the next occurrence of `end`, or to the end of the text.
    fn skip_to(&mut self, end: &[u8]) {
        let rest = &self.bytes[self.position..];
        self.position += rest
            .windows(end.len())
            .position(|window| window == end)
            .unwrap_or(rest.len());
    }

    /// Ends a line, unless it is empty; drops what a comment left before the end.
    fn end_line(&mut self) {
        while matches!(self.output.last(), Some(b' ' | b'\t')) {
            self.output.pop();
        }
        if self.output.last().is_some_and(|last| *last != b'\n') {
            self.output.push(b'\n');
        }
        self.position += 1;
    }

    fn string(&mut self, quote: u8) {
        self.copy();
        while let Some(&byte) = self.bytes.get(self.position) {
            self.copy_escaped();
            if byte == quote {
                break;
            }
        }
    }

    /// Copies a template literal up to its end or to a `${`, whose expression is code again.
    fn template(&mut self) {
        while let Some(&byte) = self.bytes.get(self.position) {
            if byte == b'$' && self.next() == Some(b'{') {
                self.copy();
                self.copy();
                self.templates.push(0);
                return;
            }
            self.copy_escaped();
            if byte == b'`' {
                return;
            }
        }
    }

    fn regular_expression(&mut self) {
        let mut in_class = false;
        self.copy();
        while let Some(&byte) = self.bytes.get(self.position) {
            self.copy_escaped();
            match byte {
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                _ => {}
            }
        }
    }

    /// Whether an operand comes next, so that `/` begins a regular expression and does not divide.
    fn at_operand(&self) -> bool {
        let written = self.output.trim_ascii_end();
        let Some(&last) = written.last() else {
            return true;
        };
        if !(last.is_ascii_alphanumeric() || matches!(last, b'_' | b'$')) {
            return !matches!(last, b')' | b']' | b'}' | b'"' | b'\'' | b'`');
        }
        let start = written
            .iter()
            .rposition(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')))
            .map_or(0, |i| i + 1);
        matches!(
            &written[start..],
            b"return"
                | b"typeof"
                | b"case"
                | b"in"
                | b"of"
                | b"void"
                | b"delete"
                | b"throw"
                | b"new"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::strip;

    fn stripped(text: &str) -> String {
        strip("a.js", text).unwrap()
    }

    #[test]
    fn comments_and_indentation_go() {
        let text = "// a … b\n/** doc\n * more */\nfunction f() {\n  // x\n  return 1; // y\n\n}\n";
        assert_eq!(stripped(text), "function f() {\nreturn 1;\n}\n");
        assert_eq!(stripped("a = 1; /* x */ b = 2;\n"), "a = 1;  b = 2;\n");
    }

    #[test]
    fn literals_stay() {
        for text in [
            "const a = \"// no \\\" comment\";\n",
            "const a = '/* no */';\n",
            "const a = `// no\n  ${b + `/* ${c} */` + { d: 1 }.d}  // still ${\"`\"}\n`;\n",
            "const a = /\\/\\/[/\"]/ ;\n",
            "return /\"/;\n",
            "a = b / c / d;\n",
            "a = (b) / c; // x\n".trim_end_matches(" // x\n"),
        ] {
            assert_eq!(stripped(text), text);
        }
    }

    #[test]
    fn other_characters_are_refused() {
        let error = strip("a.js", "// é\nconst a = \"é\";\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(
                "a.js: expected ASCII outside of comments, found `const a = \"é\";` (line 1"
            ),
            "{error}"
        );
    }
}
