//! Getters and setters, <https://webidl.spec.whatwg.org/#js-attributes>.

use webapi_idl::{Attribute, Type};

use super::convert::Source;
use super::writer::{Writer, quote};
use super::{Error, Printer, Result};

impl Printer<'_> {
    /// Prints an attribute as accessors. `receiver` is the check of `this`; `target` what has the member then.
    pub(super) fn attribute(
        &self,
        w: &mut Writer,
        interface: &str,
        attribute: &Attribute,
        receiver: &[String],
        target: &str,
    ) -> Result<()> {
        for unsupported in ["PutForwards", "LegacyLenientThis", "LegacyLenientSetter"] {
            if attribute.attributes.has(unsupported) {
                return Err(Error::new(format!(
                    "the script glue has no [{unsupported}]; take it out, or implement the interface natively"
                )));
            }
        }
        let name = &attribute.name;
        let modifier = if attribute.is_static { "static " } else { "" };
        let promise = matches!(attribute.ty.kind, Type::Promise(_));

        w.open(format!("{modifier}get {name}() {{"));
        if promise {
            w.open("try {");
        }
        for line in receiver {
            w.line(line);
        }
        w.line(format!(
            "return {};",
            self.to_js(&attribute.ty, &format!("{target}.{name}"))?
        ));
        if promise {
            w.close("} catch (error) {");
            w.line("  return PromiseReject(error);");
            w.line("}");
        }
        w.close("}");

        let replaceable = attribute.attributes.has("Replaceable");
        if attribute.readonly && !replaceable {
            return Ok(());
        }
        w.blank();
        w.open(format!("{modifier}set {name}(a0) {{"));
        for line in receiver {
            w.line(line);
        }
        let context = quote(&format!(
            "Failed to set the '{name}' property on '{interface}'"
        ));
        if replaceable {
            w.line(format!("replace(this ?? globalThis, {}, a0);", quote(name)));
        } else if let Type::Enumeration(enumeration) = &attribute.ty.kind {
            // A setter ignores what is no value of the enumeration.
            w.line(format!("const value = toDOMString(a0, {context});"));
            w.line(format!(
                "if (isValue_{enumeration}(value)) {target}.{name} = value;"
            ));
        } else {
            let source = Source {
                value: "a0",
                context: &context,
                what: None,
            };
            w.line(format!(
                "{target}.{name} = {};",
                self.to_idl(&attribute.ty, source)?
            ));
        }
        w.close("}");
        Ok(())
    }
}
