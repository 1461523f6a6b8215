//! Operations and constructors: trait members, callbacks, arguments.
//!
//! <https://webidl.spec.whatwg.org/#js-operations>

use webapi_idl::{Argument, Operation, OperationSet, Type};

use super::overloads::Outcome;
use super::{Printer, Result, Source, snake};

/// What a member belongs to, for messages and for the way it is called.
pub(crate) struct Owner<'a> {
    /// Identifier: `Headers`.
    pub(crate) name: &'a str,
    /// Path of the Rust type.
    pub(crate) path: String,
    /// Whether members are called on an object of the type.
    pub(crate) receiver: Receiver,
    /// Whether only built-in scripts see it: errors of theirs do not name it.
    pub(crate) internal: bool,
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

    /// The member's declaration in the trait.
    pub(crate) fn print_operation_signature(
        &self,
        set: &OperationSet,
        receiver: Receiver,
        out: &mut Source,
    ) -> Result {
        self.check_overload_names(set)?;
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
        let context = if owner.internal {
            String::new()
        } else {
            format!("Failed to execute '{}' on '{}'", set.name, owner.name)
        };
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
        self.print_overloads(set, &target, Outcome::Result, out)?;
        out.close("}) }");
        out.close("}");
        out.line("");
        Ok(())
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

/// The argument list in a trait member's documentation.
pub(crate) fn argument_names(operation: &Operation) -> String {
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
