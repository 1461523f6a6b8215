//! Bodies of operations and constructors: argument counts, conversions, overload resolution, the call of the impl.

use webapi_idl::{Argument, Operation, OperationSet, Type};

use super::convert::Source;
use super::distinguish::Test;
use super::writer::{Writer, quote};
use super::{Error, Printer, Result};
use crate::overloads::{Choice, Condition, choice, counts, is_variadic, required};

/// What a body calls with the converted arguments.
pub(super) struct Callee<'a> {
    /// `this.#impl.read`, `XImpl.from`.
    pub(super) function: &'a str,
    /// How messages begin, as a JavaScript string literal.
    pub(super) context: &'a str,
    /// Whether the body is that of a constructor, which returns nothing.
    pub(super) constructor: bool,
}

/// The parameter list. Optional parameters have a default value, because `length` counts the others only.
pub(super) fn parameters(overloads: &[Operation], at_least: usize) -> String {
    let required = required(overloads);
    let fixed = overloads
        .iter()
        .map(|o| o.arguments.iter().filter(|a| !a.variadic).count())
        .max()
        .unwrap_or(0);
    let mut list: Vec<String> = (0..fixed.max(at_least))
        .map(|i| {
            if i < required {
                format!("a{i}")
            } else {
                format!("a{i} = undefined")
            }
        })
        .collect();
    if overloads
        .iter()
        .any(|o| o.arguments.iter().any(|a| a.variadic))
    {
        list.push("...rest".to_owned());
    }
    list.join(", ")
}

/// Whether the operation returns a promise, in which case its exceptions become rejections.
pub(super) fn returns_promise(overloads: &[Operation]) -> bool {
    overloads
        .iter()
        .any(|o| matches!(o.returns.kind, Type::Promise(_)))
}

impl Printer<'_> {
    /// Prints a regular or static operation as a method. `receiver` is the check of `this`, `function` what to call then.
    pub(super) fn operation(
        &self,
        w: &mut Writer,
        interface: &str,
        set: &OperationSet,
        receiver: &[String],
        function: &str,
    ) -> Result<()> {
        let modifier = if set.is_static { "static " } else { "" };
        let context = quote(&format!(
            "Failed to execute '{}' on '{interface}'",
            set.name
        ));
        let promise = returns_promise(&set.overloads);
        w.open(format!(
            "{modifier}{}({}) {{",
            set.name,
            parameters(&set.overloads, 0)
        ));
        if promise {
            w.open("try {");
        }
        for line in receiver {
            w.line(line);
        }
        self.body(
            w,
            &set.overloads,
            &Callee {
                function,
                context: &context,
                constructor: false,
            },
        )?;
        if promise {
            w.close("} catch (error) {");
            w.line("  return PromiseReject(error);");
            w.line("}");
        }
        w.close("}");
        Ok(())
    }

    /// Prints the check of the argument count, the choice of the overload, and the call.
    pub(super) fn body(
        &self,
        w: &mut Writer,
        overloads: &[Operation],
        callee: &Callee<'_>,
    ) -> Result<()> {
        let required = required(overloads);
        if required > 0 {
            let context = callee.context;
            w.line(format!(
                "if (arguments.length < {required}) throw notEnoughArguments({context}, {required}, arguments.length);"
            ));
        }
        if let [operation] = overloads {
            return self.call(w, operation, callee);
        }
        self.resolve(w, overloads, callee)?;
        for (i, operation) in overloads.iter().enumerate() {
            if i + 1 == overloads.len() {
                self.call(w, operation, callee)?;
            } else {
                w.open(format!("if (overload === {i}) {{"));
                self.call(w, operation, callee)?;
                if callee.constructor {
                    w.line("return;");
                }
                w.close("}");
            }
        }
        Ok(())
    }

    /// Converts the arguments and calls the impl.
    fn call(&self, w: &mut Writer, operation: &Operation, callee: &Callee<'_>) -> Result<()> {
        let arguments = self
            .arguments(&operation.arguments, callee.context)
            .map_err(|e| e.at(&operation.span))?
            .join(", ");
        let call = format!("{}({arguments})", callee.function);
        if callee.constructor {
            w.line(format!("{call};"));
        } else if operation.returns.kind == Type::Undefined {
            w.line(format!("{call};"));
            w.line("return undefined;");
        } else {
            let value = self
                .to_js(&operation.returns, &call)
                .map_err(|e| e.at(&operation.span))?;
            w.line(format!("return {value};"));
        }
        Ok(())
    }

    /// The converted arguments, in order, as expressions over the parameters.
    pub(super) fn arguments(&self, arguments: &[Argument], context: &str) -> Result<Vec<String>> {
        let mut values = Vec::new();
        for (i, argument) in arguments.iter().enumerate() {
            if argument.variadic {
                let element = self.element_converter(&argument.ty)?;
                values.push(if element == "toAny" {
                    "rest".to_owned()
                } else {
                    format!("convertRest(rest, {element}, {context})")
                });
                continue;
            }
            let value = format!("a{i}");
            let what = quote(&format!("parameter {}", i + 1));
            let converted = self.to_idl(
                &argument.ty,
                Source {
                    value: &value,
                    context,
                    what: Some(&what),
                },
            )?;
            values.push(if !argument.optional {
                converted
            } else {
                self.optional(argument, &value, converted, context)?
            });
        }
        Ok(values)
    }

    /// An optional argument: undefined is missing.
    fn optional(
        &self,
        argument: &Argument,
        value: &str,
        converted: String,
        context: &str,
    ) -> Result<String> {
        let kind = &argument.ty.kind;
        let default = match &argument.default {
            Some(default) => self.default_value(default, &argument.ty, context)?,
            None => "undefined".to_owned(),
        };
        // Where the conversion of undefined is the default, it needs no question.
        let same = match kind {
            Type::Any => default == "undefined",
            Type::Boolean => default == "false",
            Type::Dictionary(_) => true,
            Type::Nullable(_) => default == "null",
            _ => false,
        };
        Ok(if same {
            converted
        } else {
            format!("{value} === undefined ? {default} : {converted}")
        })
    }

    /// Prints `let overload`, <https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>.
    fn resolve(&self, w: &mut Writer, overloads: &[Operation], callee: &Callee<'_>) -> Result<()> {
        if is_variadic(overloads) {
            return Err(Error::new(
                "the script glue has no overloads with variadic arguments; implement the interface natively, or name the operations apart",
            ));
        }
        let counts = counts(overloads);
        w.line("let overload;");
        w.open("switch (arguments.length) {");
        for count in counts.clone() {
            w.open(if count == *counts.end() {
                "default: {".to_owned()
            } else {
                format!("case {count}: {{")
            });
            self.resolve_count(w, overloads, count, callee)?;
            w.line("break;");
            w.close("}");
        }
        w.close("}");
        Ok(())
    }

    /// The choice among the overloads that take `count` arguments.
    fn resolve_count(
        &self,
        w: &mut Writer,
        overloads: &[Operation],
        count: usize,
        callee: &Callee<'_>,
    ) -> Result<()> {
        let (position, conditions, otherwise) =
            match choice(self.model, overloads, count).map_err(Error::new)? {
                Choice::Nothing => {
                    w.line(format!("throw noOverload({});", callee.context));
                    return Ok(());
                }
                Choice::Only(overload) => {
                    w.line(format!("overload = {overload};"));
                    return Ok(());
                }
                Choice::ByArgument {
                    position,
                    conditions,
                    otherwise,
                } => (position, conditions, otherwise),
            };
        let value = format!("a{position}");
        let mut keyword = "if";
        for (condition, overload) in conditions {
            let condition = match condition {
                Condition::Undefined => format!("{value} === undefined"),
                Condition::Nullish => format!("{value} === undefined || {value} === null"),
                Condition::Is(group, ty) => match self.test(group, ty, &value) {
                    Test::Condition(condition) => condition,
                    Test::Iterable => {
                        let method = format!("{value}[SymbolIterator]");
                        format!("isObject({value}) && {method} !== undefined && {method} !== null")
                    }
                    Test::Anything => "true".to_owned(),
                },
            };
            w.line(format!("{keyword} ({condition}) overload = {overload};"));
            keyword = "else if";
        }
        if let Some(overload) = otherwise {
            w.line(format!("else overload = {overload};"));
            return Ok(());
        }
        w.line(format!("else throw noOverload({});", callee.context));
        Ok(())
    }
}
