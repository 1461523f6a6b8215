//! `iterable<K, V>`, `async_iterable<…>` and `stringifier`.

use webapi_idl::{Interface, Stringifier};

use super::interface::Receiver;
use super::operation::parameters;
use super::writer::{Writer, quote};
use super::{Printer, Result};

impl Printer<'_> {
    /// Prints the iteration methods of the class.
    pub(super) fn iteration(
        &self,
        w: &mut Writer,
        interface: &Interface,
        receiver: &Receiver,
    ) -> Result<()> {
        let name = &interface.name;
        let method = |w: &mut Writer, head: String, body: &[String]| {
            w.blank();
            w.open(head);
            for line in receiver.check.iter().chain(body) {
                w.line(line);
            }
            w.close("}");
        };
        if interface.iterable.is_some() {
            // https://webidl.spec.whatwg.org/#js-iterable
            for (member, kind) in [
                ("entries", "key+value"),
                ("keys", "key"),
                ("values", "value"),
            ] {
                method(
                    w,
                    format!("{member}() {{"),
                    &[format!(
                        "return iterate_{name}({}, {});",
                        receiver.target,
                        quote(kind)
                    )],
                );
            }
            let context = quote(&format!("Failed to execute 'forEach' on '{name}'"));
            method(
                w,
                "forEach(a0, a1 = undefined) {".to_owned(),
                &[
                    format!("if (arguments.length < 1) throw notEnoughArguments({context}, 1, 0);"),
                    format!(
                        "if (typeof a0 !== \"function\") throw notOfType({context}, \"parameter 1\", \"Function\");"
                    ),
                    format!(
                        "forEachPair({}, pair_{name}, a0, a1, this);",
                        receiver.target
                    ),
                ],
            );
        }
        if let Some(iterable) = &interface.async_iterable {
            // https://webidl.spec.whatwg.org/#js-asynchronous-iterable
            let methods: &[(&str, &str)] = match iterable.key {
                Some(_) => &[
                    ("entries", "\"key+value\""),
                    ("keys", "\"key\""),
                    ("values", "\"value\""),
                ],
                None => &[("values", "undefined")],
            };
            let operation = [webapi_idl::Operation {
                span: interface.span.clone(),
                returns: undefined(),
                arguments: iterable.arguments.clone(),
                attributes: Default::default(),
            }];
            for (member, kind) in methods {
                let context = quote(&format!("Failed to execute '{member}' on '{name}'"));
                let arguments = self.arguments(&iterable.arguments, &context)?.join(", ");
                method(
                    w,
                    format!("{member}({}) {{", parameters(&operation, 0)),
                    &[format!(
                        "return iterateAsync_{name}({}, {kind}, [{arguments}]);",
                        receiver.target
                    )],
                );
            }
        }
        Ok(())
    }

    /// Prints what the iteration methods call; `const`s after the class.
    pub(super) fn iteration_factories(&self, w: &mut Writer, interface: &Interface) -> Result<()> {
        let name = &interface.name;
        if let Some(iterable) = &interface.iterable {
            let key = iterable
                .key
                .as_ref()
                .map_or(Ok("pair[0]".to_owned()), |key| self.to_js(key, "pair[0]"))?;
            let value = self.to_js(&iterable.value, "pair[1]")?;
            w.line(format!("const pair_{name} = (pair) => [{key}, {value}];"));
            w.line(format!(
                "const iterate_{name} = pairIteratorFactory({}, pair_{name});",
                quote(name)
            ));
            w.line(format!(
                "defineIteratorMethod({name}.prototype, SymbolIterator, {name}.prototype.entries);"
            ));
        }
        if let Some(iterable) = &interface.async_iterable {
            let method = if iterable.key.is_some() {
                "entries"
            } else {
                "values"
            };
            w.line(format!(
                "const iterateAsync_{name} = asyncIteratorFactory({}, {name}Impl.prototype);",
                quote(name)
            ));
            w.line(format!("defineIteratorMethod({name}.prototype, SymbolAsyncIterator, {name}.prototype.{method});"));
        }
        Ok(())
    }

    /// Prints `toString`, <https://webidl.spec.whatwg.org/#js-stringifier>.
    pub(super) fn stringifier(
        &self,
        w: &mut Writer,
        interface: &Interface,
        receiver: &Receiver,
    ) -> Result<()> {
        let value = match &interface.stringifier {
            None => return Ok(()),
            Some(Stringifier::Algorithm(_)) => format!("{}.stringify()", receiver.target),
            Some(Stringifier::Attribute(attribute)) => format!("{}.{attribute}", receiver.target),
        };
        w.blank();
        w.open("toString() {");
        for line in &receiver.check {
            w.line(line);
        }
        w.line(format!("return {value};"));
        w.close("}");
        Ok(())
    }

    /// The names that an interface's iteration declarations define.
    pub(super) fn iteration_names(&self, interface: &Interface) -> Vec<&'static str> {
        let mut names = Vec::new();
        if interface.iterable.is_some() {
            names.extend(["entries", "keys", "values", "forEach"]);
        }
        match &interface.async_iterable {
            Some(iterable) if iterable.key.is_some() => names.extend(["entries", "keys", "values"]),
            Some(_) => names.push("values"),
            None => {}
        }
        if interface.stringifier.is_some() {
            names.push("toString");
        }
        names
    }
}

fn undefined() -> webapi_idl::AnnotatedType {
    webapi_idl::AnnotatedType {
        kind: webapi_idl::Type::Undefined,
        annotations: Default::default(),
        alias: None,
    }
}
