//! Namespaces that built-in scripts implement, <https://webidl.spec.whatwg.org/#js-namespaces>.

use webapi_idl::{Member, Namespace};

use super::writer::{Writer, as_object_members, property, quote};
use super::{Printer, Result};

impl Printer<'_> {
    /// Prints the namespace object and its installation.
    pub(super) fn namespace(&self, w: &mut Writer, namespace: &Namespace) -> Result<()> {
        let name = &namespace.name;
        let target = format!("{name}Impl");
        let mut required = Vec::new();
        let mut constants = Vec::new();

        w.line(format!("// {name} ({}.webidl)", namespace.specification));
        w.open(format!("const namespace_{name} = {{ // safe: for apps"));
        for member in &namespace.members {
            let mut text = Writer::default();
            match member {
                Member::Attribute(attribute) => {
                    self.attribute(&mut text, name, attribute, &[], &target)
                        .map_err(|e| e.at(&attribute.span))?;
                    required.push(quote(&attribute.name));
                }
                Member::Operation(set) => {
                    self.operation(
                        &mut text,
                        name,
                        set,
                        &[],
                        &format!("{target}{}", property(&set.name)),
                    )?;
                    required.push(quote(&set.name));
                }
                Member::Constant(constant) => {
                    let value = self.default_value(&constant.value, &constant.ty, "\"\"")?;
                    constants.push(format!("{}: {value}", constant.name));
                    continue;
                }
            }
            w.line(as_object_members(text));
        }
        w.close("};");
        if !constants.is_empty() {
            w.line(format!(
                "defineConstants(namespace_{name}, {{ __proto__: null, {} }});",
                constants.join(", ")
            ));
        }
        w.line(format!(
            "defineToStringTag(namespace_{name}, {});",
            quote(name)
        ));
        let file = quote(&format!("{}.webidl", namespace.specification));
        w.line(format!(
            "verifyNamespaceImpl({}, {target}, [{}], {file});",
            quote(name),
            required.join(", ")
        ));
        w.line(format!(
            "defineGlobal(globalThis, {}, namespace_{name});",
            quote(name)
        ));
        w.blank();
        Ok(())
    }
}
