//! One script: its imports, what it defines, and its text without `import` and `export`.

use super::error::Error;

/// `import { names } from "from";`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The imported names, which are also the local ones.
    pub(super) names: Vec<String>,
    /// The specifier as written.
    pub(super) from: String,
    /// Line, from 1.
    pub(super) line: usize,
}

/// A name of the top level.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) line: usize,
    /// `class name extends parent`
    pub(super) extends: Option<String>,
    pub(super) exported: bool,
}

/// A parsed script.
#[derive(Debug)]
pub(super) struct Source {
    /// Name relative to the root, or a pseudo-module's.
    pub(super) name: String,
    pub(super) imports: Vec<Import>,
    pub(super) definitions: Vec<Definition>,
    /// Lines that run when the bundle is evaluated, as far as their indentation shows it: all at column 0 that begin no function.
    pub(super) eager: String,
    /// The text to print.
    pub(super) body: String,
}

impl Source {
    /// Reads a script.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let mut source = Self {
            name: name.to_owned(),
            imports: Vec::new(),
            definitions: Vec::new(),
            eager: String::new(),
            body: String::new(),
        };
        let mut exported: Vec<(String, usize)> = Vec::new();
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(i, line)| (i + 1, line))
            .peekable();
        let mut in_comment = false;
        let mut in_head = true;
        while let Some((number, line)) = lines.next() {
            if in_comment || line.starts_with("/*") {
                in_comment = !line.contains("*/");
                source.print(line);
                continue;
            }
            if line.trim().is_empty() || line.starts_with("//") {
                source.print(line);
                continue;
            }
            let fail = |message: &str| Err(Error::at(name, number, message));
            if line.starts_with("import ") || line.starts_with("import{") {
                if !in_head {
                    return fail(
                        "an import below other statements; imports stand at the top of the file",
                    );
                }
                let mut statement = line.to_owned();
                while !statement.contains(';') {
                    let Some((_, next)) = lines.next() else {
                        return fail(
                            "this import has no end; expected `import { a, b } from \"./file.js\";`",
                        );
                    };
                    statement.push(' ');
                    statement.push_str(next.trim());
                }
                source.imports.push(parse_import(name, number, &statement)?);
                continue;
            }
            in_head = false;
            if line.starts_with("export {") {
                let mut statement = line.to_owned();
                while !statement.contains(';') {
                    let Some((_, next)) = lines.next() else {
                        return fail("this export has no end; expected `export { a, b };`");
                    };
                    statement.push(' ');
                    statement.push_str(next.trim());
                }
                for name in parse_names(name, number, &statement)? {
                    exported.push((name, number));
                }
                if statement.contains(" from ") {
                    return fail(
                        "exports of another file's names; import them from that file instead",
                    );
                }
                continue;
            }
            let (is_exported, declaration) = match line.strip_prefix("export ") {
                Some(rest) => (true, rest),
                None => (false, line),
            };
            let before = source.definitions.len();
            source.declaration(declaration, number, is_exported, &mut lines);
            if is_exported && source.definitions.len() == before {
                return fail(
                    "this export is of another form than `export` before function, async function, class or const, or `export { a, b };`",
                );
            }
            if !line.starts_with(|c: char| c.is_whitespace()) && !declaration.contains("function") {
                source.eager.push_str(declaration);
                source.eager.push('\n');
            }
            source.print(declaration);
        }
        for (exported, line) in exported {
            match source
                .definitions
                .iter_mut()
                .find(|definition| definition.name == exported)
            {
                Some(definition) => definition.exported = true,
                None => {
                    return Err(Error::at(
                        name,
                        line,
                        format!(
                            "`{exported}` is exported but not defined at the top level of this file"
                        ),
                    ));
                }
            }
        }
        Ok(source)
    }

    fn print(&mut self, line: &str) {
        self.body.push_str(line);
        self.body.push('\n');
    }

    /// Notes what a line at column 0 defines.
    fn declaration<'a>(
        &mut self,
        text: &str,
        line: usize,
        exported: bool,
        following: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'a str)> + Clone>,
    ) {
        let mut define = |name: &str, extends: Option<String>| {
            self.definitions.push(Definition {
                name: name.to_owned(),
                line,
                extends,
                exported,
            });
        };
        let function = text.strip_prefix("async ").unwrap_or(text);
        if let Some(rest) = function.strip_prefix("function") {
            define(identifier(rest.trim_start_matches(['*', ' '])), None);
        } else if let Some(rest) = text.strip_prefix("class ") {
            let name = identifier(rest);
            let extends = rest[name.len()..]
                .trim_start()
                .strip_prefix("extends ")
                .map(|parent| identifier(parent).to_owned());
            define(name, extends);
        } else if let Some(rest) = ["const ", "let ", "var "]
            .iter()
            .find_map(|keyword| text.strip_prefix(keyword))
        {
            if rest.starts_with(['{', '[']) {
                let close = if rest.starts_with('{') { '}' } else { ']' };
                let mut pattern = rest.to_owned();
                let mut ahead = following.clone();
                while !pattern.contains(close) {
                    let Some((_, next)) = ahead.next() else { break };
                    pattern.push_str(next);
                }
                let inner = pattern[1..].split(close).next().unwrap_or("");
                for part in inner.split(',') {
                    // `key: name = default`
                    let bound = part
                        .rsplit(':')
                        .next()
                        .unwrap_or("")
                        .split('=')
                        .next()
                        .unwrap_or("")
                        .trim();
                    let bound = identifier(bound.trim_start_matches("..."));
                    if !bound.is_empty() {
                        define(bound, None);
                    }
                }
            } else {
                define(identifier(rest), None);
            }
        }
    }

    /// Whether the top level has the name.
    pub(super) fn defines(&self, name: &str) -> bool {
        self.definitions
            .iter()
            .any(|definition| definition.name == name)
    }

    /// The definition of an exported name.
    pub(super) fn export(&self, name: &str) -> Option<&Definition> {
        self.definitions
            .iter()
            .find(|definition| definition.name == name && definition.exported)
    }
}

/// The identifier at the beginning of a text.
fn identifier(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .unwrap_or(text.len());
    &text[..end]
}

fn parse_import(file: &str, line: usize, statement: &str) -> Result<Import, Error> {
    const FORM: &str = "expected `import { a, b } from \"./file.js\";`";
    let quoted: Vec<&str> = statement.split('"').collect();
    let [clause, from, _] = quoted[..] else {
        return Err(Error::at(
            file,
            line,
            format!("{FORM}, found `{statement}`"),
        ));
    };
    if clause.trim() == "import" {
        return Ok(Import {
            names: Vec::new(),
            from: from.to_owned(),
            line,
        });
    }
    if !clause.contains('{') || !clause.trim_end().ends_with("from") {
        return Err(Error::at(
            file,
            line,
            format!("{FORM}, found `{statement}`"),
        ));
    }
    Ok(Import {
        names: parse_names(file, line, clause)?,
        from: from.to_owned(),
        line,
    })
}

/// The names between braces.
fn parse_names(file: &str, line: usize, statement: &str) -> Result<Vec<String>, Error> {
    let inner = statement
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or("", |(inner, _)| inner);
    let mut names = Vec::new();
    for name in inner
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        if name.contains(" as ") {
            return Err(Error::at(
                file,
                line,
                format!(
                    "`{name}` renames; all files share one scope, in which a name has one meaning. Use the original name, or rename the definition"
                ),
            ));
        }
        if identifier(name) != name {
            return Err(Error::at(
                file,
                line,
                format!("expected a name between the braces, found `{name}`"),
            ));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
