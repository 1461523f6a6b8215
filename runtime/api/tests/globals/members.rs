//! Interface objects, their prototypes, namespaces and the global object have the properties that Web IDL says, and no others:
//! each as a line, "Headers.prototype append = function append/2 wec", of the model and of a program.

use std::collections::BTreeSet;

use webapi_idl::{
    Argument, Attribute, DefaultValue, Interface, Iterable, Member, Model, Operation, OperationSet,
};

/// Writable, enumerable, configurable.
const METHOD: &str = "wec";
const ACCESSOR: &str = "-ec";
/// Of unforgeable attributes, too.
const CONSTANT: &str = "-e-";
/// What is not enumerable.
const HIDDEN: &str = "w-c";
const READ_ONLY: &str = "--c";
const FIXED: &str = "---";

/// Prints the lines of the objects in the list `objects` of names and values.
pub(crate) const PROGRAM: &str = "
    const value = (value) => {
        if (typeof value === 'function') return `function ${value.name}/${value.length}`;
        return typeof value === 'object' ? 'object' : JSON.stringify(value);
    };
    for (const [name, object] of objects) {
        for (const key of Reflect.ownKeys(object)) {
            const property = Object.getOwnPropertyDescriptor(object, key);
            const accessors = ['get', 'set'].map((kind) => `${value(property[kind])}`).join(', ');
            const flags = ['writable', 'enumerable', 'configurable'].map((flag) => (property[flag] ? flag[0] : '-')).join('');
            console.log(`${name} ${String(key)} = ${'value' in property ? value(property.value) : accessors} ${flags}`);
        }
    }
";

/// The lines of all interfaces and namespaces that apps see, and of the global object.
pub(crate) fn of_model(model: &Model) -> BTreeSet<String> {
    let mut lines = Lines(BTreeSet::new());
    for interface in model.interfaces.values() {
        if !interface.attributes.has("Internal") {
            lines.interface(interface);
        }
    }
    for namespace in model.namespaces.values() {
        if !namespace.attributes.has("Internal") {
            let name = &namespace.name;
            lines.value("globalThis", name, "object", HIDDEN);
            lines.members(name, namespace.members.iter());
            lines.tag(name, name);
        }
    }
    lines.0
}

struct Lines(BTreeSet<String>);

impl Lines {
    /// <https://webidl.spec.whatwg.org/#interface-object>, <https://webidl.spec.whatwg.org/#interface-prototype-object>
    fn interface(&mut self, interface: &Interface) {
        let name = &interface.name;
        let length = length(&interface.constructors);
        let itself = format!("function {name}/{length}");
        if !interface.attributes.has("LegacyNoInterfaceObject") {
            self.value("globalThis", name, &itself, HIDDEN);
            self.value(name, "length", &length.to_string(), READ_ONLY);
            self.value(name, "name", &format!("{name:?}"), READ_ONLY);
            self.value(name, "prototype", "object", FIXED);
            self.members(name, interface.members.iter().filter(|m| m.is_static()));
            self.constants(name, interface);
        }
        let prototype = format!("{name}.prototype");
        // DEPARTURE: as in Workers, also where the class is no global (`[LegacyNoInterfaceObject]`).
        self.value(&prototype, "constructor", &itself, HIDDEN);
        self.tag(&prototype, name);
        let on_instances = interface.attributes.has("Global");
        let object = if on_instances {
            "globalThis"
        } else {
            &*prototype
        };
        let regular = interface.members.iter().filter(|m| !m.is_static());
        self.members(object, regular);
        self.constants(&prototype, interface);
        self.collection(&prototype, interface);
        if interface.stringifier.is_some() {
            self.function(&prototype, "toString", 0);
        }
    }

    /// Attributes and operations, <https://webidl.spec.whatwg.org/#js-attributes>, <https://webidl.spec.whatwg.org/#js-operations>.
    fn members<'m>(&mut self, object: &str, members: impl Iterator<Item = &'m Member>) {
        for member in members {
            match member {
                Member::Attribute(attribute) => self.attribute(object, attribute),
                Member::Operation(OperationSet {
                    name, overloads, ..
                }) => {
                    self.function(object, name, length(overloads));
                }
                Member::Constant(_) => {}
            }
        }
    }

    fn attribute(&mut self, object: &str, attribute: &Attribute) {
        let Attribute {
            name, attributes, ..
        } = attribute;
        let has_setter = !attribute.readonly
            || ["Replaceable", "PutForwards", "LegacyLenientSetter"]
                .iter()
                .any(|a| attributes.has(a));
        let setter = if has_setter {
            format!("function set {name}/1")
        } else {
            "undefined".to_owned()
        };
        let accessors = format!("function get {name}/0, {setter}");
        if attributes.has("LegacyUnforgeable") {
            let object = object.replace(".prototype", " object");
            self.value(&object, name, &accessors, CONSTANT);
        } else {
            self.value(object, name, &accessors, ACCESSOR);
        }
    }

    fn constants(&mut self, object: &str, interface: &Interface) {
        for member in &interface.members {
            if let Member::Constant(constant) = member {
                let value = match &constant.value {
                    DefaultValue::Integer(value) => value.to_string(),
                    DefaultValue::Boolean(value) => value.to_string(),
                    other => panic!("a constant that is {other:?}"),
                };
                self.value(object, &constant.name, &value, CONSTANT);
            }
        }
    }

    /// <https://webidl.spec.whatwg.org/#js-iterable> and the like.
    fn collection(&mut self, prototype: &str, interface: &Interface) {
        let is_of_pairs = |iterable: &Iterable| iterable.key.is_some();
        let first = if interface.maplike.is_some()
            || interface.iterable.as_ref().is_some_and(is_of_pairs)
        {
            "entries"
        } else {
            "values"
        };
        let mut methods: Vec<(&str, usize)> = Vec::new();
        let is_mapping = interface.maplike.is_some();
        if is_mapping || interface.setlike.is_some() || interface.iterable.is_some() {
            methods.extend([("entries", 0), ("keys", 0), ("values", 0), ("forEach", 1)]);
        }
        let declared = (interface.maplike.as_ref().map(|m| m.readonly))
            .or(interface.setlike.as_ref().map(|s| s.readonly));
        if let Some(readonly) = declared {
            methods.push(("has", 1));
            self.value(
                prototype,
                "size",
                "function get size/0, undefined",
                ACCESSOR,
            );
            if is_mapping {
                methods.push(("get", 1));
            }
            if !readonly {
                methods.extend([("clear", 0), ("delete", 1)]);
                methods.push(if is_mapping { ("set", 2) } else { ("add", 1) });
            }
        }
        if !methods.is_empty() || interface.indexed_getter.is_some() {
            self.value(
                prototype,
                "Symbol(Symbol.iterator)",
                &format!("function {first}/0"),
                HIDDEN,
            );
        }
        if let Some(iterable) = &interface.async_iterable {
            let is_of_pairs = iterable.key.is_some();
            let first = if is_of_pairs { "entries" } else { "values" };
            self.value(
                prototype,
                "Symbol(Symbol.asyncIterator)",
                &format!("function {first}/0"),
                HIDDEN,
            );
            methods.push(("values", 0));
            if is_of_pairs {
                methods.extend([("entries", 0), ("keys", 0)]);
            }
        }
        // A member of the interface's own comes before what a declaration brings.
        let own = |name: &str| {
            interface
                .members
                .iter()
                .any(|member| member.name() == name && !member.is_static())
        };
        for (name, length) in methods {
            if !own(name) {
                self.function(prototype, name, length);
            }
        }
    }

    fn tag(&mut self, object: &str, name: &str) {
        self.value(
            object,
            "Symbol(Symbol.toStringTag)",
            &format!("{name:?}"),
            READ_ONLY,
        );
    }

    fn function(&mut self, object: &str, name: &str, length: usize) {
        self.value(object, name, &format!("function {name}/{length}"), METHOD);
    }

    fn value(&mut self, object: &str, name: &str, value: &str, flags: &str) {
        self.0.insert(format!("{object} {name} = {value} {flags}"));
    }
}

/// A function's length: as many arguments as each overload wants, <https://webidl.spec.whatwg.org/#dfn-create-operation-function>.
fn length(overloads: &[Operation]) -> usize {
    let required = |overload: &Operation| {
        let optional = |argument: &&Argument| argument.optional || argument.variadic;
        overload
            .arguments
            .iter()
            .position(|argument| optional(&argument))
            .unwrap_or(overload.arguments.len())
    };
    overloads.iter().map(required).min().unwrap_or(0)
}
