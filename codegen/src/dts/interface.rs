//! Interfaces, namespaces and the members of the global object.

use webapi_idl::{
    Constant, DefaultValue, Interface, Member, Namespace, Operation, Span, Stringifier, Type,
};

use super::types::Position;
use super::{Printer, overlay};
use crate::script::writer::property_key;

impl Printer<'_> {
    /// `interface X` and, where the interface object exists, `declare var X`.
    pub(super) fn interface(&mut self, interface: &Interface) {
        let name = &interface.name;
        self.documentation(&interface.span);
        // `LegacyNamespace`: the interface is a member of a namespace object.
        let namespace = interface
            .attributes
            .identifier("LegacyNamespace")
            .map(str::to_owned);
        if let Some(namespace) = &namespace {
            self.w.open(format!("declare namespace {namespace} {{"));
        }
        let exception = interface.attributes.has("Exception");
        let parent = exception
            .then(|| "Error".to_owned())
            .or_else(|| interface.inherits.clone());
        let parent = parent
            .map(|parent| format!(" extends {parent}"))
            .unwrap_or_default();
        self.w.open(format!(
            "interface {name}{}{parent} {{",
            overlay::generics(name)
        ));
        for member in &interface.members {
            match member {
                Member::Attribute(attribute) if !attribute.is_static => {
                    self.documentation(&attribute.span);
                    if self.overlaid(name, &attribute.name) || self.handler(name, &attribute.name) {
                        continue;
                    }
                    let readonly = if attribute.readonly { "readonly " } else { "" };
                    let ty = self.ty(&attribute.ty, Position::Output);
                    self.w.line(format!(
                        "{readonly}{}: {ty};",
                        property_key(&attribute.name)
                    ));
                }
                Member::Operation(set) if !set.is_static && overlay::is_typed(name, &set.name) => {
                    self.documentation(&set.overloads[0].span);
                    let method = property_key(&set.name);
                    self.w.line(format!("{method}<T = any>(): Promise<T>;"));
                }
                Member::Operation(set) if !set.is_static => {
                    self.methods(name, &set.name, &set.overloads);
                }
                Member::Constant(constant) => self.constant(constant),
                _ => {}
            }
        }
        self.listeners(name);
        self.collections(interface);
        if let Some(stringifier) = &interface.stringifier {
            if let Stringifier::Algorithm(span) = stringifier {
                self.documentation(span);
            }
            self.w.line("toString(): string;");
        }
        self.w.close("}");

        if !interface.attributes.has("LegacyNoInterfaceObject") {
            let declare = if namespace.is_some() { "" } else { "declare " };
            self.w.open(format!("{declare}var {name}: {{"));
            self.interface_object(interface);
            self.w.close("};");
        }
        if namespace.is_some() {
            self.w.close("}");
        }
        self.w.blank();
    }

    /// Constructors and static members.
    fn interface_object(&mut self, interface: &Interface) {
        let name = &interface.name;
        self.w.line(format!("prototype: {name};"));
        if overlay::member(name, "new").is_some() {
            if let Some(constructor) = interface.constructors.first() {
                self.documentation(&constructor.span);
            }
            self.overlaid(name, "new");
        } else {
            for constructor in &interface.constructors {
                self.documentation(&constructor.span);
                let arguments = self.arguments(&constructor.arguments, Position::Input);
                self.w.line(format!("new({arguments}): {name};"));
            }
        }
        for member in &interface.members {
            match member {
                Member::Attribute(attribute) if attribute.is_static => {
                    self.documentation(&attribute.span);
                    let readonly = if attribute.readonly { "readonly " } else { "" };
                    let ty = self.ty(&attribute.ty, Position::Output);
                    self.w.line(format!("{readonly}{}: {ty};", attribute.name));
                }
                Member::Operation(set) if set.is_static => {
                    self.methods(name, &set.name, &set.overloads);
                }
                Member::Constant(constant) => self.constant(constant),
                _ => {}
            }
        }
    }

    /// Prints what the overlay says of a member; whether it says anything.
    fn overlaid(&mut self, owner: &str, member: &str) -> bool {
        overlay::member(owner, member)
            .map(|lines| self.w.line(lines))
            .is_some()
    }

    /// Prints an event handler whose event is not a plain one; whether it is one.
    fn handler(&mut self, owner: &str, attribute: &str) -> bool {
        let event = overlay::events(owner)
            .iter()
            .find(|(handler, _)| *handler == attribute);
        event
            .map(|(handler, event)| {
                self.w
                    .line(format!("{handler}: ((event: {event}) => any) | null;"));
            })
            .is_some()
    }

    /// `addEventListener()` for the events of such handlers. It hides that of EventTarget, which comes last.
    fn listeners(&mut self, owner: &str) {
        let options = "options?: AddEventListenerOptions | boolean";
        let events = overlay::events(owner);
        for (handler, event) in events {
            let ty = handler.strip_prefix("on").unwrap_or(handler);
            self.w.line(format!(
                "addEventListener(type: \"{ty}\", callback: ((event: {event}) => any) | null, {options}): void;"
            ));
        }
        if !events.is_empty() {
            self.w.line(format!(
                "addEventListener(type: string, callback: EventListener | null, {options}): void;"
            ));
        }
    }

    fn methods(&mut self, owner: &str, name: &str, overloads: &[Operation]) {
        if overlay::member(owner, name).is_some() {
            self.documentation(&overloads[0].span);
            self.overlaid(owner, name);
            return;
        }
        for operation in overloads {
            self.documentation(&operation.span);
            let arguments = self.arguments(&operation.arguments, Position::Input);
            let result = self.result(&operation.returns);
            self.w
                .line(format!("{}({arguments}): {result};", property_key(name)));
        }
    }

    fn constant(&mut self, constant: &Constant) {
        self.documentation(&constant.span);
        let value = match &constant.value {
            DefaultValue::Integer(value) => value.to_string(),
            DefaultValue::Boolean(value) => value.to_string(),
            _ => "number".to_owned(),
        };
        self.w.line(format!("readonly {}: {value};", constant.name));
    }

    /// `iterable`, `async_iterable`, `maplike`, `setlike`.
    fn collections(&mut self, interface: &Interface) {
        let name = &interface.name;
        if let Some(getter) = &interface.indexed_getter {
            let value = self.result(&getter.operation.returns);
            self.documentation(&getter.operation.span);
            self.w.line(format!("readonly [index: number]: {value};"));
            if interface.iterable.is_none() {
                self.w
                    .line(format!("[Symbol.iterator](): IterableIterator<{value}>;"));
            }
        }
        if let Some(iterable) = &interface.iterable {
            let value = self.ty(&iterable.value, Position::Output);
            match &iterable.key {
                Some(key) => {
                    let key = self.ty(key, Position::Output);
                    self.w.line(format!("forEach(callback: (value: {value}, key: {key}, parent: {name}) => void, thisArg?: any): void;"));
                    let element = format!("[{key}, {value}]");
                    self.iterators(&iterable.span, &key, &value, &element);
                }
                None => {
                    self.w.line(format!("forEach(callback: (value: {value}, index: number, parent: {name}) => void, thisArg?: any): void;"));
                    self.iterators(&iterable.span, "number", &value, &value);
                }
            }
        }
        if let Some(maplike) = &interface.maplike {
            let (key, value) = (
                self.ty(&maplike.key, Position::Output),
                self.ty(&maplike.value, Position::Output),
            );
            self.w.line("readonly size: number;");
            self.w
                .line(format!("get(key: {key}): {value} | undefined;"));
            self.w.line(format!("has(key: {key}): boolean;"));
            if !maplike.readonly {
                let writes = [
                    ("set", format!("(key: {key}, value: {value}): this;")),
                    ("delete", format!("(key: {key}): boolean;")),
                    ("clear", "(): void;".to_owned()),
                ];
                self.undeclared(interface, writes);
            }
            self.w.line(format!("forEach(callback: (value: {value}, key: {key}, parent: {name}) => void, thisArg?: any): void;"));
            let element = format!("[{key}, {value}]");
            self.iterators(&maplike.span, &key, &value, &element);
        }
        if let Some(setlike) = &interface.setlike {
            let value = self.ty(&setlike.value, Position::Output);
            self.w.line("readonly size: number;");
            self.w.line(format!("has(value: {value}): boolean;"));
            if !setlike.readonly {
                let writes = [
                    ("add", format!("(value: {value}): this;")),
                    ("delete", format!("(value: {value}): boolean;")),
                    ("clear", "(): void;".to_owned()),
                ];
                self.undeclared(interface, writes);
            }
            self.w.line(format!("forEach(callback: (value: {value}, key: {value}, parent: {name}) => void, thisArg?: any): void;"));
            self.iterators(&setlike.span, &value, &value, &value);
        }
        if let Some(iterable) = &interface.async_iterable {
            let arguments = self.arguments(&iterable.arguments, Position::Input);
            let value = match overlay::element(name) {
                Some(element) => element.to_owned(),
                None => self.ty(&iterable.value, Position::Output),
            };
            let element = match &iterable.key {
                Some(key) => format!("[{}, {value}]", self.ty(key, Position::Output)),
                None => value,
            };
            self.w.line(format!(
                "values({arguments}): AsyncIterableIterator<{element}>;"
            ));
            self.documentation(&iterable.span);
            self.w.line(format!(
                "[Symbol.asyncIterator]({arguments}): AsyncIterableIterator<{element}>;"
            ));
        }
    }

    /// Methods that a declaration defines unless the interface declares its own.
    fn undeclared(&mut self, interface: &Interface, methods: [(&str, String); 3]) {
        for (name, rest) in methods {
            if !interface.members.iter().any(|m| m.name() == name) {
                self.w.line(format!("{name}{rest}"));
            }
        }
    }

    /// `element` is what `for` gives; what is written about the declaration stands before it.
    fn iterators(&mut self, span: &Span, key: &str, value: &str, element: &str) {
        self.w
            .line(format!("entries(): IterableIterator<[{key}, {value}]>;"));
        self.w.line(format!("keys(): IterableIterator<{key}>;"));
        self.w.line(format!("values(): IterableIterator<{value}>;"));
        self.documentation(span);
        self.w
            .line(format!("[Symbol.iterator](): IterableIterator<{element}>;"));
    }

    /// A namespace object that apps see.
    pub(super) fn namespace(&mut self, namespace: &Namespace) {
        self.documentation(&namespace.span);
        self.w
            .open(format!("declare namespace {} {{", namespace.name));
        for member in &namespace.members {
            match member {
                Member::Attribute(attribute) => {
                    self.documentation(&attribute.span);
                    let ty = self.ty(&attribute.ty, Position::Output);
                    self.w.line(format!("const {}: {ty};", attribute.name));
                }
                Member::Operation(set) => self.functions("function", &set.name, &set.overloads),
                Member::Constant(constant) => {
                    let ty = if matches!(constant.ty.kind, Type::Boolean) {
                        "boolean"
                    } else {
                        "number"
                    };
                    self.w.line(format!("const {}: {ty};", constant.name));
                }
            }
        }
        self.w.close("}");
        self.w.blank();
    }

    /// The members of the `[Global]` interface and of those it inherits from, as global variables and functions.
    pub(super) fn global(&mut self) {
        let model = self.model;
        let Some(global) = model
            .interfaces
            .values()
            .find(|interface| interface.attributes.has("Global"))
        else {
            return;
        };
        for interface in std::iter::once(global).chain(model.ancestors(&global.name)) {
            for member in &interface.members {
                match member {
                    Member::Attribute(attribute) if !attribute.is_static => {
                        self.documentation(&attribute.span);
                        let ty = self.ty(&attribute.ty, Position::Output);
                        let ty = if ty == global.name {
                            format!("{ty} & typeof globalThis")
                        } else {
                            ty
                        };
                        self.w
                            .line(format!("declare var {}: {ty};", attribute.name));
                    }
                    Member::Operation(set) if !set.is_static => {
                        self.functions("declare function", &set.name, &set.overloads);
                    }
                    _ => {}
                }
            }
        }
    }

    fn functions(&mut self, keyword: &str, name: &str, overloads: &[Operation]) {
        for operation in overloads {
            self.documentation(&operation.span);
            let arguments = self.arguments(&operation.arguments, Position::Input);
            let result = self.result(&operation.returns);
            self.w
                .line(format!("{keyword} {name}({arguments}): {result};"));
        }
    }
}
