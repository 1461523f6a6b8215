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
            path: self.namespace_path(namespace),
            receiver: Receiver::None,
            internal: namespace.attributes.has("Internal"),
        };
        let members: Vec<&Member> = namespace.members.iter().collect();
        let methods = Methods {
            name: format!("{}Methods", type_name(&namespace.name)),
            documentation: format!("What `{}` implements.", namespace.name),
            members,
        };
        self.print_static_module(&owner, &[methods], out)
    }

    /// The native members of the global object: a trait for the interface itself, and one for what each specification adds to it by
    /// its mixins, so that every folder implements its own.
    pub(crate) fn print_global(&self, global: &Interface, out: &mut Source) -> Result {
        let owner = Owner {
            name: &global.name,
            path: self.interface_path(global),
            receiver: Receiver::Global,
            internal: false,
        };
        let mut traits = vec![Methods {
            name: format!("{}Methods", type_name(&global.name)),
            documentation: format!("What `{}` implements.", global.name),
            members: Vec::new(),
        }];
        for member in native_members(&global.members) {
            let own = self
                .model
                .own_members(global)
                .any(|other| other.span() == member.span());
            let name = match member.span().file.strip_suffix(".webidl") {
                Some(specification) if !own => {
                    format!(
                        "{}GlobalMethods",
                        type_name(&specification.replace('-', "_"))
                    )
                }
                _ => traits[0].name.clone(),
            };
            match traits.iter_mut().find(|methods| methods.name == name) {
                Some(methods) => methods.members.push(member),
                None => traits.push(Methods {
                    documentation: format!(
                        "What {} adds to `{}`.",
                        member.span().file,
                        global.name
                    ),
                    name,
                    members: vec![member],
                }),
            }
        }
        self.print_static_module(&owner, &traits, out)
    }

    fn print_static_module(
        &self,
        owner: &Owner,
        traits: &[Methods<'_>],
        out: &mut Source,
    ) -> Result {
        out.line(format!("/// Members of `{}`.", owner.name));
        out.open(format!("pub mod {} {{", snake(owner.name)));
        self.print_module_head(out);
        for methods in traits {
            out.line(format!("/// {}", methods.documentation));
            out.open(format!("pub trait {} {{", methods.name));
            for member in &methods.members {
                self.print_signature(member, owner.receiver, out)?;
            }
            out.close("}");
            out.line("");
        }
        let members = || traits.iter().flat_map(|methods| &methods.members);
        for member in members() {
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
        for member in members() {
            self.print_member_entry(member, out);
        }
        out.close("];");
        out.close("}");
        out.line("");
        Ok(())
    }
}

/// A trait and the members that it has.
struct Methods<'m> {
    name: String,
    documentation: String,
    members: Vec<&'m Member>,
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
