//! Converters of callback functions and callback interfaces.
//!
//! The result of a conversion is a function `(thisArg, …args)` that runs "invoke"
//! (<https://webidl.spec.whatwg.org/#invoke-a-callback-function>) or "call a user object's operation"
//! (<https://webidl.spec.whatwg.org/#call-a-user-objects-operation>).

use webapi_idl::{AnnotatedType, Argument, CallbackFunction, CallbackInterface, Type};

use super::convert::Source;
use super::writer::{Writer, property, quote};
use super::{Error, Printer, Result};

impl Printer<'_> {
    /// Prints the converter of a callback function, <https://webidl.spec.whatwg.org/#js-callback-function>.
    pub(super) fn callback_function(
        &self,
        w: &mut Writer,
        callback: &CallbackFunction,
    ) -> Result<()> {
        let name = &callback.name;
        w.open(format!(
            "export function convert_{name}(value, context, what) {{"
        ));
        let callee = if callback.attributes.has("LegacyTreatNonObjectAsNull") {
            // Who converts has checked for an object. One that cannot be called does nothing when it is.
            w.line("if (!isObject(value)) throw notOfType(context, what, \"Object\");");
            w.line("const callee = typeof value === \"function\" ? value : () => undefined;");
            "callee"
        } else {
            w.line(
                "if (typeof value !== \"function\") throw notOfType(context, what, \"Function\");",
            );
            "value"
        };
        self.invoker(w, name, &callback.returns, &callback.arguments, callee, &[])?;
        w.line("return withCallback(invoke, value);");
        w.close("}");
        w.blank();
        Ok(())
    }

    /// Prints the converter of a callback interface, <https://webidl.spec.whatwg.org/#js-callback-interface>.
    pub(super) fn callback_interface(
        &self,
        w: &mut Writer,
        callback: &CallbackInterface,
    ) -> Result<()> {
        let (name, operation) = (&callback.name, &callback.operation);
        if !callback.constants.is_empty() {
            return Err(Error::new(format!(
                "`{name}`: the script glue defines no interface objects for callback interfaces with constants; move the constants to an interface"
            )));
        }
        let context = format!(
            "Failed to execute '{}' on '{name}'",
            callback.operation_name
        );
        w.open(format!(
            "export function convert_{name}(value, context, what) {{"
        ));
        w.line(format!(
            "if (!isObject(value)) throw notOfType(context, what, {});",
            quote(name)
        ));
        let prologue = [
            "let callee = value;".to_owned(),
            "if (typeof value !== \"function\") {".to_owned(),
            format!("  callee = value{};", property(&callback.operation_name)),
            format!(
                "  if (typeof callee !== \"function\") throw typeError({}, \"The listener is not callable.\");",
                quote(&context)
            ),
            "  thisArg = value;".to_owned(),
            "}".to_owned(),
        ];
        self.invoker(
            w,
            name,
            &operation.returns,
            &operation.arguments,
            "callee",
            &prologue,
        )?;
        w.line("return withCallback(invoke, value);");
        w.close("}");
        w.blank();
        Ok(())
    }

    /// Prints `const invoke = (thisArg, …) => …`, which calls `callee` with a fixed number of arguments where the signature has one.
    fn invoker(
        &self,
        w: &mut Writer,
        name: &str,
        returns: &AnnotatedType,
        arguments: &[Argument],
        callee: &str,
        prologue: &[String],
    ) -> Result<()> {
        let required = arguments
            .iter()
            .filter(|a| !a.optional && !a.variadic)
            .count();
        let variadic = arguments.last().filter(|a| a.variadic);
        let fixed = arguments.len() - usize::from(variadic.is_some());

        let mut values = Vec::new();
        for (i, argument) in arguments[..fixed].iter().enumerate() {
            values.push(self.to_js(&argument.ty, &format!("a{i}"))?);
        }
        let parameters: String = (0..fixed).map(|i| format!(", a{i}")).collect();
        let promise = matches!(returns.kind, Type::Promise(_));

        // `arguments` is what an arrow function has not.
        let counts = required < fixed && variadic.is_none();
        if let Some(variadic) = variadic {
            if fixed > 0 {
                return Err(Error::new(format!(
                    "callback `{name}`: the script glue supports variadic arguments of callbacks only where they are the only ones"
                )));
            }
            w.open("const invoke = (thisArg, ...rest) => {");
            if let Some(function) = self.to_js_function(&variadic.ty)? {
                w.line(format!("rest = sequenceToJS(rest, {function});"));
            }
        } else if counts {
            w.open(format!("const invoke = function (thisArg{parameters}) {{"));
        } else {
            w.open(format!("const invoke = (thisArg{parameters}) => {{"));
        }
        if promise {
            w.open("try {");
        }
        for line in prologue {
            w.line(line);
        }
        if variadic.is_some() {
            self.invocation(
                w,
                name,
                returns,
                format!("ReflectApply({callee}, thisArg, rest)"),
            )?;
        } else {
            let call = |count: usize| {
                let values: String = values[..count]
                    .iter()
                    .map(|value| format!(", {value}"))
                    .collect();
                format!("FunctionPrototypeCall({callee}, thisArg{values})")
            };
            if counts {
                for count in required..fixed {
                    w.open(format!("if (arguments.length === {}) {{", count + 1));
                    self.invocation(w, name, returns, call(count))?;
                    w.close("}");
                }
            }
            self.invocation(w, name, returns, call(fixed))?;
        }
        if promise {
            w.close("} catch (error) {");
            w.line("  return PromiseReject(error);");
            w.line("}");
        }
        w.close("};");
        Ok(())
    }

    /// The call itself and the conversion of its result.
    fn invocation(
        &self,
        w: &mut Writer,
        name: &str,
        returns: &AnnotatedType,
        call: String,
    ) -> Result<()> {
        match &returns.kind {
            Type::Undefined => {
                w.line(format!("{call};"));
                w.line("return undefined;");
            }
            Type::Any => w.line(format!("return {call};")),
            _ => {
                let context = quote(&format!("Failed to call the callback '{name}'"));
                let source = Source {
                    value: "result",
                    context: &context,
                    what: Some("\"The returned value\""),
                };
                let result = self.to_idl(returns, source)?;
                // Conversions that mention their value once need no name for it.
                if result.matches("result").count() == 1 {
                    w.line(format!("return {};", result.replace("result", &call)));
                } else {
                    w.line(format!("const result = {call};"));
                    w.line(format!("return {result};"));
                }
            }
        }
        Ok(())
    }
}
