//! The end of the module: checks the impl classes, completes the prototypes, puts the interfaces on `globalThis`, and gives Rust
//! its way in and out of public objects.

use std::collections::BTreeMap;

use webapi_idl::{Implementation, Interface, Member};

use super::writer::{Writer, quote};
use super::{Printer, Result};

impl Printer<'_> {
    /// Prints the installation of every script interface; parents come first.
    pub(super) fn footer(&self, w: &mut Writer, interfaces: &[&Interface]) -> Result<()> {
        for interface in interfaces {
            self.installation(w, interface)?;
        }
        if let Some(global) = self.global() {
            self.global_members(w, global)?;
        }
        let (lazy, baked): (Vec<&Interface>, Vec<&Interface>) = interfaces
            .iter()
            .copied()
            .partition(|interface| lazy_part(interface).is_some());
        w.open("const unwrapByInterface = {");
        w.line("__proto__: null,");
        for interface in &baked {
            w.line(format!("{0}: unwrap_{0},", interface.name));
        }
        w.close("};");
        w.line("// The impl object of a public object of the named interface, or undefined.");
        if lazy.is_empty() {
            w.line("exportToNative(\"unwrapScript\", (interfaceName, value) => unwrapByInterface[interfaceName](value));");
        } else {
            w.line("exportToNative(\"unwrapScript\", (interfaceName, value) => unwrapByInterface[interfaceName]?.(value));");
        }
        self.lazy_parts(w, &lazy);
        self.transfer(w, interfaces)?;
        w.line("// The public object of an impl object.");
        w.line("exportToNative(\"wrapScript\", (impl) => impl.wrapper);");
        Ok(())
    }

    /// What Rust asks of transferable objects. The *data holder* of an interface is a class: its constructor takes an impl object and
    /// is the transfer steps, its method `receive()` is the transfer-receiving steps and gives the impl object that arrives.
    fn transfer(&self, w: &mut Writer, interfaces: &[&Interface]) -> Result<()> {
        if let Some(interface) = interfaces
            .iter()
            .find(|interface| interface.attributes.has("Serializable"))
        {
            return Err(super::Error::new(format!(
                "`{}`: the script glue has no [Serializable]; implement the interface natively",
                interface.name
            ))
            .at(&interface.span));
        }
        // Derived interfaces come last in the list, and are what their objects are first.
        let transferable = interfaces
            .iter()
            .rev()
            .filter(|interface| interface.attributes.has("Transferable"));
        w.line("// Calls `then` with the impl and the data holder of a transferable object; undefined for others.");
        w.open("function withTransferable(object, then) {");
        w.line("let impl;");
        for Interface { name, .. } in transferable {
            w.line(format!("if ((impl = unwrap_{name}(object)) !== undefined) return then(impl, {name}DataHolder);"));
        }
        w.line("return undefined;");
        w.close("}");
        w.line("exportToNative(\"isTransferable\", (object) => withTransferable(object, () => true) === true);");
        w.line("exportToNative(\"transfer\", (object) => withTransferable(object, (impl, DataHolder) => new DataHolder(impl)));");
        w.line("exportToNative(\"receiveTransferred\", (holder) => holder.receive().wrapper);");
        Ok(())
    }

    /// Prints what the bundler takes for its lazy parts. An interface has no objects before its part has run.
    fn lazy_parts(&self, w: &mut Writer, lazy: &[&Interface]) {
        let mut parts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for interface in lazy {
            w.line(format!(
                "unwrapByInterface.{0} = unwrap_{0};",
                interface.name
            ));
            let part = parts.entry(lazy_part(interface).unwrap_or_default());
            part.or_default().push(quote(&interface.name));
        }
        for interfaces in parts.values() {
            w.line(format!("lazyPart({});", interfaces.join(", ")));
        }
    }

    fn installation(&self, w: &mut Writer, interface: &Interface) -> Result<()> {
        let name = &interface.name;
        let title = quote(name);
        let parent = interface
            .inherits
            .as_ref()
            .map_or("PlatformObject".to_owned(), |parent| {
                format!("{parent}Impl")
            });
        let file = quote(&format!("{}.webidl", interface.specification));
        let Members {
            required,
            statics,
            enumerable,
            constants,
        } = self.members(interface)?;
        let list = |names: &[String]| {
            names
                .iter()
                .map(|name| quote(name))
                .collect::<Vec<_>>()
                .join(", ")
        };

        w.line(format!(
            "verifyImpl({title}, {name}Impl, {parent}, [{}], [{}], {file});",
            list(&required),
            list(&statics)
        ));
        w.open(format!("{name}Impl.prototype.wrap_ = function () {{"));
        w.line(format!("return new {name}(kFromImpl, this);"));
        w.close("};");
        if !enumerable.is_empty() {
            w.line(format!(
                "defineEnumerable({name}.prototype, [{}]);",
                list(&enumerable)
            ));
        }
        if !statics.is_empty() {
            w.line(format!("defineEnumerable({name}, [{}]);", list(&statics)));
        }
        if !constants.is_empty() {
            w.line(format!(
                "const constants_{name} = {{ __proto__: null, {} }};",
                constants.join(", ")
            ));
            w.line(format!("defineConstants({name}, constants_{name});"));
            w.line(format!(
                "defineConstants({name}.prototype, constants_{name});"
            ));
        }
        self.iteration_factories(w, interface)?;
        w.line(format!("defineToStringTag({name}.prototype, {title});"));
        if !interface.attributes.has("LegacyNoInterfaceObject") {
            w.line(format!("defineGlobal(globalThis, {title}, {name});"));
        }
        w.blank();
        Ok(())
    }

    /// Sorts an interface's members by what the footer does with them.
    fn members(&self, interface: &Interface) -> Result<Members> {
        let global = self
            .global()
            .is_some_and(|global| global.name == interface.name);
        let mut members = Members::default();
        if !interface.constructors.is_empty() {
            members.required.push("constructor_".to_owned());
        }
        for member in &interface.members {
            match member {
                Member::Attribute(attribute) if attribute.is_static => {
                    members.statics.push(attribute.name.clone())
                }
                Member::Attribute(attribute) => {
                    if attribute.implementation == Implementation::Script {
                        members.required.push(attribute.name.clone());
                    }
                    if !global && !attribute.attributes.has("LegacyUnforgeable") {
                        members.enumerable.push(attribute.name.clone());
                    }
                }
                Member::Operation(set) if set.is_static => members.statics.push(set.name.clone()),
                Member::Operation(set) => {
                    let default = set.overloads.iter().any(|o| o.attributes.has("Default"));
                    if set.implementation == Implementation::Script && !default {
                        members.required.push(set.name.clone());
                    }
                    if !global {
                        members.enumerable.push(set.name.clone());
                    }
                }
                Member::Constant(constant) => {
                    let value = self.default_value(&constant.value, &constant.ty, "\"\"")?;
                    members
                        .constants
                        .push(format!("{}: {value}", constant.name));
                }
            }
        }
        members.enumerable.extend(
            self.iteration_names(interface)
                .into_iter()
                .map(str::to_owned),
        );
        if interface.iterable.is_some() {
            members.required.push("valuePairs".to_owned());
        }
        if interface.async_iterable.is_some() {
            members.required.push("getNextIterationResult".to_owned());
        }
        if matches!(
            interface.stringifier,
            Some(webapi_idl::Stringifier::Algorithm(_))
        ) {
            members.required.push("stringify".to_owned());
        }
        Ok(members)
    }
}

/// `[Lazy=…]`: the part of the built-in scripts that has the interface, and is evaluated when first asked for.
fn lazy_part(interface: &Interface) -> Option<&str> {
    interface.attributes.identifier("Lazy")
}

/// Names of members, by use.
#[derive(Default)]
struct Members {
    /// What impl objects must have.
    required: Vec<String>,
    /// What the impl class must have; enumerable on the interface object.
    statics: Vec<String>,
    /// Enumerable on the prototype.
    enumerable: Vec<String>,
    /// `NAME: value`.
    constants: Vec<String>,
}
