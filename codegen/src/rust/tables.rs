//! The static tables that templates and external references are made of.

use webapi_idl::{DefaultValue, Implementation, Interface, Member};

use super::attributes::setter;
use super::interfaces::pairs;
use super::operations::callback_name;
use super::{Printer, Source, snake};
use crate::overloads::required;

impl Printer<'_> {
    /// The interface's index among all tables.
    pub(crate) fn kind(&self, name: &str) -> usize {
        self.natives
            .iter()
            .position(|i| i.name == name)
            .expect("a native interface")
    }

    fn iterables(&self) -> Vec<&Interface> {
        self.natives
            .iter()
            .filter(|i| pairs(i).is_some())
            .copied()
            .collect()
    }

    /// Iterators come after all interfaces.
    pub(crate) fn iterator_kind(&self, name: &str) -> usize {
        let place = self
            .iterables()
            .iter()
            .position(|i| i.name == name)
            .expect("an iterable interface");
        self.natives.len() + place
    }

    pub(crate) fn print_interface_table(&self, interface: &Interface, out: &mut Source) {
        let length = required(&interface.constructors);
        let constructor = if interface.constructors.is_empty() {
            "interface::illegal_constructor"
        } else {
            "constructor"
        };
        let parent = interface
            .inherits
            .as_ref()
            .map_or("None".to_owned(), |p| format!("Some({})", self.kind(p)));
        let hidden = interface.attributes.has("Internal")
            || interface.attributes.has("LegacyNoInterfaceObject");
        let kind = if interface.attributes.has("Exception") {
            "Exception"
        } else if hidden {
            "Hidden"
        } else {
            "Exposed"
        };
        let serialization = if interface.attributes.has("Serializable") {
            let path = self.interface_path(interface);
            format!("Some(webidl::serializable::Steps::of::<{path}>())")
        } else {
            "None".to_owned()
        };
        out.line("/// The interface's table.");
        out.open("pub static INTERFACE: interface::Interface = interface::Interface {");
        out.line(format!("name: \"{}\",", interface.name));
        out.line(format!("parent: {parent},"));
        out.line(format!("constructor: {constructor},"));
        out.line(format!("length: {length},"));
        out.line(format!("kind: interface::InterfaceKind::{kind},"));
        out.line(format!("serialization: {serialization},"));
        out.open("members: &[");
        for member in &interface.members {
            self.print_member_entry(member, out);
        }
        if interface.stringifier.is_some() {
            print_entry("toString", 0, "call_to_string", "Prototype", out);
        }
        self.print_collection_entries(interface, out);
        if pairs(interface).is_some() {
            print_entry("entries", 0, "iterable_entries", "Prototype", out);
            print_entry("keys", 0, "iterable_keys", "Prototype", out);
            print_entry("values", 0, "iterable_values", "Prototype", out);
            print_entry("forEach", 1, "iterable_for_each", "Prototype", out);
            out.line("Member::Iterator { of: \"entries\" },");
        }
        out.close("],");
        out.close("};");
        if pairs(interface).is_some() {
            out.line("");
            out.line("/// The table of its iterators.");
            out.open("pub static ITERATOR: interface::Interface = interface::Interface {");
            out.line(format!("name: \"{} Iterator\",", interface.name));
            out.line("parent: None,");
            out.line("constructor: interface::illegal_constructor,");
            out.line("length: 0,");
            out.line("kind: interface::InterfaceKind::Iterator,");
            out.line("serialization: None,");
            out.open("members: &[");
            print_entry("next", 0, "iterable_next", "Prototype", out);
            out.close("],");
            out.close("};");
        }
    }

    pub(crate) fn print_member_entry(&self, member: &Member, out: &mut Source) {
        match member {
            Member::Operation(set) => {
                let length = required(&set.overloads);
                let placement = if set.is_static {
                    "Static"
                } else if set.overloads[0].attributes.has("LegacyUnforgeable") {
                    "Instance"
                } else if Self::returns_promise(&set.overloads) {
                    "PrototypeUnchecked"
                } else {
                    "Prototype"
                };
                print_entry(&set.name, length, &callback_name(set), placement, out);
            }
            Member::Attribute(attribute) => {
                let bare = snake(&attribute.name);
                let bare = bare.trim_end_matches('_');
                let setter = match setter(attribute) {
                    None => "None".to_owned(),
                    Some(_) => format!("Some(set_{bare})"),
                };
                let unchecked = matches!(attribute.ty.kind, webapi_idl::Type::Promise(_))
                    || attribute.attributes.has("LegacyLenientThis");
                let placement = if attribute.is_static {
                    "Static"
                } else if attribute.attributes.has("LegacyUnforgeable") {
                    "Instance"
                } else if unchecked {
                    "PrototypeUnchecked"
                } else {
                    "Prototype"
                };
                out.line(format!(
                    "Member::Attribute {{ name: \"{}\", getter: get_{bare}, setter: {setter}, placement: Placement::{placement} }},",
                    attribute.name
                ));
            }
            Member::Constant(constant) => {
                let value = match &constant.value {
                    DefaultValue::Integer(value) => format!("{value} as f64"),
                    DefaultValue::Decimal(value) => format!("{value:?}"),
                    DefaultValue::Boolean(value) => format!("{} as f64", i32::from(*value)),
                    _ => "f64::NAN".to_owned(),
                };
                out.line(format!(
                    "Member::Constant {{ name: \"{}\", value: {value} }},",
                    constant.name
                ));
            }
        }
    }

    pub(crate) fn print_tables(&self, out: &mut Source) {
        let namespaces = |internal: bool| -> Vec<String> {
            self.model
                .namespaces
                .values()
                .filter(|n| {
                    n.implementation == Implementation::Native
                        && n.attributes.has("Internal") == internal
                })
                .map(|n| n.name.clone())
                .collect()
        };
        for name in namespaces(false).into_iter().chain(namespaces(true)) {
            let module = snake(&name);
            let empty = self.model.namespaces[&name]
                .attributes
                .has("EmptyPrototype");
            out.line(format!(
                "static {}_NAMESPACE: webidl::interface::Namespace = webidl::interface::Namespace {{ name: \"{name}\", has_empty_prototype: {empty}, members: {module}::MEMBERS }};",
                module.to_uppercase()
            ));
        }
        let list = |names: Vec<String>| {
            names
                .iter()
                .map(|n| format!("&{}_NAMESPACE", snake(n).to_uppercase()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let global = self
            .model
            .interfaces
            .values()
            .find(|i| i.attributes.has("Global"));
        out.line("/// All tables: what templates, the global object and the external references are made of.");
        out.open("pub static TABLES: webidl::interface::Tables = webidl::interface::Tables {");
        out.open("interfaces: &[");
        for interface in &self.natives {
            out.line(format!("&{}::INTERFACE,", snake(&interface.name)));
        }
        for interface in self.iterables() {
            out.line(format!("&{}::ITERATOR,", snake(&interface.name)));
        }
        out.close("],");
        out.line(format!("namespaces: &[{}],", list(namespaces(false))));
        out.line(format!("internal: &[{}],", list(namespaces(true))));
        match global {
            Some(global) => out.line(format!("global: {}::MEMBERS,", snake(&global.name))),
            None => out.line("global: &[],"),
        }
        out.line(format!("keys: {},", self.keys.len()));
        out.close("};");
    }
}

fn print_entry(name: &str, length: usize, callback: &str, placement: &str, out: &mut Source) {
    out.line(format!(
        "Member::Operation {{ name: \"{name}\", length: {length}, callback: {callback}, placement: Placement::{placement} }},"
    ));
}
