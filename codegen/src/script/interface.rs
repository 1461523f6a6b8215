//! Interfaces as classes, <https://webidl.spec.whatwg.org/#js-interfaces>.
//!
//! The class of a root interface has the private field `#impl`; that field is the brand. Classes of derived interfaces ask the root
//! for the impl and look at the impl's class. `globalThis` cannot have the field, because a snapshot does not keep the fields
//! of the global proxy: it is compared instead.

use webapi_idl::{Attribute, Interface, Member, Type};

use super::operation::{Callee, parameters};
use super::writer::{Writer, as_object_members, quote};
use super::{Error, Printer, Result};

impl Printer<'_> {
    /// Prints the class, and what reads the impl out of an object.
    pub(super) fn interface(&self, w: &mut Writer, interface: &Interface) -> Result<()> {
        self.check(interface)?;
        let name = &interface.name;
        let receiver = self.receiver(interface);
        let on_instances = !self.is_global(interface);

        w.line(format!("// {name} ({}.webidl)", interface.specification));
        self.event_impl(w, interface)?;
        for attribute in self.unforgeable(interface) {
            self.unforgeable_accessor(w, interface, attribute)?;
        }
        match &interface.inherits {
            Some(parent) => w.open(format!("export class {name} extends {parent} {{")),
            None => w.open(format!("export class {name} {{")),
        }
        if interface.inherits.is_none() {
            w.line("#impl;");
            w.blank();
        }
        self.constructor(w, interface)
            .map_err(|e| e.at(&interface.span))?;
        for member in &interface.members {
            match member {
                Member::Attribute(attribute)
                    if attribute.attributes.has("LegacyUnforgeable") && !attribute.is_static => {}
                Member::Attribute(attribute) if attribute.is_static => {
                    w.blank();
                    self.attribute(w, name, attribute, &[], &format!("{name}Impl"))
                        .map_err(|e| e.at(&attribute.span))?;
                }
                Member::Attribute(attribute) if on_instances => {
                    w.blank();
                    self.attribute(w, name, attribute, &receiver.check, receiver.target)
                        .map_err(|e| e.at(&attribute.span))?;
                }
                Member::Operation(set) if set.is_static => {
                    w.blank();
                    self.operation(w, name, set, &[], &format!("{name}Impl.{}", set.name))?;
                }
                Member::Operation(set) if on_instances => {
                    w.blank();
                    if set.overloads.iter().any(|o| o.attributes.has("Default")) {
                        self.default_to_json(w, interface, &receiver)?;
                    } else {
                        self.operation(
                            w,
                            name,
                            set,
                            &receiver.check,
                            &format!("{}.{}", receiver.target, set.name),
                        )?;
                    }
                }
                _ => {}
            }
        }
        self.iteration(w, interface, &receiver)?;
        self.stringifier(w, interface, &receiver)?;
        if interface.inherits.is_none() {
            w.blank();
            w.open("static {");
            w.line("takeImpl = (value) => (#impl in value ? value.#impl : undefined);");
            w.close("}");
        }
        w.close("}");
        self.unwrap(w, interface);
        w.blank();
        Ok(())
    }

    /// Refuses what has no glue.
    fn check(&self, interface: &Interface) -> Result<()> {
        let name = &interface.name;
        let refuse = |what: &str| {
            Err(Error::new(format!(
                "`{name}`: the script glue has no {what}; implement the interface natively"
            )))
        };
        if let Some(parent) = interface
            .inherits
            .as_ref()
            .filter(|parent| !self.is_script(parent))
        {
            return Err(Error::new(format!(
                "`{name}` is implemented by a script but inherits from `{parent}`, which is native; one object cannot be both: give both interfaces the same [Implementation]"
            )));
        }
        if interface.maplike.is_some() {
            return refuse("maplike declarations");
        }
        if interface.setlike.is_some() {
            return refuse("setlike declarations");
        }
        if interface.indexed_getter.is_some() {
            return refuse("indexed properties");
        }
        Ok(())
    }

    fn is_global(&self, interface: &Interface) -> bool {
        self.global()
            .is_some_and(|global| global.name == interface.name)
    }

    /// The impl of a private field, or through the root's function.
    pub(super) fn receiver(&self, interface: &Interface) -> Receiver {
        let name = &interface.name;
        if self.includes_global(name) {
            Receiver::function(format!("unwrap_{name}(this ?? globalThis)"))
        } else if interface.inherits.is_some() {
            Receiver::function(format!("unwrap_{name}(this)"))
        } else {
            Receiver {
                check: vec!["if (typeof this !== \"object\" || this === null || !(#impl in this)) throw illegalInvocation();".to_owned()],
                target: "this.#impl",
            }
        }
    }

    /// The regular `[LegacyUnforgeable]` attributes, <https://webidl.spec.whatwg.org/#LegacyUnforgeable>.
    fn unforgeable<'i>(&self, interface: &'i Interface) -> Vec<&'i Attribute> {
        let attributes = interface.members.iter().filter_map(|member| match member {
            Member::Attribute(a) if a.attributes.has("LegacyUnforgeable") && !a.is_static => {
                Some(a)
            }
            _ => None,
        });
        if self.is_global(interface) {
            Vec::new()
        } else {
            attributes.collect()
        }
    }

    /// Prints the property descriptor that every object of the interface gets.
    fn unforgeable_accessor(
        &self,
        w: &mut Writer,
        interface: &Interface,
        attribute: &Attribute,
    ) -> Result<()> {
        let receiver = Receiver::function(format!("unwrap_{}(this)", interface.name));
        w.open(format!(
            "const {} = unforgeable({{",
            descriptor(interface, attribute)
        ));
        w.line("__proto__: null,");
        let mut accessors = Writer::default();
        self.attribute(
            &mut accessors,
            &interface.name,
            attribute,
            &receiver.check,
            receiver.target,
        )
        .map_err(|e| e.at(&attribute.span))?;
        w.line(as_object_members(accessors));
        w.close(format!("}}, {});", quote(&attribute.name)));
        Ok(())
    }

    /// Prints the constructor. The glue itself passes `kFromImpl` and an impl object.
    fn constructor(&self, w: &mut Writer, interface: &Interface) -> Result<()> {
        let derived = interface.inherits.is_some();
        let constructors = &interface.constructors;
        let unforgeable = self.unforgeable(interface);
        let adopt = |w: &mut Writer, impl_expression: &str| {
            if derived {
                w.line(format!("super(kFromImpl, {impl_expression});"));
            } else {
                w.line(format!("this.#impl = {impl_expression};"));
                w.line(format!("{impl_expression}.wrapperIfAny = this;"));
            }
            for attribute in &unforgeable {
                let descriptor = descriptor(interface, attribute);
                w.line(format!(
                    "ObjectDefineProperty(this, {}, {descriptor});",
                    quote(&attribute.name)
                ));
            }
        };
        w.open(format!("constructor({}) {{", parameters(constructors, 2)));
        if constructors.is_empty() {
            w.line("if (a0 !== kFromImpl) throw illegalConstructor();");
            adopt(w, "a1");
        } else {
            w.open("if (a0 === kFromImpl) {");
            adopt(w, "a1");
            w.line("return;");
            w.close("}");
            w.line(format!("const impl = new {}Impl();", interface.name));
            adopt(w, "impl");
            let context = quote(&format!("Failed to construct '{}'", interface.name));
            self.body(
                w,
                constructors,
                &Callee {
                    function: "impl.constructor_",
                    context: &context,
                    constructor: true,
                },
            )?;
        }
        w.close("}");
        Ok(())
    }

    /// `[Default] toJSON`, <https://webidl.spec.whatwg.org/#default-tojson-steps>.
    fn default_to_json(
        &self,
        w: &mut Writer,
        interface: &Interface,
        receiver: &Receiver,
    ) -> Result<()> {
        let mut chain = self.model.ancestors(&interface.name);
        chain.reverse();
        chain.push(interface);
        w.open("toJSON() {");
        for line in &receiver.check {
            w.line(line);
        }
        w.open("return { // safe: for apps");
        for attribute in chain.iter().flat_map(|i| &i.members) {
            let Member::Attribute(attribute) = attribute else {
                continue;
            };
            if attribute.is_static || !is_json(&attribute.ty.kind) {
                continue;
            }
            let value = self.to_js(
                &attribute.ty,
                &format!("{}.{}", receiver.target, attribute.name),
            )?;
            w.line(format!("{}: {value},", attribute.name));
        }
        w.close("};");
        w.close("}");
        Ok(())
    }

    /// Prints what finds the impl of a public object.
    fn unwrap(&self, w: &mut Writer, interface: &Interface) {
        let name = &interface.name;
        match self.root(interface) {
            None if self.includes_global(name) => {
                w.line(format!("const take_{name} = takeImpl;"));
                w.open(format!("export function unwrap_{name}(value) {{"));
                w.line("if (value === globalThis) return globalImpl;");
                w.line(format!("return typeof value === \"object\" && value !== null ? take_{name}(value) : undefined;"));
                w.close("}");
            }
            None => {
                w.line(format!("const take_{name} = takeImpl;"));
                w.open(format!("export function unwrap_{name}(value) {{"));
                w.line(format!("return typeof value === \"object\" && value !== null ? take_{name}(value) : undefined;"));
                w.close("}");
            }
            Some(root) => {
                w.open(format!("export function unwrap_{name}(value) {{"));
                w.line(format!("const impl = unwrap_{}(value);", root.name));
                w.line(format!(
                    "return impl instanceof {name}Impl ? impl : undefined;"
                ));
                w.close("}");
            }
        }
    }

    /// The root of an interface's chain of parents; `None` for a root.
    fn root(&self, interface: &Interface) -> Option<&Interface> {
        self.model.ancestors(&interface.name).last().copied()
    }

    /// Prints the converter to an interface type, <https://webidl.spec.whatwg.org/#js-interface>.
    pub(super) fn interface_converter(&self, w: &mut Writer, interface: &Interface) {
        let name = &interface.name;
        let title = quote(name);
        w.open(format!(
            "export function convert_{name}(value, context, what) {{"
        ));
        if self.is_script(name) {
            w.line(format!("const impl = unwrap_{name}(value);"));
            w.line(format!(
                "if (impl === undefined) throw notOfType(context, what, {title});"
            ));
            w.line("return impl;");
        } else {
            w.line(format!(
                "if (!isInstance({title}, value)) throw notOfType(context, what, {title});"
            ));
            w.line("return value;");
        }
        w.close("}");
        w.blank();
    }
}

/// How a member gets from `this` to the impl.
pub(super) struct Receiver {
    /// Statements that check `this`.
    pub(super) check: Vec<String>,
    /// The expression for the impl after them.
    pub(super) target: &'static str,
}

impl Receiver {
    /// Through a function that returns undefined for other objects.
    fn function(call: String) -> Self {
        let check = vec![
            format!("const impl = {call};"),
            "if (impl === undefined) throw illegalInvocation();".to_owned(),
        ];
        Self {
            check,
            target: "impl",
        }
    }
}

fn descriptor(interface: &Interface, attribute: &Attribute) -> String {
    format!("descriptor_{}_{}", interface.name, attribute.name)
}

/// JSON types, <https://webidl.spec.whatwg.org/#dfn-json-types>, as far as attributes have them.
fn is_json(kind: &Type) -> bool {
    match kind {
        Type::Numeric(_)
        | Type::Boolean
        | Type::DomString
        | Type::ByteString
        | Type::UsvString
        | Type::Enumeration(_)
        | Type::Object
        | Type::Dictionary(_) => true,
        Type::Nullable(inner) | Type::Sequence(inner) | Type::FrozenArray(inner) => {
            is_json(&inner.kind)
        }
        Type::Union(members) => members.iter().all(|member| is_json(&member.kind)),
        Type::Record(_, value) => is_json(&value.kind),
        _ => false,
    }
}
