//! Overloads of operations and constructors: their names in the trait, and the choice among them.
//!
//! <https://webidl.spec.whatwg.org/#js-overloads>

use webapi_idl::{AnnotatedType, Implementation, Operation, OperationSet, Type};

use super::types::buffer_test;
use super::{Printer, Result, Source, snake, type_name, unsupported};
use crate::distinguish::Group;
use crate::overloads::{Choice, Condition, choice, counts, required};

/// What becomes of what a trait member gives.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    /// It is converted to the result of the call.
    Result,
    /// It is put behind the object that is being constructed.
    Construction,
}

impl Printer<'_> {
    /// The trait member's name: `[RustName]`, else the IDL name, for later overloads with the type that tells them apart.
    pub(crate) fn overload_name(&self, set: &OperationSet, index: usize) -> String {
        let operation = &set.overloads[index];
        if let Some(name) = operation.attributes.identifier("RustName") {
            return name.to_owned();
        }
        if index == 0 {
            return snake(&set.name);
        }
        let first = &set.overloads[0];
        let differing = operation
            .arguments
            .iter()
            .zip(
                first
                    .arguments
                    .iter()
                    .map(Some)
                    .chain(std::iter::repeat(None)),
            )
            .find(|(a, b)| b.is_none_or(|b| b.ty.kind != a.ty.kind));
        let suffix =
            differing.map_or_else(|| index.to_string(), |(a, _)| snake(&self.variant(&a.ty)));
        format!("{}_{suffix}", snake(&set.name))
    }

    /// Refuses overloads that would have the same name in the trait.
    pub(crate) fn check_overload_names(&self, set: &OperationSet) -> Result {
        let mut names: Vec<String> = Vec::new();
        for (index, operation) in set.overloads.iter().enumerate() {
            let name = self.overload_name(set, index);
            if names.contains(&name) {
                return unsupported(
                    &operation.span,
                    format!(
                        "two overloads of {} would be called {name} in the trait; give this one a [RustName=…]",
                        set.name
                    ),
                );
            }
            names.push(name);
        }
        Ok(())
    }

    /// The check of the argument count, the choice of the overload, and its call. `target` is what stands before the
    /// trait member's name.
    pub(crate) fn print_overloads(
        &self,
        set: &OperationSet,
        target: &str,
        outcome: Outcome,
        out: &mut Source,
    ) -> Result {
        let required = required(&set.overloads);
        if required > 0 {
            out.line(format!("call.require({required})?;"));
        }
        let invoke = |index: usize, out: &mut Source| {
            let arguments = self.print_arguments(&set.overloads[index], out);
            let call = format!("{target}{}({arguments})?", self.overload_name(set, index));
            match outcome {
                Outcome::Result => {
                    out.line(format!("let result = {call};"));
                    out.line(format!(
                        "call.returns::<{}>(scope, result)",
                        self.marker(&set.overloads[index].returns)
                    ));
                }
                Outcome::Construction => {
                    out.line(format!("let value = {call};"));
                    out.line("let this = webidl::Ref::attach(scope, call.this(), value);");
                    out.line(format!("{target}constructed(scope, this)"));
                }
            }
        };
        if set.overloads.len() == 1 {
            invoke(0, out);
            return Ok(());
        }
        self.print_choice(&set.overloads, out)?;
        out.open("match overload {");
        for index in 0..set.overloads.len() {
            let last = index + 1 == set.overloads.len();
            out.open(if last {
                "_ => {".to_owned()
            } else {
                format!("{index} => {{")
            });
            invoke(index, out);
            out.close("}");
        }
        out.close("}");
        Ok(())
    }

    /// Prints `let overload`, <https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>.
    fn print_choice(&self, overloads: &[Operation], out: &mut Source) -> Result {
        let counts = counts(overloads);
        out.open("let overload: usize = match call.length() {");
        for count in counts.clone() {
            let pattern = if count == *counts.end() {
                "_".to_owned()
            } else {
                count.to_string()
            };
            self.print_choice_of_count(overloads, count, &pattern, out)?;
        }
        out.close("};");
        Ok(())
    }

    /// The arm for calls with `count` arguments.
    fn print_choice_of_count(
        &self,
        overloads: &[Operation],
        count: usize,
        pattern: &str,
        out: &mut Source,
    ) -> Result {
        let (position, conditions, otherwise) = match choice(self.model, overloads, count) {
            Ok(Choice::Nothing) => {
                out.line(format!("{pattern} => return Err(call::no_overload()),"));
                return Ok(());
            }
            Ok(Choice::Only(overload)) => {
                out.line(format!("{pattern} => {overload},"));
                return Ok(());
            }
            Ok(Choice::ByArgument {
                position,
                conditions,
                otherwise,
            }) => (position, conditions, otherwise),
            Err(message) => return unsupported(&overloads[0].span, message),
        };
        out.open(format!("{pattern} => {{"));
        out.line(format!("let value = call.raw({position});"));
        let mut keyword = "if";
        for (condition, overload) in conditions {
            let condition = match condition {
                Condition::Undefined => "value.is_undefined()".to_owned(),
                Condition::Nullish => "value.is_null_or_undefined()".to_owned(),
                Condition::Is(group, ty) => self.value_test(group, ty),
            };
            out.line(format!("{keyword} {condition} {{ {overload} }}"));
            keyword = "else if";
        }
        let otherwise = otherwise.map_or_else(
            || "return Err(call::no_overload())".to_owned(),
            |overload| overload.to_string(),
        );
        out.line(format!("else {{ {otherwise} }}"));
        out.close("}");
        Ok(())
    }

    /// The condition under which `value` is of a type, as far as it is asked for in a group.
    fn value_test(&self, group: Group, ty: &AnnotatedType) -> String {
        match (group, &ty.kind) {
            (_, Type::Interface(name)) => {
                let interface = &self.model.interfaces[name];
                let (kind, path) = match interface.implementation {
                    Implementation::Native => ("Ref", self.interface_path(interface)),
                    Implementation::Script => ("ScriptRef", format!("marker::{}", type_name(name))),
                };
                format!("webidl::{kind}::<{path}>::from_value(scope, value).is_some()")
            }
            (_, Type::Buffer(buffer)) => buffer_test(*buffer, ty.annotations.allow_shared),
            (Group::Undefined, _) => "value.is_undefined()".to_owned(),
            (Group::Nullish, _) => "value.is_null_or_undefined()".to_owned(),
            (Group::Function, _) => "value.is_function()".to_owned(),
            (Group::Iterable, _) => "idl::is_iterable(scope, value)?".to_owned(),
            (Group::Symbol, _) => "value.is_symbol()".to_owned(),
            (Group::Boolean, _) => "value.is_boolean()".to_owned(),
            (Group::Number, _) => "value.is_number()".to_owned(),
            // Interfaces and buffers were seen above.
            (Group::Object | Group::Platform | Group::Buffer, _) => "value.is_object()".to_owned(),
            (Group::AnyString | Group::AnyNumber | Group::AnyBoolean | Group::Any, _) => {
                "true".to_owned()
            }
        }
    }
}
