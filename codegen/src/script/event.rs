//! Events that only hold what their init dictionary says: their impl classes are generated whole.
//!
//! <https://dom.spec.whatwg.org/#inner-event-creation-steps>: the constructor of an event sets each attribute that has the name of
//! a member of the dictionary to that member.

use webapi_idl::{Dictionary, Interface, Member, Type};

use super::writer::{Writer, property};
use super::{Printer, Result};

impl<'m> Printer<'m> {
    /// The dictionary that all attributes of an interface come from; `None` where a built-in script has its impl class.
    pub(super) fn init_dictionary(&self, interface: &Interface) -> Option<&'m Dictionary> {
        let inherits_event = self
            .model
            .ancestors(&interface.name)
            .iter()
            .any(|ancestor| ancestor.name == "Event");
        let [constructor] = &interface.constructors[..] else {
            return None;
        };
        let Type::Dictionary(name) = &constructor.arguments.get(1)?.ty.kind else {
            return None;
        };
        let dictionary = self.model.dictionaries.get(name)?;
        let copies = |member: &Member| match member {
            Member::Attribute(attribute) => {
                attribute.readonly
                    && !attribute.is_static
                    && dictionary
                        .members
                        .iter()
                        .any(|m| m.name == attribute.name && m.ty == attribute.ty)
            }
            Member::Operation(_) => false,
            Member::Constant(_) => true,
        };
        (inherits_event && interface.members.iter().all(copies)).then_some(dictionary)
    }

    /// Prints the impl class of an event that is generated whole.
    pub(super) fn event_impl(&self, w: &mut Writer, interface: &Interface) -> Result<()> {
        let Some(dictionary) = self.init_dictionary(interface) else {
            return Ok(());
        };
        let parent = interface.inherits.as_deref().unwrap_or("Event");
        let members = || {
            dictionary.members.iter().filter(|member| {
                interface
                    .members
                    .iter()
                    .any(|attribute| attribute.name() == member.name)
            })
        };
        w.open(format!(
            "export class {}Impl extends {parent}Impl {{",
            interface.name
        ));
        for member in members() {
            let initial = match &member.default {
                Some(default) => self.default_value(default, &member.ty, "\"\"")?,
                None => "undefined".to_owned(),
            };
            w.line(format!("{} = {initial};", member.name));
        }
        w.blank();
        w.open("constructor_(type, eventInitDict) {");
        w.line("super.constructor_(type, eventInitDict);");
        for member in members() {
            let name = property(&member.name);
            w.line(format!("this{name} = eventInitDict{name};"));
        }
        w.close("}");
        w.close("}");
        Ok(())
    }
}
