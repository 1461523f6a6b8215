//! `maplike`, `setlike` and indexed properties: what the trait asks for, and the members that come of it.
//!
//! <https://webidl.spec.whatwg.org/#js-maplike>, <https://webidl.spec.whatwg.org/#js-setlike>,
//! <https://webidl.spec.whatwg.org/#js-legacy-platform-objects>

use webapi_idl::Interface;

use super::operations::{Owner, signature};
use super::{Printer, Result, Source, snake, type_name};

/// A member that a declaration defines, by its function in the library.
struct Defined {
    /// Property name.
    name: &'static str,
    /// The library's function.
    function: &'static str,
    /// What it is called with beside scope and call.
    kind: Option<&'static str>,
    /// `length`
    length: usize,
}

const fn method(name: &'static str, function: &'static str, length: usize) -> Defined {
    Defined {
        name,
        function,
        kind: None,
        length,
    }
}

const fn iterator(name: &'static str, kind: &'static str) -> Defined {
    Defined {
        name,
        function: "iterator",
        kind: Some(kind),
        length: 0,
    }
}

const MAPLIKE: &[Defined] = &[
    iterator("entries", "Entries"),
    iterator("keys", "Keys"),
    iterator("values", "Values"),
    method("forEach", "for_each", 1),
    method("get", "get", 1),
    method("has", "has", 1),
];
const MAPLIKE_WRITES: &[Defined] = &[
    method("set", "set", 2),
    method("delete", "delete", 1),
    method("clear", "clear", 0),
];
const SETLIKE: &[Defined] = &[
    iterator("entries", "Entries"),
    iterator("values", "Values"),
    method("forEach", "for_each", 1),
    method("has", "has", 1),
];
const SETLIKE_WRITES: &[Defined] = &[
    method("add", "add", 1),
    method("delete", "delete", 1),
    method("clear", "clear", 0),
];

/// What a declaration defines on an interface: the library's module, and the methods. Those that write are left out where it
/// is read-only, and where the interface declares a member of the same name by itself.
fn defined(interface: &Interface) -> Option<(&'static str, Vec<&'static Defined>)> {
    let (module, reads, writes, readonly) = match (&interface.maplike, &interface.setlike) {
        (Some(maplike), _) => ("maplike", MAPLIKE, MAPLIKE_WRITES, maplike.readonly),
        (None, Some(setlike)) => ("setlike", SETLIKE, SETLIKE_WRITES, setlike.readonly),
        (None, None) => return None,
    };
    let declares = |name: &str| interface.members.iter().any(|m| m.name() == name);
    let writes = writes
        .iter()
        .filter(|defined| !readonly && !declares(defined.name));
    Some((module, reads.iter().chain(writes).collect()))
}

impl Printer<'_> {
    /// What the trait asks for.
    pub(crate) fn print_collection_signatures(
        &self,
        interface: &Interface,
        out: &mut Source,
    ) -> Result {
        let span = &interface.span;
        if let Some(maplike) = &interface.maplike {
            self.check_type(&maplike.key, span)?;
            self.check_type(&maplike.value, span)?;
            out.line("/// The map entries.");
            out.line(format!(
                "fn map_entries(&self) -> &webidl::maplike::MapEntries<{}, {}>;",
                self.marker(&maplike.key),
                self.marker(&maplike.value)
            ));
        }
        if let Some(setlike) = &interface.setlike {
            self.check_type(&setlike.value, span)?;
            out.line("/// The set entries.");
            out.line(format!(
                "fn set_entries(&self) -> &webidl::setlike::SetEntries<{}>;",
                self.marker(&setlike.value)
            ));
        }
        if let Some(getter) = &interface.indexed_getter {
            self.check_type(&getter.operation.returns, span)?;
            out.line("/// The number of supported property indices, which are those from 0 on.");
            out.line("fn supported_property_indices(&self) -> u32;");
            if getter.name.is_none() {
                let parameters = self.parameters("&self, ", &getter.operation);
                let native = self.native(&getter.operation.returns);
                out.line("/// Determines the value of an indexed property, at a supported property index.");
                out.line(signature(
                    "indexed_value",
                    &parameters,
                    &format!("webidl::Fallible<{native}>"),
                ));
            }
        }
        Ok(())
    }

    /// The library's traits for the interface, and the callbacks of the members.
    pub(crate) fn print_collections(&self, interface: &Interface, owner: &Owner, out: &mut Source) {
        let (path, name) = (&owner.path, type_name(&interface.name));
        if let Some(maplike) = &interface.maplike {
            out.open(format!("impl webidl::maplike::Maplike for {path} {{"));
            out.line(format!("type Key = {};", self.marker(&maplike.key)));
            out.line(format!("type Value = {};", self.marker(&maplike.value)));
            out.line(format!("fn map_entries(&self) -> &webidl::maplike::MapEntries<Self::Key, Self::Value> {{ {name}Methods::map_entries(self) }}"));
            out.close("}");
            out.line("");
        }
        if let Some(setlike) = &interface.setlike {
            out.open(format!("impl webidl::setlike::Setlike for {path} {{"));
            out.line(format!("type Element = {};", self.marker(&setlike.value)));
            out.line(format!("fn set_entries(&self) -> &webidl::setlike::SetEntries<Self::Element> {{ {name}Methods::set_entries(self) }}"));
            out.close("}");
            out.line("");
        }
        if let Some(getter) = &interface.indexed_getter {
            let scope = if self.needs_scope(&getter.operation) {
                "scope, "
            } else {
                ""
            };
            let member = getter
                .name
                .as_ref()
                .map_or("indexed_value".to_owned(), |name| snake(name));
            out.open(format!("impl webidl::indexed::Indexed for {path} {{"));
            out.line(format!(
                "type Value = {};",
                self.marker(&getter.operation.returns)
            ));
            out.line(format!("fn supported_property_indices(&self) -> u32 {{ {name}Methods::supported_property_indices(self) }}"));
            out.open("fn indexed_value<'s>(&self, scope: &mut webidl::Scope<'s, '_>, index: u32) -> webidl::Fallible<<Self::Value as idl::Idl>::Native<'s>> {");
            out.line("let _ = &scope;");
            out.line(format!("{name}Methods::{member}(self, {scope}index)"));
            out.close("}");
            out.close("}");
            out.line("");
        }
        let Some((module, methods)) = defined(interface) else {
            return;
        };
        let callback = |name: &str, context: String, call: String, out: &mut Source| {
            out.line(format!(
                "pub(super) unsafe extern \"C\" fn {name}(info: *const v8::FunctionCallbackInfo) {{"
            ));
            out.open("    // SAFETY: V8's own pointer is passed on.");
            out.line(format!(
                "unsafe {{ call::member(info, \"{context}\", |scope, call| {call}) }}"
            ));
            out.close("}");
            out.line("");
        };
        callback(
            &format!("{module}_size"),
            format!(
                "Failed to read the 'size' property from '{}'",
                interface.name
            ),
            format!("webidl::{module}::size::<{path}>(scope, call)"),
            out,
        );
        for method in methods {
            let kind = method
                .kind
                .map_or(String::new(), |kind| format!(", iterable::Kind::{kind}"));
            callback(
                &format!("{module}_{}", snake(method.name)),
                format!(
                    "Failed to execute '{}' on '{}'",
                    method.name, interface.name
                ),
                format!(
                    "webidl::{module}::{}::<{path}>(scope, call{kind})",
                    method.function
                ),
                out,
            );
        }
    }

    /// Their entries in the interface's table.
    pub(crate) fn print_collection_entries(&self, interface: &Interface, out: &mut Source) {
        if interface.indexed_getter.is_some() {
            out.line(format!(
                "Member::Indexed {{ handler: webidl::indexed::Handler::of::<{}>, iterable: {} }},",
                self.interface_path(interface),
                interface.iterable.is_some()
            ));
        }
        let Some((module, methods)) = defined(interface) else {
            return;
        };
        out.line(format!("Member::Attribute {{ name: \"size\", getter: {module}_size, setter: None, placement: Placement::Prototype }},"));
        for method in methods {
            out.line(format!(
                "Member::Operation {{ name: \"{}\", length: {}, callback: {module}_{}, placement: Placement::Prototype }},",
                method.name,
                method.length,
                snake(method.name)
            ));
        }
        if module == "maplike" {
            out.line("Member::Iterator { of: \"entries\" },");
        } else {
            out.line("Member::Iterator { of: \"values\" },");
            out.line("Member::Alias { name: \"keys\", of: \"values\" },");
        }
    }
}
