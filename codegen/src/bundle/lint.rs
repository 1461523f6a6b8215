//! What built-in scripts must not do, because an app can change every prototype that it can reach.
//!
//! An app's setter at `Object.prototype.signal` or `Array.prototype[0]` meets whoever assigns to such a property of an object that
//! inherits it; its getter meets whoever asks for one that is not there; its `Array.prototype[Symbol.iterator]` meets every
//! `for…of`, spread and array pattern. What runs while the snapshot is baked comes before any app, and is free; the statements of a
//! lazy part do not.
//!
//! `// safe: <reason>` at the end of a line, or alone on the line before it, lets the line be.

use std::cell::Cell;
use std::collections::BTreeSet;

use oxc_allocator::ArenaVec;
use oxc_ast::ast::{
    Argument, ArrayAssignmentTarget, ArrayExpression, ArrayPattern, ArrowFunctionExpression,
    AssignmentExpression, AwaitExpression, BindingIdentifier, CallExpression, Class, Expression,
    ForOfStatement, Function, IdentifierReference, ObjectExpression, ObjectPropertyKind, Program,
    PropertyDefinition, PropertyKey, SimpleAssignmentTarget, UpdateExpression, VariableDeclarator,
    YieldExpression,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;
use oxc_syntax::scope::ScopeFlags;

use super::error::Error;
use super::source::File;

/// How a comment begins that lets a line be.
const EXEMPTION: &str = "// safe: ";

/// The globals that are no properties of an object that an app can change.
const CONSTANTS: &[&str] = &["NaN", "Infinity", "arguments", "globalThis", "undefined"];

/// The methods of prototypes that an app can reach.
const METHODS: &[&str] = &[
    "add",
    "apply",
    "at",
    "bind",
    "call",
    "catch",
    "charCodeAt",
    "clear",
    "codePointAt",
    "concat",
    "copyWithin",
    "delete",
    "deref",
    "endsWith",
    "entries",
    "every",
    "exec",
    "fill",
    "filter",
    "finally",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "flat",
    "flatMap",
    "forEach",
    "get",
    "has",
    "hasOwnProperty",
    "includes",
    "indexOf",
    "isPrototypeOf",
    "join",
    "keys",
    "lastIndexOf",
    "localeCompare",
    "map",
    "match",
    "matchAll",
    "next",
    "normalize",
    "padEnd",
    "padStart",
    "pop",
    "propertyIsEnumerable",
    "push",
    "reduce",
    "reduceRight",
    "register",
    "repeat",
    "replace",
    "replaceAll",
    "resize",
    "reverse",
    "search",
    "set",
    "shift",
    "slice",
    "some",
    "sort",
    "splice",
    "split",
    "startsWith",
    "subarray",
    "substring",
    "test",
    "then",
    "toLowerCase",
    "toString",
    "toUpperCase",
    "transfer",
    "trim",
    "trimEnd",
    "trimStart",
    "unregister",
    "unshift",
    "valueOf",
    "values",
];

/// The module of generated glue calls members of impl objects by the names of the IDL.
const GLUE: &str = super::BINDINGS;

/// What breaks the rules in a script.
pub(super) struct Findings {
    /// Whenever it runs.
    pub(super) always: Vec<Error>,
    /// Unless it runs while the snapshot is baked; with offsets.
    pub(super) baked: Vec<(u32, Error)>,
}

/// Looks for what breaks the rules.
pub(super) fn check(file: &File<'_>, program: &Program<'_>) -> Findings {
    let mut names = Names::default();
    names.visit_program(program);
    let exemptions = program
        .comments
        .iter()
        .filter(|comment| file.text(comment.span).starts_with(EXEMPTION))
        .map(|comment| {
            let offset = comment.span.start;
            let stands_alone = file.is_first_of_line(offset);
            Exemption {
                offset,
                line: file.line(offset) + usize::from(stands_alone),
                used: Cell::new(false),
            }
        })
        .collect();
    let mut rules = Rules {
        file,
        names,
        exemptions,
        depth: 0,
        found: Vec::new(),
        baked: Vec::new(),
    };
    rules.visit_program(program);
    let idle = rules.exemptions.iter().filter(|e| !e.used.get());
    let idle = idle.map(|e| {
        file.error(
            e.offset,
            "this comment exempts a line from a rule that it keeps; take the comment away",
        )
    });
    let mut always: Vec<Error> = idle.collect();
    always.append(&mut rules.found);
    Findings {
        always,
        baked: rules.baked,
    }
}

/// A comment `// safe: …`.
struct Exemption {
    offset: u32,
    /// The line that it lets be.
    line: usize,
    used: Cell<bool>,
}

/// The names that a script defines, wherever.
#[derive(Default)]
struct Names {
    defined: BTreeSet<String>,
    /// Those of constants that are functions.
    functions: BTreeSet<String>,
}

impl<'a> Visit<'a> for Names {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.defined.insert(it.name.to_string());
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        let function = matches!(
            it.init,
            Some(Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_))
        );
        if let Some(identifier) = it.id.get_binding_identifier().filter(|_| function) {
            self.functions.insert(identifier.name.to_string());
        }
        walk::walk_variable_declarator(self, it);
    }
}

struct Rules<'f> {
    file: &'f File<'f>,
    names: Names,
    exemptions: Vec<Exemption>,
    /// How many functions are around.
    depth: usize,
    found: Vec<Error>,
    /// What is free while the snapshot is baked.
    baked: Vec<(u32, Error)>,
}

impl Rules<'_> {
    fn refuse(&mut self, at: &impl GetSpan, message: impl Into<String>) {
        let offset = at.span().start;
        let line = self.file.line(offset);
        match self.exemptions.iter().find(|e| e.line == line) {
            Some(exemption) => exemption.used.set(true),
            None => self.found.push(self.file.error(offset, message)),
        }
    }

    /// For what is free while the snapshot is baked.
    fn refuse_in_function(&mut self, at: &impl GetSpan, message: impl Into<String>) {
        if self.depth > 0 {
            self.refuse(at, message);
        } else {
            let offset = at.span().start;
            self.baked.push((offset, self.file.error(offset, message)));
        }
    }

    fn iterates(&mut self, at: &impl GetSpan, what: &str) {
        self.refuse_in_function(
            at,
            format!("{what} calls an iterator that an app can replace; use indexes"),
        );
    }

    /// A change of a property by its target.
    fn changes(&mut self, target: &SimpleAssignmentTarget<'_>) {
        match target {
            SimpleAssignmentTarget::ComputedMemberExpression(_) => self.refuse_in_function(
                target,
                "this writes to a computed property, where an app's setter may be; use a `List`, a Map, or `setOwn`",
            ),
            SimpleAssignmentTarget::StaticMemberExpression(member) => {
                let owner = member.object.get_identifier_reference();
                if owner.is_some_and(|owner| self.names.functions.contains(owner.name.as_str())) {
                    self.refuse_in_function(
                        target,
                        "this sets a property of a function, which inherits an app's setters; use `setOwn`",
                    );
                }
            }
            _ => {}
        }
    }
}

impl<'a> Visit<'a> for Rules<'_> {
    fn visit_object_expression(&mut self, it: &ObjectExpression<'a>) {
        let inherits_nothing = matches!(it.properties.first(), Some(ObjectPropertyKind::ObjectProperty(property))
            if !property.computed && !property.shorthand
                && matches!(property.value, Expression::NullLiteral(_))
                && matches!(&property.key, PropertyKey::StaticIdentifier(key) if key.name == "__proto__"));
        if !inherits_nothing {
            self.refuse(
                it,
                "this object inherits from Object.prototype, which an app can change; begin with `__proto__: null`, or say `// safe: for apps`",
            );
        }
        walk::walk_object_expression(self, it);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        // Those of the top level get no prototype, wherever they go.
        if it.heritage.is_none() && self.depth > 0 {
            self.refuse(
                it,
                "the objects of a class in a function inherit from Object.prototype; move the class to the top level",
            );
        }
        walk::walk_class(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if let Expression::StaticMemberExpression(callee) = &it.callee
            && self.file.name() != GLUE
            && METHODS.contains(&callee.property.name.as_str())
        {
            let name = callee.property.name;
            self.refuse_in_function(
                &callee.property,
                format!("an app can replace the method `{name}` of built-in prototypes; use the function of primordials.js, or give a method of your own another name"),
            );
        }
        walk::walk_call_expression(self, it);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        let name = it.name.as_str();
        if !CONSTANTS.contains(&name) && !self.names.defined.contains(name) {
            self.refuse_in_function(
                it,
                format!(
                    "`{name}` is a global, which an app can replace; import it from primordials.js"
                ),
            );
        }
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        if let Some(target) = it.left.as_simple_assignment_target() {
            self.changes(target);
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_update_expression(&mut self, it: &UpdateExpression<'a>) {
        self.changes(&it.argument);
        walk::walk_update_expression(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        self.iterates(it, "`for…of`");
        walk::walk_for_of_statement(self, it);
    }

    fn visit_array_expression(&mut self, it: &ArrayExpression<'a>) {
        if it.elements.iter().any(|element| element.is_spread()) {
            self.iterates(it, "a spread element");
        }
        walk::walk_array_expression(self, it);
    }

    fn visit_arguments(&mut self, it: &ArenaVec<'a, Argument<'a>>) {
        if let Some(spread) = it.iter().find(|argument| argument.is_spread()) {
            self.refuse_in_function(
                spread,
                "a spread argument calls an iterator that an app can replace; use ReflectApply",
            );
        }
        walk::walk_arguments(self, it);
    }

    fn visit_array_pattern(&mut self, it: &ArrayPattern<'a>) {
        self.iterates(it, "an array pattern");
        walk::walk_array_pattern(self, it);
    }

    fn visit_array_assignment_target(&mut self, it: &ArrayAssignmentTarget<'a>) {
        self.iterates(it, "an array pattern");
        walk::walk_array_assignment_target(self, it);
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.refuse_in_function(it, "`await` asks for the promise's `constructor` and `then`, which an app can replace; use PromisePrototypeThen");
        walk::walk_await_expression(self, it);
    }

    fn visit_yield_expression(&mut self, it: &YieldExpression<'a>) {
        self.refuse_in_function(
            it,
            "generators hand out objects whose prototype an app can change; write the iterator out",
        );
        walk::walk_yield_expression(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.depth += 1;
        walk::walk_function(self, it, flags);
        self.depth -= 1;
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.depth += 1;
        walk::walk_arrow_function_expression(self, it);
        self.depth -= 1;
    }

    /// A field of instances runs when one is made.
    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        let runs_later = usize::from(!it.r#static);
        self.depth += runs_later;
        walk::walk_property_definition(self, it);
        self.depth -= runs_later;
    }
}
