//! Prints the script glue: the pseudo-module `nano:bindings`, which defines every interface whose algorithms are built-in scripts.
//!
//! What the glue expects of those scripts, and what it gives them, is written at the head of `runtime/api/src/script/webidl.js`.
//! The semantics are those of <https://webidl.spec.whatwg.org/#javascript-binding>; the code is specialised per member, so
//! that a call makes no intermediate arrays and looks nothing up by name.

mod attribute;
mod callback;
mod convert;
mod dictionary;
mod distinguish;
mod event;
mod footer;
mod global;
mod interface;
mod iteration;
mod namespace;
mod operation;
mod support;
mod to_js;
mod union;
pub(crate) mod writer;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use webapi_idl::{AnnotatedType, Implementation, Interface, Model, Span};

use writer::Writer;

/// The model asks for something that the script glue cannot express.
#[derive(Debug)]
pub struct Error {
    /// What was found and what to do about it.
    pub message: String,
    /// Where in the IDL.
    pub span: Option<Span>,
}

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span: None,
        }
    }

    /// Adds the place, unless an inner one is known.
    fn at(mut self, span: &Span) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(span) = &self.span {
            write!(f, "{}:{}:{}: ", span.file, span.line, span.column)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

type Result<T> = std::result::Result<T, Error>;

/// The text of the module `nano:bindings`.
///
/// Its imports name, relative to the scripts' root, the library that it stands on, and from `nano:impls` the classes and objects
/// that implement the interfaces; [`crate::bundle::bundle`] resolves both.
pub fn bindings(model: &Model) -> std::result::Result<String, Error> {
    let printer = Printer::new(model);
    let mut body = Writer::default();

    body.line("// Set by each root class to the function that reads its private field.");
    body.line("let takeImpl;");
    body.blank();
    let mut script_interfaces: Vec<&Interface> = Vec::new();
    for interface in model.in_order_of_inheritance() {
        if printer.is_script(&interface.name) {
            printer
                .interface(&mut body, interface)
                .map_err(|e| e.at(&interface.span))?;
            script_interfaces.push(interface);
        } else if interface.attributes.has("Lazy") {
            let message = "[Lazy] is for interfaces with [Implementation=Script]; native ones are lazy where they can be";
            return Err(Error::new(message).at(&interface.span));
        }
    }
    for namespace in model
        .namespaces
        .values()
        .filter(|n| n.implementation == Implementation::Script)
    {
        printer
            .namespace(&mut body, namespace)
            .map_err(|e| e.at(&namespace.span))?;
    }
    printer.converters(&mut body)?;
    printer.footer(&mut body, &script_interfaces)?;

    let body = body.finish();
    Ok(format!("{}\n{body}", printer.imports(&body)))
}

/// The state of one run.
struct Printer<'m> {
    model: &'m Model,
    /// The unions met so far, by their members; each gets a converter of its own.
    unions: RefCell<Vec<UnionConverter>>,
}

/// A union type and the name of the function that converts to it.
#[derive(Clone)]
struct UnionConverter {
    name: String,
    members: Vec<AnnotatedType>,
}

impl<'m> Printer<'m> {
    fn new(model: &'m Model) -> Self {
        Self {
            model,
            unions: RefCell::default(),
        }
    }

    /// Whether the glue defines the interface: a built-in script implements it, or it is the `[Global]` one and derived from such
    /// an interface. (Members of the global one may still be native; Rust defines those on `globalThis`.)
    fn is_script(&self, interface: &str) -> bool {
        self.model.interfaces.get(interface).is_some_and(|i| {
            i.implementation == Implementation::Script
                || i.attributes.has("Global")
                    && i.inherits
                        .as_ref()
                        .is_some_and(|parent| self.is_script(parent))
        })
    }

    /// The `[Global]` interface, if the glue defines it.
    fn global(&self) -> Option<&'m Interface> {
        self.model
            .interfaces
            .values()
            .find(|i| i.attributes.has("Global") && self.is_script(&i.name))
    }

    /// Whether `globalThis` is an object of the interface.
    fn includes_global(&self, interface: &str) -> bool {
        self.global().is_some_and(|global| {
            global.name == interface
                || self
                    .model
                    .ancestors(&global.name)
                    .iter()
                    .any(|i| i.name == interface)
        })
    }

    /// Prints converters for everything that can have one. Those of script interfaces' types must work; the others are for
    /// built-in scripts that ask for them by name, and exist where the glue can express them.
    fn converters(&self, w: &mut Writer) -> Result<()> {
        let model = self.model;
        for interface in model.interfaces.values() {
            self.interface_converter(w, interface);
        }
        for enumeration in model.enumerations.values() {
            self.enumeration(w, enumeration);
        }
        for callback in model.callbacks.values() {
            if self.supports_callback(&callback.name) {
                self.callback_function(w, callback)
                    .map_err(|e| e.at(&callback.span))?;
            }
        }
        for callback in model.callback_interfaces.values() {
            if self.supports_operation(&callback.operation) {
                self.callback_interface(w, callback)
                    .map_err(|e| e.at(&callback.span))?;
            }
        }
        for dictionary in model.dictionaries.values() {
            if self.supports_dictionary(&dictionary.name) {
                self.dictionary(w, dictionary)
                    .map_err(|e| e.at(&dictionary.span))?;
            }
        }
        // Printing a union may name further unions.
        let mut printed = 0;
        loop {
            let Some(union) = self.unions.borrow().get(printed).cloned() else {
                break;
            };
            self.union(w, &union)?;
            printed += 1;
        }
        Ok(())
    }

    /// The import declarations for the library functions that `body` uses.
    fn imports(&self, body: &str) -> String {
        let used: BTreeSet<&str> = identifiers(body).collect();
        let mut w = Writer::default();
        w.line("// The Web IDL glue of interfaces that built-in scripts implement. Generated; do not edit.");
        w.blank();
        for (module, names) in LIBRARY {
            let names: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| used.contains(name))
                .collect();
            import(&mut w, &names, module);
        }
        let defined = self.impl_names();
        let impls: Vec<&str> = used
            .iter()
            .copied()
            .filter(|name| defined.contains(*name))
            .collect();
        import(&mut w, &impls, "nano:impls");
        w.finish()
    }

    /// What built-in scripts must export: the impls of interfaces and namespaces, and the data holders of transferable objects.
    fn impl_names(&self) -> BTreeSet<String> {
        let interfaces = self.model.interfaces.values();
        let interfaces: Vec<&Interface> = interfaces.filter(|i| self.is_script(&i.name)).collect();
        let namespaces = self.model.namespaces.values();
        let namespaces = namespaces.filter(|n| n.implementation == Implementation::Script);
        let impls = interfaces
            .iter()
            .filter(|i| self.init_dictionary(i).is_none())
            .map(|i| &i.name)
            .chain(namespaces.map(|n| &n.name))
            .map(|name| format!("{name}Impl"));
        let transferable = interfaces
            .iter()
            .filter(|i| i.attributes.has("Transferable"));
        impls
            .chain(transferable.map(|i| format!("{}DataHolder", i.name)))
            .collect()
    }
}

fn import(w: &mut Writer, names: &[&str], module: &str) {
    if names.is_empty() {
        return;
    }
    w.open("import {");
    for name in names {
        w.line(format!("{name},"));
    }
    w.close(format!("}} from \"{module}\";"));
}

/// The identifiers (and words in strings) of a script, in order.
pub(crate) fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .filter(|word| !word.is_empty())
}

/// The names that the glue of one or the other interface imports.
pub(crate) fn library_names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().flat_map(|(_, names)| names.iter().copied())
}

/// What the glue may use, by module.
const LIBRARY: &[(&str, &[&str])] = &[
    ("./script/bridge.js", &["exportToNative"]),
    // Named by the bundler.
    ("./script/lazy.js", &["addLazyPart"]),
    (
        "./script/primordials.js",
        &[
            "FunctionPrototypeCall",
            "ObjectDefineProperties",
            "ObjectDefineProperty",
            "ObjectGetOwnPropertyDescriptor",
            "ObjectSetPrototypeOf",
            "PromiseReject",
            "ReflectApply",
            "SymbolAsyncIterator",
            "SymbolIterator",
        ],
    ),
    (
        "./script/webidl.js",
        &[
            "Dictionary",
            "PlatformObject",
            "callbackOrNull",
            "callbackToJS",
            "clamp",
            "convertRest",
            "enforceRange",
            "frozenArray",
            "illegalConstructor",
            "illegalInvocation",
            "implToJS",
            "isArrayBuffer",
            "isObject",
            "isSharedArrayBuffer",
            "kFromImpl",
            "memberContext",
            "missingMember",
            "noOverload",
            "notEnoughArguments",
            "notInEnumeration",
            "notOfType",
            "nullOr",
            "recordToJS",
            "sequenceFromIterable",
            "sequenceToJS",
            "setOwn",
            "toAny",
            "toArrayBuffer",
            "toArrayBufferView",
            "toBufferSource",
            "toByte",
            "toByteString",
            "toDOMString",
            "toDouble",
            "toFloat",
            "toLong",
            "toLongLong",
            "toObject",
            "toOctet",
            "toPromise",
            "toRecord",
            "toSequence",
            "toSharedArrayBuffer",
            "toShort",
            "toSymbol",
            "toUSVString",
            "toUnrestrictedDouble",
            "toUnrestrictedFloat",
            "toUnsignedLong",
            "toUnsignedLongLong",
            "toUnsignedShort",
            "toView",
            "typeError",
            "viewType",
            "withCallback",
            "wrapperOrNull",
        ],
    ),
    (
        "./script/webidl_interface.js",
        &[
            "defineConstants",
            "defineEnumerable",
            "defineGlobal",
            "defineGlobalMembers",
            "defineIteratorMethod",
            "defineToStringTag",
            "replace",
            "unforgeable",
            "verifyImpl",
            "verifyNamespaceImpl",
        ],
    ),
    (
        "./script/webidl_iterator.js",
        &["asyncIteratorFactory", "forEachPair", "pairIteratorFactory"],
    ),
    ("nano:native", &["isInstance"]),
];
