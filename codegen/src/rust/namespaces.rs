//! Namespaces and the global object: members without an object of a Rust type behind them.
//!
//! <https://webidl.spec.whatwg.org/#js-namespaces>, <https://webidl.spec.whatwg.org/#js-global-objects>

use webapi_idl::{Implementation, Interface, Member, Namespace};

use super::operations::{Owner, Receiver};
use super::{Printer, Result, Source, snake, type_name};

impl Printer<'_> {
    pub(crate) fn print_namespace(&self, namespace: &Namespace, out: &mut Source) -> Result {
        let owner = Owner {
            name: &namespace.name,
            path: self.native_path(&namespace.name, &namespace.specification),
            receiver: Receiver::None,
        };
        let members: Vec<&Member> = namespace.members.iter().collect();
        self.print_static_module(&owner, &members, out)
    }

    /// The native members of the global object.
    pub(crate) fn print_global(&self, global: &Interface, out: &mut Source) -> Result {
        let owner = Owner {
            name: &global.name,
            path: self.interface_path(global),
            receiver: Receiver::Global,
        };
        let members: Vec<&Member> = native_members(&global.members);
        self.print_static_module(&owner, &members, out)
    }

    fn print_static_module(&self, owner: &Owner, members: &[&Member], out: &mut Source) -> Result {
        out.line(format!("/// Members of `{}`.", owner.name));
        out.open(format!("pub mod {} {{", snake(owner.name)));
        self.print_module_head(out);
        out.line(format!("/// What `{}` implements.", owner.name));
        out.open(format!("pub trait {}Methods {{", type_name(owner.name)));
        for member in members {
            self.print_signature(member, owner.receiver, out)?;
        }
        out.close("}");
        out.line("");
        for member in members {
            match member {
                Member::Operation(set) => self.print_operation_callback(owner, set, out)?,
                Member::Attribute(attribute) => {
                    self.print_attribute_callbacks(owner, attribute, out)?
                }
                Member::Constant(_) => {}
            }
        }
        out.line("/// The table of its members.");
        out.open("pub static MEMBERS: &[Member] = &[");
        for member in members {
            self.print_member_entry(member, out);
        }
        out.close("];");
        out.close("}");
        out.line("");
        Ok(())
    }
}

/// Members that a Rust type implements; the others come from built-in scripts.
pub(crate) fn native_members(members: &[Member]) -> Vec<&Member> {
    members
        .iter()
        .filter(|member| match member {
            Member::Attribute(attribute) => attribute.implementation == Implementation::Native,
            Member::Operation(set) => set.implementation == Implementation::Native,
            Member::Constant(_) => true,
        })
        .collect()
}
