//! Operations and constructors: trait members, callbacks, overload resolution.
//!
//! <https://webidl.spec.whatwg.org/#js-operations>, <https://webidl.spec.whatwg.org/#js-overloads>

use webapi_idl::{AnnotatedType, Argument, Implementation, Operation, OperationSet, Type};

use super::types::buffer_test;
use super::{Printer, Result, Source, snake, type_name};

/// What a member belongs to, for messages and for the way it is called.
pub(crate) struct Owner<'a> {
    /// Identifier: `Headers`.
    pub(crate) name: &'a str,
    /// Path of the Rust type.
    pub(crate) path: String,
    /// Whether members are called on an object of the type.
    pub(crate) receiver: Receiver,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// A platform object.
    Object,
    /// None: a namespace, or an internal one.
    None,
    /// The global object.
    Global,
}

impl Printer<'_> {
    /// Whether the trait's member takes a scope.
    pub(crate) fn needs_scope(&self, operation: &Operation) -> bool {
        operation.attributes.has("WithScope")
            || self.holds_values(&operation.returns)
            || operation.arguments.iter().any(|a| self.holds_values(&a.ty))
    }

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

    /// The member's declaration in the trait.
    pub(crate) fn print_operation_signature(
        &self,
        set: &OperationSet,
        receiver: Receiver,
        out: &mut Source,
    ) -> Result {
        for (index, operation) in set.overloads.iter().enumerate() {
            self.check_type(&operation.returns, &operation.span)?;
            operation
                .arguments
                .iter()
                .try_for_each(|a| self.check_type(&a.ty, &operation.span))?;
            let this = if set.is_static || receiver != Receiver::Object {
                ""
            } else {
                "&self, "
            };
            let returns = self.native(&operation.returns);
            out.line(format!("/// `{}({})`", set.name, argument_names(operation)));
            out.line(signature(
                &self.overload_name(set, index),
                &self.parameters(this, operation),
                &format!("webidl::Fallible<{returns}>"),
            ));
        }
        Ok(())
    }

    /// Parameters of a trait member: `&self, scope: …, name: Vec<u8>`.
    pub(crate) fn parameters(&self, this: &str, operation: &Operation) -> String {
        let scope = if self.needs_scope(operation) {
            "scope: &mut webidl::Scope<'s, '_>, "
        } else {
            ""
        };
        let arguments: Vec<String> = operation
            .arguments
            .iter()
            .map(|a| format!("{}: {}", snake(&a.name), self.argument_native(a)))
            .collect();
        format!("{this}{scope}{}", arguments.join(", "))
            .trim_end_matches(", ")
            .to_owned()
    }

    fn argument_native(&self, argument: &Argument) -> String {
        let native = self.native(&argument.ty);
        if argument.variadic {
            format!("Vec<{native}>")
        } else if argument.optional && argument.default.is_none() {
            format!("Option<{native}>")
        } else {
            native
        }
    }

    /// The callback of all overloads of one operation.
    pub(crate) fn print_operation_callback(
        &self,
        owner: &Owner,
        set: &OperationSet,
        out: &mut Source,
    ) -> Result {
        let promise = set
            .overloads
            .iter()
            .any(|o| matches!(o.returns.kind, Type::Promise(_)));
        let runner = if promise { "promise_member" } else { "member" };
        let context = format!("Failed to execute '{}' on '{}'", set.name, owner.name);
        out.line(format!(
            "pub(super) unsafe extern \"C\" fn {}(info: *const v8::FunctionCallbackInfo) {{",
            callback_name(set)
        ));
        out.open("    // SAFETY: V8's own pointer is passed on.");
        out.open(format!(
            "unsafe {{ call::{runner}(info, \"{context}\", |scope, call| {{"
        ));
        let target = match (set.is_static, owner.receiver) {
            (true, _) | (_, Receiver::None) => format!("{}::", owner.path),
            (_, Receiver::Global) => {
                out.line("call.global_receiver(scope)?;");
                format!("{}::", owner.path)
            }
            (_, Receiver::Object) => {
                out.line(format!(
                    "let this = call.receiver::<{}>(scope)?;",
                    owner.path
                ));
                "this.value().".to_owned()
            }
        };
        self.print_overloads(set, &target, out);
        out.close("}) }");
        out.close("}");
        out.line("");
        Ok(())
    }

    fn print_overloads(&self, set: &OperationSet, target: &str, out: &mut Source) {
        let required = set
            .overloads
            .iter()
            .map(required_arguments)
            .min()
            .unwrap_or(0);
        if required > 0 {
            out.line(format!("call.require({required})?;"));
        }
        if let [only] = set.overloads.as_slice() {
            self.print_invocation(
                only,
                &format!("{target}{}", self.overload_name(set, 0)),
                out,
            );
            return;
        }
        // Overloads are told apart by the argument at which their types first differ.
        let index = distinguishing_index(&set.overloads);
        out.line(format!("let value = call.raw({index});"));
        let last = set.overloads.len() - 1;
        let mut order: Vec<usize> = (0..set.overloads.len()).collect();
        // Strings take anything, so they are asked last.
        order.sort_by_key(|&i| {
            set.overloads[i]
                .arguments
                .get(index)
                .is_none_or(|a| is_string(&a.ty))
        });
        for (position, &which) in order.iter().enumerate() {
            let operation = &set.overloads[which];
            let test = operation
                .arguments
                .get(index)
                .map_or("false".to_owned(), |a| self.value_test(&a.ty));
            // An overload with more required arguments than are given is out of the question.
            let count = required_arguments(operation);
            let opening = match position {
                0 => format!("if call.length() >= {count} && ({test}) {{"),
                p if p == last => "} else {".to_owned(),
                _ => format!("}} else if call.length() >= {count} && ({test}) {{"),
            };
            if position > 0 {
                out.close(opening.clone());
                out.open("");
                out.text.pop();
            } else {
                out.open(opening);
            }
            if position == last && count > required {
                out.line(format!("call.require({count})?;"));
            }
            self.print_invocation(
                operation,
                &format!("{target}{}", self.overload_name(set, which)),
                out,
            );
        }
        out.close("}");
    }

    /// Whether `value` is of the type, without converting it.
    fn value_test(&self, ty: &AnnotatedType) -> String {
        match &ty.kind {
            Type::Interface(name) => {
                let interface = &self.model.interfaces[name];
                match interface.implementation {
                    Implementation::Native => {
                        format!(
                            "webidl::Ref::<{}>::from_value(scope, value).is_some()",
                            self.interface_path(interface)
                        )
                    }
                    Implementation::Script => {
                        format!(
                            "webidl::ScriptRef::<marker::{}>::from_value(scope, value).is_some()",
                            type_name(name)
                        )
                    }
                }
            }
            Type::Buffer(buffer) => buffer_test(*buffer, ty.annotations.allow_shared),
            Type::Callback(_) => "value.is_function()".to_owned(),
            Type::Boolean => "value.is_boolean()".to_owned(),
            Type::Numeric(_) => "value.is_number()".to_owned(),
            Type::Nullable(inner) => {
                format!("value.is_null_or_undefined() || {}", self.value_test(inner))
            }
            Type::Dictionary(_) => "value.is_null_or_undefined() || value.is_object()".to_owned(),
            Type::Union(members) => members
                .iter()
                .map(|m| format!("({})", self.value_test(m)))
                .collect::<Vec<_>>()
                .join(" || "),
            Type::DomString | Type::ByteString | Type::UsvString | Type::Enumeration(_) => {
                "value.is_string()".to_owned()
            }
            _ => "value.is_object()".to_owned(),
        }
    }

    /// Converts the arguments, calls the member, returns its result.
    fn print_invocation(&self, operation: &Operation, member: &str, out: &mut Source) {
        let arguments = self.print_arguments(operation, out);
        out.line(format!("let result = {member}({arguments})?;"));
        out.line(format!(
            "call.returns::<{}>(scope, result)",
            self.marker(&operation.returns)
        ));
    }

    /// Converts the arguments; gives the list to call the member with.
    pub(crate) fn print_arguments(&self, operation: &Operation, out: &mut Source) -> String {
        let mut names = Vec::new();
        if self.needs_scope(operation) {
            names.push("scope".to_owned());
        }
        for (index, argument) in operation.arguments.iter().enumerate() {
            // A prefix keeps arguments from hiding `scope`, `call` and `this`.
            let name = format!("arg_{}", snake(&argument.name));
            let marker = self.marker(&argument.ty);
            let default = argument
                .default
                .as_ref()
                .and_then(|d| self.default(&argument.ty, d));
            out.line(if argument.variadic {
                format!("let {name} = call.rest::<{marker}>(scope, {index})?;")
            } else if let Some(default) = default {
                format!(
                    "let {name} = match call.optional::<{marker}>(scope, {index})? {{ Some(value) => value, None => {default} }};"
                )
            } else if argument.optional && argument.default.is_none() {
                format!("let {name} = call.optional::<{marker}>(scope, {index})?;")
            } else {
                format!("let {name} = call.argument::<{marker}>(scope, {index})?;")
            });
            names.push(name);
        }
        names.join(", ")
    }
}

/// A trait member without its body; the lifetime of the scope is declared where something has it.
pub(crate) fn signature(name: &str, parameters: &str, returns: &str) -> String {
    let lifetime = if parameters.contains("'s") || returns.contains("'s") {
        "<'s>"
    } else {
        ""
    };
    format!("fn {name}{lifetime}({parameters}) -> {returns};")
}

/// The callback's name within its module.
pub(crate) fn callback_name(set: &OperationSet) -> String {
    let kind = if set.is_static { "static_" } else { "call_" };
    format!("{kind}{}", snake(&set.name).trim_end_matches('_'))
}

/// `length` of the function: the shortest list of required arguments.
pub(crate) fn required_arguments(operation: &Operation) -> usize {
    operation
        .arguments
        .iter()
        .take_while(|a| !a.optional && !a.variadic)
        .count()
}

fn argument_names(operation: &Operation) -> String {
    let names: Vec<String> = operation
        .arguments
        .iter()
        .map(|a| match (a.variadic, a.optional) {
            (true, _) => format!("...{}", a.name),
            (_, true) => format!("{}?", a.name),
            _ => a.name.clone(),
        })
        .collect();
    names.join(", ")
}

fn distinguishing_index(overloads: &[Operation]) -> usize {
    let first = &overloads[0];
    (0..first.arguments.len())
        .find(|&i| {
            overloads.iter().any(|o| {
                o.arguments
                    .get(i)
                    .is_some_and(|a| a.ty.kind != first.arguments[i].ty.kind)
            })
        })
        .unwrap_or(0)
}

fn is_string(ty: &AnnotatedType) -> bool {
    matches!(
        ty.kind,
        Type::DomString | Type::ByteString | Type::UsvString | Type::Enumeration(_)
    )
}
