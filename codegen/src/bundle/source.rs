//! One script: its imports, and its statements without `import`, `export`, comments and indentation.

use std::collections::BTreeSet;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Argument, ArrowFunctionExpression, BindingIdentifier, ClassElement, Declaration, Expression,
    Function, IdentifierReference, ImportDeclaration, ImportDeclarationSpecifier, Program,
    Statement as Syntax, TemplateElement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};
use oxc_syntax::scope::ScopeFlags;

use super::error::Error;
use super::lint;

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
    pub(super) exported: bool,
}

/// A statement of the top level.
#[derive(Debug)]
pub(super) struct Statement {
    /// Without comments and indentation; ends with a line end.
    pub(super) text: String,
    pub(super) kind: Kind,
    /// The names of the top level that it defines.
    pub(super) defines: Vec<String>,
    /// Every name that it refers to.
    pub(super) names: BTreeSet<String>,
    /// What the rules of [`lint`] let be only if it runs while the snapshot is baked.
    pub(super) baked: Vec<Error>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A function declaration: it does nothing unless somebody refers to its name.
    Function(String),
    /// A class without `extends`, whose objects inherit from nothing. (Those of glue are interfaces, and inherit as interfaces do.)
    RootClass(String),
    /// A declaration of variables.
    Variables,
    /// `exportToNative("name", …);`
    Export(String),
    /// `defineGlobal(globalThis, "Name", …);`
    Global(String),
    /// `lazyPart("Name", …);` names the interfaces of a part: see [`super::parts`].
    LazyPart(Vec<String>),
    Other,
}

/// A parsed script.
#[derive(Debug)]
pub(super) struct Source {
    /// Name relative to the root, or a pseudo-module's.
    pub(super) name: String,
    pub(super) imports: Vec<Import>,
    pub(super) definitions: Vec<Definition>,
    /// The names that it uses while it is evaluated, outside of functions.
    pub(super) eager: BTreeSet<String>,
    pub(super) statements: Vec<Statement>,
    /// What the rules of [`lint`] find.
    pub(super) findings: Vec<Error>,
}

impl Source {
    /// Reads a script.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
        let file = File { name, text };
        if let Some(diagnostic) = parsed.diagnostics.first() {
            let offset = diagnostic.labels.first().map_or(0, |label| label.offset());
            return Err(file.error(offset, diagnostic.message.to_string()));
        }
        let lint::Findings { always, baked } = lint::check(&file, &parsed.program);
        let mut source = Self {
            name: name.to_owned(),
            imports: Vec::new(),
            definitions: Vec::new(),
            eager: BTreeSet::new(),
            statements: Vec::new(),
            findings: always,
        };
        source.statements(&file, &parsed.program, &baked)?;
        Ok(source)
    }

    fn statements(
        &mut self,
        file: &File<'_>,
        program: &Program<'_>,
        baked: &[(u32, Error)],
    ) -> Result<(), Error> {
        let mut exported: Vec<(String, u32)> = Vec::new();
        for statement in &program.body {
            let fail = |message: &str| Err(file.error(statement.span().start, message));
            match statement {
                Syntax::ImportDeclaration(import) => {
                    if !self.statements.is_empty() {
                        return fail(
                            "an import below other statements; imports stand at the top of the file",
                        );
                    }
                    self.imports.push(file.import(import)?);
                }
                Syntax::ExportNamedDeclaration(export) => {
                    for specifier in &export.specifiers {
                        let (local, name) = (specifier.local.name(), specifier.exported.name());
                        if local != name {
                            return fail(&format!(
                                "`{local} as {name}` renames; all files share one scope, so use one name"
                            ));
                        }
                        exported.push((name.to_string(), specifier.span.start));
                    }
                }
                Syntax::ExportFromDeclaration(_) | Syntax::ExportAllDeclaration(_) => {
                    return fail(
                        "exports of another file's names; import them from that file instead",
                    );
                }
                Syntax::ExportDefaultDeclaration(_) => {
                    return fail(
                        "a default export; expected `export` before a declaration, or `export { a, b };`",
                    );
                }
                Syntax::ExportDeclaration(export) => {
                    self.define(file, &export.declaration, true);
                    let span = export.declaration.span();
                    self.print(file, program, statement, span, baked)?;
                }
                _ => {
                    if let Some(declaration) = statement.as_declaration() {
                        self.define(file, declaration, false);
                    }
                    self.print(file, program, statement, statement.span(), baked)?;
                }
            }
        }
        for (name, offset) in exported {
            match self.definitions.iter_mut().find(|d| d.name == name) {
                Some(definition) => definition.exported = true,
                None => {
                    return Err(file.error(
                        offset,
                        format!(
                            "`{name}` is exported but not defined at the top level of this file"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Notes what a declaration defines.
    fn define(&mut self, file: &File<'_>, declaration: &Declaration<'_>, exported: bool) {
        let definitions = identifiers(declaration)
            .into_iter()
            .map(|identifier| Definition {
                name: identifier.name.to_string(),
                line: file.line(identifier.span.start),
                exported,
            });
        self.definitions.extend(definitions);
    }

    /// Keeps a statement, of which `span` is to be printed.
    fn print(
        &mut self,
        file: &File<'_>,
        program: &Program<'_>,
        statement: &Syntax<'_>,
        span: Span,
        baked: &[(u32, Error)],
    ) -> Result<(), Error> {
        let mut eager = Eager(&mut self.eager);
        eager.visit_statement(statement);
        let mut contents = Contents::default();
        contents.visit_statement(statement);
        let declaration = match statement {
            Syntax::ExportDeclaration(export) => Some(&export.declaration),
            _ => statement.as_declaration(),
        };
        let defines = declaration.map_or_else(Vec::new, identifiers);
        let kind = match declaration.map_or_else(|| call_kind(statement), kind) {
            Kind::RootClass(_) if self.name == super::BINDINGS => Kind::Other,
            kind => kind,
        };
        let baked = baked
            .iter()
            .filter(|(offset, _)| (span.start..span.end).contains(offset));
        self.statements.push(Statement {
            text: file.strip(span, program, &contents.templates)?,
            kind,
            defines: defines.iter().map(|it| it.name.to_string()).collect(),
            names: contents.names,
            baked: baked.map(|(_, error)| error.clone()).collect(),
        });
        Ok(())
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

    /// Leaves out the functions that neither `wanted` nor other code of the file refers to: an isolate keeps the text of its
    /// built-in scripts in memory.
    pub(super) fn prune(&mut self, wanted: &BTreeSet<&str>) {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        let mut queue: Vec<&str> = wanted.iter().copied().collect();
        for statement in &self.statements {
            if !matches!(statement.kind, Kind::Function(_)) {
                queue.extend(statement.names.iter().map(String::as_str));
            }
        }
        while let Some(name) = queue.pop() {
            if used.insert(name) {
                for statement in &self.statements {
                    if matches!(&statement.kind, Kind::Function(function) if function == name) {
                        queue.extend(statement.names.iter().map(String::as_str));
                    }
                }
            }
        }
        let used: BTreeSet<String> = used.into_iter().map(str::to_owned).collect();
        self.statements.retain(
            |statement| !matches!(&statement.kind, Kind::Function(name) if !used.contains(name)),
        );
    }
}

/// The names that a declaration defines.
fn identifiers<'d, 'a>(declaration: &'d Declaration<'a>) -> Vec<&'d BindingIdentifier<'a>> {
    match declaration {
        Declaration::VariableDeclaration(variables) => variables
            .declarations
            .iter()
            .flat_map(|declarator| declarator.id.get_binding_identifiers())
            .collect(),
        Declaration::FunctionDeclaration(function) => function.id.iter().collect(),
        Declaration::ClassDeclaration(class) => class.id.iter().collect(),
        _ => Vec::new(),
    }
}

/// What a statement that declares nothing is for.
fn call_kind(statement: &Syntax<'_>) -> Kind {
    let Syntax::ExpressionStatement(statement) = statement else {
        return Kind::Other;
    };
    let Expression::CallExpression(call) = &statement.expression else {
        return Kind::Other;
    };
    let Expression::Identifier(callee) = &call.callee else {
        return Kind::Other;
    };
    let strings = call.arguments.iter().filter_map(|argument| match argument {
        Argument::StringLiteral(string) => Some(string.value.to_string()),
        _ => None,
    });
    let strings: Vec<String> = strings.collect();
    match (callee.name.as_str(), strings.first()) {
        ("exportToNative", Some(name)) => Kind::Export(name.clone()),
        ("defineGlobal", Some(name)) => Kind::Global(name.clone()),
        ("lazyPart", _) => Kind::LazyPart(strings),
        _ => Kind::Other,
    }
}

fn kind(declaration: &Declaration<'_>) -> Kind {
    match declaration {
        Declaration::FunctionDeclaration(function) => function
            .id
            .as_ref()
            .map_or(Kind::Other, |id| Kind::Function(id.name.to_string())),
        Declaration::ClassDeclaration(class) if class.heritage.is_none() => class
            .id
            .as_ref()
            .map_or(Kind::Other, |id| Kind::RootClass(id.name.to_string())),
        Declaration::VariableDeclaration(_) => Kind::Variables,
        _ => Kind::Other,
    }
}

/// A script's name and text.
pub(super) struct File<'a> {
    name: &'a str,
    text: &'a str,
}

impl File<'_> {
    pub(super) fn name(&self) -> &str {
        self.name
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: u32) -> usize {
        self.text.as_bytes()[..offset as usize]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1
    }

    /// Whether nothing but blanks stands before it on its line.
    pub(super) fn is_first_of_line(&self, offset: u32) -> bool {
        let before = self.text[..offset as usize].rsplit('\n').next();
        before.is_none_or(|before| before.trim().is_empty())
    }

    pub(super) fn text(&self, span: Span) -> &str {
        span.source_text(self.text)
    }

    pub(super) fn error(&self, offset: u32, message: impl Into<String>) -> Error {
        Error::at(self.name, self.line(offset), message)
    }

    fn import(&self, import: &ImportDeclaration<'_>) -> Result<Import, Error> {
        let offset = import.span.start;
        let mut names = Vec::new();
        for specifier in import.specifiers.iter().flatten() {
            let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier else {
                return Err(self.error(
                    offset,
                    "expected `import { a, b } from \"./file.js\";`, found another form of import",
                ));
            };
            let (imported, local) = (specifier.imported.name(), specifier.local.name);
            if imported.as_str() != local.as_str() {
                return Err(self.error(
                    specifier.span.start,
                    format!(
                        "`{imported} as {local}` renames; all files share one scope, so use one name"
                    ),
                ));
            }
            names.push(local.to_string());
        }
        Ok(Import {
            names,
            from: import.source.value.to_string(),
            line: self.line(offset),
        })
    }

    /// The text of a statement without comments, indentation and empty lines. What remains must be ASCII, because V8 stores a
    /// text with any other character in two bytes each.
    fn strip(&self, span: Span, program: &Program<'_>, verbatim: &[Span]) -> Result<String, Error> {
        let comments = program
            .comments
            .iter()
            .filter(|comment| span.start <= comment.span.start && comment.span.end <= span.end)
            .map(|comment| (comment.span, false));
        let mut pieces: Vec<(Span, bool)> = comments
            .chain(verbatim.iter().map(|span| (*span, true)))
            .collect();
        pieces.sort_by_key(|(span, _)| span.start);

        let mut text = Text::default();
        let mut position = span.start;
        for (piece, is_kept) in pieces {
            text.code(self.text(Span::new(position, piece.start)));
            if is_kept {
                text.0.push_str(self.text(piece));
            }
            position = piece.end;
        }
        text.code(self.text(Span::new(position, span.end)));
        text.code("\n");
        match text.0.lines().find(|line| !line.is_ascii()) {
            None => Ok(text.0),
            Some(line) => Err(self.error(
                span.start,
                format!(
                    "expected ASCII outside of comments, found `{line}` in the statement that begins here; write the character as \\u…"
                ),
            )),
        }
    }
}

/// A text that grows by pieces of code.
#[derive(Default)]
struct Text(String);

impl Text {
    fn code(&mut self, code: &str) {
        for line in code.split_inclusive('\n') {
            let (content, is_whole) = match line.strip_suffix('\n') {
                Some(content) => (content, true),
                None => (line, false),
            };
            if self.0.is_empty() || self.0.ends_with('\n') {
                self.0.push_str(content.trim_start());
            } else {
                self.0.push_str(content);
            }
            if is_whole {
                // Also what stood before a comment.
                self.0
                    .truncate(self.0.trim_end_matches([' ', '\t', '\r']).len());
                if !self.0.is_empty() && !self.0.ends_with('\n') {
                    self.0.push('\n');
                }
            }
        }
    }
}

/// What a statement holds.
#[derive(Default)]
struct Contents {
    names: BTreeSet<String>,
    templates: Vec<Span>,
}

impl<'a> Visit<'a> for Contents {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.names.insert(it.name.to_string());
    }

    fn visit_template_element(&mut self, it: &TemplateElement<'a>) {
        self.templates.push(it.span);
    }
}

/// Collects the names that code uses when it is evaluated: not those in functions, methods and fields of instances.
struct Eager<'s>(&'s mut BTreeSet<String>);

impl<'a> Visit<'a> for Eager<'_> {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.0.insert(it.name.to_string());
    }

    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}

    fn visit_class_element(&mut self, it: &ClassElement<'a>) {
        match it {
            ClassElement::MethodDefinition(method) if !method.computed => {}
            ClassElement::PropertyDefinition(field) if !field.r#static && !field.computed => {}
            _ => walk::walk_class_element(self, it),
        }
    }
}
