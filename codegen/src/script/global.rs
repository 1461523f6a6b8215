//! Members of the `[Global]` interface that built-in scripts implement: own properties of `globalThis`,
//! <https://webidl.spec.whatwg.org/#define-the-global-property-references>.

use webapi_idl::{Implementation, Interface, Member};

use super::writer::{Writer, as_object_members, quote};
use super::{Printer, Result};

impl Printer<'_> {
    /// Prints the definition of the members, and makes `globalThis` an object of the interface.
    pub(super) fn global_members(&self, w: &mut Writer, interface: &Interface) -> Result<()> {
        let name = &interface.name;
        let receiver = self.receiver(interface);
        let mut unforgeable = Vec::new();

        w.open("const globalMembers = {");
        w.line("__proto__: null,");
        for member in &interface.members {
            match member {
                Member::Attribute(attribute)
                    if !attribute.is_static
                        && attribute.implementation == Implementation::Script =>
                {
                    let mut accessors = Writer::default();
                    self.attribute(
                        &mut accessors,
                        name,
                        attribute,
                        &receiver.check,
                        receiver.target,
                    )
                    .map_err(|e| e.at(&attribute.span))?;
                    w.line(as_object_members(accessors));
                    if attribute.attributes.has("LegacyUnforgeable") {
                        unforgeable.push(quote(&attribute.name));
                    }
                }
                Member::Operation(set)
                    if !set.is_static && set.implementation == Implementation::Script =>
                {
                    let mut method = Writer::default();
                    self.operation(
                        &mut method,
                        name,
                        set,
                        &receiver.check,
                        &format!("{}.{}", receiver.target, set.name),
                    )?;
                    w.line(as_object_members(method));
                    if set
                        .overloads
                        .iter()
                        .any(|o| o.attributes.has("LegacyUnforgeable"))
                    {
                        unforgeable.push(quote(&set.name));
                    }
                }
                _ => {}
            }
        }
        w.close("};");
        w.line(format!("export const globalImpl = new {name}Impl();"));
        w.line("globalImpl.wrapperIfAny = globalThis;");
        w.line(format!(
            "ObjectSetPrototypeOf(globalThis, {name}.prototype);"
        ));
        w.line(format!(
            "defineGlobalMembers(globalThis, globalMembers, [{}]);",
            unforgeable.join(", ")
        ));
        w.blank();
        Ok(())
    }
}
