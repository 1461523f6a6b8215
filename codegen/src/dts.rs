//! Prints the model as TypeScript definitions, `nano.d.ts`: what an app sees, for editors and compilers.
//!
//! The file stands beside TypeScript's own library for the language (`"lib": ["esnext"]`), in place of `dom` or `webworker`. Where
//! Web IDL says less than TypeScript can (what is in a stream, what a custom event carries), `overlay` says it.

mod interface;
mod overlay;
mod types;

use webapi_idl::{
    CallbackFunction, CallbackInterface, Dictionary, Documentation, Enumeration, Model, Span, Type,
};

use crate::script::writer::{Writer, property_key, quote};
use types::Position;

/// The text of `nano.d.ts`.
pub fn definitions(model: &Model) -> String {
    let mut printer = Printer {
        model,
        w: Writer::default(),
        documented: true,
    };
    printer.head();
    for (name, ty) in &model.typedefs {
        // Buffer typedefs are types of the model.
        if !matches!(ty.kind, Type::Buffer(_)) {
            let text = overlay::whole(name).map_or_else(|| printer.aliased(ty), str::to_owned);
            printer.w.line(format!("type {name} = {text};"));
        }
    }
    printer.w.blank();
    for enumeration in model.enumerations.values() {
        printer.enumeration(enumeration);
    }
    printer.w.blank();
    for callback in model.callbacks.values() {
        printer.callback(callback);
    }
    for callback in model.callback_interfaces.values() {
        printer.callback_interface(callback);
    }
    printer.w.blank();
    for dictionary in model.dictionaries.values() {
        printer.dictionary(dictionary);
    }
    for interface in model
        .interfaces
        .values()
        .filter(|interface| !interface.attributes.has("Internal"))
    {
        printer.interface(interface);
    }
    for namespace in model
        .namespaces
        .values()
        .filter(|namespace| !namespace.attributes.has("Internal"))
    {
        printer.namespace(namespace);
    }
    printer.global();
    printer.w.finish()
}

/// The declaration of one interface, namespace, dictionary or enumeration, for the reference.
pub(crate) fn declaration(model: &Model, name: &str) -> String {
    let mut printer = Printer {
        model,
        w: Writer::default(),
        documented: false,
    };
    if let Some(interface) = model.interfaces.get(name) {
        printer.interface(interface);
    }
    if let Some(namespace) = model.namespaces.get(name) {
        printer.namespace(namespace);
    }
    if let Some(dictionary) = model.dictionaries.get(name) {
        printer.dictionary(dictionary);
    }
    if let Some(enumeration) = model.enumerations.get(name) {
        printer.enumeration(enumeration);
    }
    printer.w.finish().trim_end().to_owned()
}

/// The state of one run.
struct Printer<'m> {
    model: &'m Model,
    w: Writer,
    /// Whether documentation is printed.
    documented: bool,
}

impl Printer<'_> {
    fn head(&mut self) {
        let w = &mut self.w;
        w.line("// The Web APIs of NANO. Generated from their Web IDL; do not edit.");
        w.line("// Use with `\"lib\": [\"esnext\"]`, without `dom` and `webworker`.");
        w.blank();
        w.line("type ArrayBufferOrView = ArrayBuffer | ArrayBufferView;");
        w.line("type BufferSource = ArrayBufferOrView;");
        w.line("type AllowSharedBufferSource = ArrayBufferOrView | SharedArrayBuffer;");
        w.blank();
        for line in overlay::PRELUDE.trim().lines() {
            w.line(line);
        }
        w.blank();
    }

    /// The documentation of a definition or a member, as JSDoc; nothing where there is no text.
    fn documentation(&mut self, span: &Span) {
        self.documentation_with(span, Vec::new());
    }

    /// The same with lines that follow the text.
    fn documentation_with(&mut self, span: &Span, more: Vec<String>) {
        let Some(documentation) = self.model.documentation.get(span) else {
            return;
        };
        let Documentation {
            text,
            exceptions,
            section,
        } = documentation;
        let empty = text.is_empty() && exceptions.is_empty() && more.is_empty();
        if empty || !self.documented {
            return;
        }
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.extend(more);
        lines.extend(
            exceptions
                .iter()
                .map(|exception| format!("@throws {{{}}} {}", exception.name, exception.condition)),
        );
        if !section.is_empty() {
            lines.push(format!("@see {section}"));
        }
        if let [line] = &lines[..] {
            self.w.line(format!("/** {line} */"));
            return;
        }
        self.w.line("/**");
        for line in lines {
            self.w.line(format!(" * {line}").trim_end());
        }
        self.w.line(" */");
    }

    fn enumeration(&mut self, enumeration: &Enumeration) {
        // TypeScript has no place for what is written about one value.
        let mut about = Vec::new();
        for value in &enumeration.values {
            match self.model.documentation.get(&value.span) {
                Some(value_documentation) if !value_documentation.text.is_empty() => {
                    let text = value_documentation.text.replace('\n', " ");
                    about.push(format!("- `{}`: {text}", quote(&value.text)));
                }
                _ => {}
            }
        }
        if !about.is_empty() {
            about.insert(0, String::new());
        }
        self.documentation_with(&enumeration.span, about);
        let values: Vec<String> = enumeration
            .values
            .iter()
            .map(|value| quote(&value.text))
            .collect();
        self.w.line(format!(
            "type {} = {};",
            enumeration.name,
            values.join(" | ")
        ));
    }

    fn callback(&mut self, callback: &CallbackFunction) {
        // TypeScript has a type of this name.
        if callback.name == "Function" {
            return;
        }
        self.documentation(&callback.span);
        let generics = overlay::generics(&callback.name);
        let text = match overlay::whole(&callback.name) {
            Some(text) => text.to_owned(),
            None => {
                let arguments = self.arguments(&callback.arguments, Position::Output);
                format!(
                    "({arguments}) => {}",
                    self.callback_result(&callback.returns)
                )
            }
        };
        self.w
            .line(format!("type {}{generics} = {text};", callback.name));
    }

    fn callback_interface(&mut self, callback: &CallbackInterface) {
        self.documentation(&callback.span);
        let arguments = self.arguments(&callback.operation.arguments, Position::Output);
        let returns = self.callback_result(&callback.operation.returns);
        let method = &callback.operation_name;
        // A method's parameters are bivariant: a listener for `ErrorEvent` is a listener.
        self.w.line(format!(
            "type {} = {{ bivariant({arguments}): {returns} }}[\"bivariant\"] | {{ {method}({arguments}): {returns} }};",
            callback.name
        ));
    }

    fn dictionary(&mut self, dictionary: &Dictionary) {
        let name = &dictionary.name;
        self.documentation(&dictionary.span);
        if let Some(whole) = overlay::whole(name) {
            self.w
                .line(format!("type {name}{} = {whole};", overlay::generics(name)));
            self.w.blank();
            return;
        }
        let parent = dictionary
            .inherits
            .as_ref()
            .map(|parent| format!(" extends {parent}"))
            .unwrap_or_default();
        self.w.open(format!(
            "interface {name}{}{parent} {{",
            overlay::generics(name)
        ));
        for member in &dictionary.members {
            self.documentation(&member.span);
            match overlay::member(name, &member.name) {
                Some(lines) => self.w.line(lines),
                None => {
                    let mark = if member.required { "" } else { "?" };
                    let ty = self.ty(&member.ty, Position::Member);
                    self.w
                        .line(format!("{}{mark}: {ty};", property_key(&member.name)));
                }
            }
        }
        self.w.close("}");
        self.w.blank();
    }
}

#[cfg(test)]
mod tests;
