//! Static tables of what the IDL says, and the V8 templates and objects that are made of them, once, for the snapshot.
//!
//! Every callback is read from these tables, both for templates and for the list of external references: a function item
//! may have several addresses, an entry of a table has one.
//!
//! <https://webidl.spec.whatwg.org/#js-interfaces>

pub(crate) mod lazy;
mod unforgeable;

use std::hint::black_box;

use nano_engine::entry;

pub use self::lazy::interface_object;
use self::unforgeable::Unforgeables;
use crate::serializable::Steps;
use crate::{Scope, call, indexed, internalized, type_error};

/// The C entry point of a member.
pub type Callback = v8::FunctionCallback;

/// An interface that a Rust type implements, or the iterator of one.
pub struct Interface {
    /// Identifier; for an iterator its class string: `Headers Iterator`.
    pub name: &'static str,
    /// The parent's index among all interfaces.
    pub parent: Option<u16>,
    /// The constructor; [`illegal_constructor`] where there is none.
    pub constructor: Callback,
    /// The constructor's `length`.
    pub length: i32,
    /// Members of the prototype, and static ones.
    pub members: &'static [Member],
    /// What else there is to know.
    pub kind: InterfaceKind,
    /// `[Serializable]`: its steps.
    pub serialization: Option<Steps>,
}

/// Kinds of interfaces that differ in how their objects are wired.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum InterfaceKind {
    /// An interface object on the global.
    Exposed,
    /// `[Exception]`: its prototype inherits from `%Error.prototype%`.
    Exception,
    /// `[LegacyNoInterfaceObject]`, or internal: no interface object on the global.
    Hidden,
    /// A default iterator: no interface object; its prototype inherits from `%IteratorPrototype%`.
    Iterator,
}

/// A member of an interface, a namespace or the global object.
pub enum Member {
    /// An operation.
    Operation {
        /// Property name.
        name: &'static str,
        /// `length`
        length: i32,
        /// Entry point.
        callback: Callback,
        /// Where and how it is defined.
        placement: Placement,
    },
    /// An attribute.
    Attribute {
        /// Property name.
        name: &'static str,
        /// The getter.
        getter: Callback,
        /// The setter, where the attribute can be written.
        setter: Option<Callback>,
        /// Where and how it is defined.
        placement: Placement,
    },
    /// A constant.
    Constant {
        /// Property name.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// `[Symbol.iterator]`, the same function as the named operation.
    Iterator {
        /// The operation: `entries` or `values`.
        of: &'static str,
    },
    /// The same function as the named operation: `keys` of a setlike interface is `values`.
    Alias {
        /// Property name.
        name: &'static str,
        /// The operation.
        of: &'static str,
    },
    /// Indexed properties of each object, and `[Symbol.iterator]`, which is that of arrays.
    Indexed {
        /// V8's entry points. They come out of one function, so that they have one address, for templates and for the list of
        /// external references.
        handler: fn() -> indexed::Handler,
        /// `iterable<V>`: also `entries`, `keys`, `values` and `forEach` of arrays.
        iterable: bool,
    },
}

/// Where a member is defined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// On the prototype; V8 checks the receiver.
    Prototype,
    /// On the prototype; the member checks the receiver itself, because its error is a rejected promise.
    PrototypeUnchecked,
    /// On each object, and not configurable there: `[LegacyUnforgeable]`. The member checks the receiver itself.
    Instance,
    /// On the interface object.
    Static,
}

/// A namespace.
pub struct Namespace {
    /// Identifier.
    pub name: &'static str,
    /// `[EmptyPrototype]`: the namespace object inherits from an empty object of its own.
    pub has_empty_prototype: bool,
    /// Its operations, attributes and constants.
    pub members: &'static [Member],
}

/// All tables of a program.
pub struct Tables {
    /// Interfaces, parents first; the index is the kind of their objects.
    pub interfaces: &'static [&'static Interface],
    /// Namespaces that apps see.
    pub namespaces: &'static [&'static Namespace],
    /// `[Internal=…]` namespaces, which only built-in scripts see.
    pub internal: &'static [&'static Namespace],
    /// Members of the global object.
    pub global: &'static [Member],
    /// Number of property names that conversions look up.
    pub keys: usize,
}

/// What [`bake`] made.
pub struct Baked<'s> {
    /// The templates of the interfaces that are not lazy, in the order of the table.
    pub templates: Vec<v8::Local<'s, v8::FunctionTemplate>>,
    /// An object with all members of the internal namespaces.
    pub internal: v8::Local<'s, v8::Object>,
}

fn constant_attributes() -> v8::PropertyAttribute {
    v8::PropertyAttribute::READ_ONLY | v8::PropertyAttribute::DONT_DELETE
}

fn unforgeable_operation() -> v8::PropertyAttribute {
    v8::PropertyAttribute::READ_ONLY | v8::PropertyAttribute::DONT_DELETE
}

fn tag_attributes() -> v8::PropertyAttribute {
    v8::PropertyAttribute::READ_ONLY | v8::PropertyAttribute::DONT_ENUM
}

/// Every callback that the tables name: the list of external references of a snapshot made with [`bake`].
pub fn external_references(tables: &'static Tables) -> Vec<v8::ExternalReference> {
    let mut callbacks: Vec<Callback> = Vec::new();
    let mut handlers = Vec::new();
    let mut add = |members: &'static [Member]| {
        for member in members {
            match black_box(member) {
                Member::Operation { callback, .. } => callbacks.push(*callback),
                Member::Attribute { getter, setter, .. } => {
                    callbacks.push(*getter);
                    callbacks.extend(*setter);
                }
                Member::Indexed { handler, .. } => handlers.push(handler()),
                Member::Constant { .. } | Member::Iterator { .. } | Member::Alias { .. } => {}
            }
        }
    };
    for interface in tables.interfaces {
        add(interface.members);
    }
    for namespace in tables.namespaces.iter().chain(tables.internal) {
        add(namespace.members);
    }
    add(tables.global);
    callbacks.extend(tables.interfaces.iter().map(|i| black_box(*i).constructor));
    callbacks
        .into_iter()
        .map(|function| v8::ExternalReference { function })
        .chain(
            handlers
                .iter()
                .flat_map(indexed::Handler::external_references),
        )
        .collect()
}

/// Makes templates, and defines interfaces, namespaces and the global's members on the current context's global object. Interfaces
/// that `eager` does not name are made lazily, where they can be: see [`interface_object`]. `None` where V8 has not made what it was asked for.
pub fn bake<'s>(
    scope: &mut Scope<'s, '_>,
    tables: &'static Tables,
    eager: &[&str],
) -> Option<Baked<'s>> {
    let global = scope.get_current_context().global(scope);
    let mut templates: Vec<Option<v8::Local<v8::FunctionTemplate>>> = Vec::new();
    let mut unforgeables = Vec::new();
    for (index, interface) in tables.interfaces.iter().enumerate() {
        if lazy::is_lazy(tables, eager, index) {
            templates.push(None);
            unforgeables.push(Unforgeables::default());
            continue;
        }
        let parent = interface.parent.and_then(|i| templates[usize::from(i)]);
        let template = interface_template(scope, black_box(interface), parent);
        templates.push(Some(template));
        unforgeables.push(Unforgeables::new(scope, black_box(interface)));
        let inherited = inclusive_ancestors(tables, index).map(|i| &unforgeables[i]);
        define_on_objects(scope, tables, index, template, inherited);
    }
    for (index, interface) in tables.interfaces.iter().enumerate() {
        let Some(template) = templates[index] else {
            lazy::define(scope, global, interface, index)?;
            continue;
        };
        install_interface(scope, global, interface, template)?;
        if let Some(parent) = interface.parent.and_then(|i| templates[usize::from(i)]) {
            // Templates that inherit link their prototype objects only, https://webidl.spec.whatwg.org/#create-an-interface-object
            let constructor = template.get_function(scope)?;
            let parent = parent.get_function(scope)?;
            constructor.set_prototype(scope, parent.into());
        }
    }
    for namespace in tables.namespaces {
        let object = v8::Object::new(scope);
        if namespace.has_empty_prototype {
            let prototype = v8::Object::new(scope);
            object.set_prototype(scope, prototype.into());
        }
        define_members(scope, object, namespace.members)?;
        let (tag, name) = (
            v8::Symbol::get_to_string_tag(scope),
            internalized(scope, namespace.name),
        );
        object.define_own_property(scope, tag.into(), name.into(), tag_attributes());
        global.define_own_property(
            scope,
            name.into(),
            object.into(),
            v8::PropertyAttribute::DONT_ENUM,
        );
    }
    define_members(scope, global, tables.global)?;
    let internal = v8::Object::new(scope);
    for namespace in tables.internal {
        define_members(scope, internal, namespace.members)?;
    }
    Some(Baked {
        templates: templates.into_iter().flatten().collect(),
        internal,
    })
}

/// An interface and those it inherits from, as indices.
fn inclusive_ancestors(tables: &'static Tables, index: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(index), |&index| {
        tables.interfaces[index].parent.map(usize::from)
    })
}

/// Has a template give its objects what they have as their own: `unforgeables` are its interface's and those of the ancestors. Templates
/// do not inherit what the parents' put on their objects,
/// <https://webidl.spec.whatwg.org/#internally-create-a-new-object-implementing-the-interface> step 8.
fn define_on_objects<'a, 's: 'a>(
    scope: &mut Scope<'s, '_>,
    tables: &'static Tables,
    index: usize,
    template: v8::Local<'s, v8::FunctionTemplate>,
    unforgeables: impl Iterator<Item = &'a Unforgeables<'s>>,
) {
    let objects = template.instance_template(scope);
    for members in unforgeables {
        members.define(objects);
    }
    let mut members = inclusive_ancestors(tables, index).flat_map(|i| tables.interfaces[i].members);
    let handler = members.find_map(|member| match black_box(member) {
        Member::Indexed { handler, .. } => Some(handler()),
        _ => None,
    });
    if let Some(handler) = handler {
        handler.install(objects);
    }
}

fn interface_template<'s>(
    scope: &mut Scope<'s, '_>,
    interface: &'static Interface,
    parent: Option<v8::Local<'s, v8::FunctionTemplate>>,
) -> v8::Local<'s, v8::FunctionTemplate> {
    let template = v8::FunctionTemplate::builder_raw(interface.constructor)
        .length(interface.length)
        .build(scope);
    let name = internalized(scope, interface.name);
    template.set_class_name(name);
    template.read_only_prototype();
    if let Some(parent) = parent {
        template.inherit(parent);
    }
    let signature = v8::Signature::new(scope, template);
    let prototype = template.prototype_template(scope);
    for member in interface.members {
        match black_box(member) {
            Member::Operation {
                placement: Placement::Instance,
                ..
            }
            | Member::Attribute {
                placement: Placement::Instance,
                ..
            } => {}
            Member::Operation {
                name,
                length,
                callback,
                placement,
            } => {
                let mut builder = v8::FunctionTemplate::builder_raw(*callback)
                    .length(*length)
                    .constructor_behavior(v8::ConstructorBehavior::Throw);
                if *placement == Placement::Prototype {
                    builder = builder.signature(signature);
                }
                let function = builder.build(scope);
                let key = internalized(scope, name);
                match placement {
                    Placement::Static => template.set(key.into(), function.into()),
                    _ => prototype.set(key.into(), function.into()),
                }
                for other in interface.members {
                    match other {
                        Member::Iterator { of } if of == name => {
                            let symbol = v8::Symbol::get_iterator(scope);
                            prototype.set_with_attr(
                                symbol.into(),
                                function.into(),
                                v8::PropertyAttribute::DONT_ENUM,
                            );
                        }
                        Member::Alias { name: alias, of } if of == name => {
                            let alias = internalized(scope, alias);
                            prototype.set(alias.into(), function.into());
                        }
                        _ => {}
                    }
                }
            }
            Member::Attribute {
                name,
                getter,
                setter,
                placement,
            } => {
                let checked = (*placement == Placement::Prototype).then_some(signature);
                let getter = accessor(scope, *getter, "get", name, 0, checked);
                let setter = setter.map(|s| accessor(scope, s, "set", name, 1, checked));
                let key = internalized(scope, name);
                match placement {
                    Placement::Static => {
                        template.set_accessor_property(
                            key.into(),
                            Some(getter),
                            setter,
                            v8::PropertyAttribute::NONE,
                        );
                    }
                    _ => prototype.set_accessor_property(
                        key.into(),
                        Some(getter),
                        setter,
                        v8::PropertyAttribute::NONE,
                    ),
                }
            }
            Member::Constant { name, value } => {
                let (key, value) = (internalized(scope, name), v8::Number::new(scope, *value));
                template.set_with_attr(key.into(), value.into(), constant_attributes());
                prototype.set_with_attr(key.into(), value.into(), constant_attributes());
            }
            Member::Indexed { iterable, .. } => define_array_methods(scope, prototype, *iterable),
            Member::Iterator { .. } | Member::Alias { .. } => {}
        }
    }
    let tag = v8::Symbol::get_to_string_tag(scope);
    prototype.set_with_attr(tag.into(), name.into(), tag_attributes());
    template
}

/// The methods by which an interface with indexed properties is iterable: those of arrays,
/// <https://webidl.spec.whatwg.org/#define-the-iteration-methods> step 1.
fn define_array_methods<'s>(
    scope: &mut Scope<'s, '_>,
    prototype: v8::Local<'s, v8::ObjectTemplate>,
    iterable: bool,
) {
    let symbol = v8::Symbol::get_iterator(scope);
    prototype.set_intrinsic_data_property(
        symbol.into(),
        v8::Intrinsic::ArrayProtoValues,
        v8::PropertyAttribute::DONT_ENUM,
    );
    if !iterable {
        return;
    }
    for (name, method) in [
        ("entries", v8::Intrinsic::ArrayProtoEntries),
        ("keys", v8::Intrinsic::ArrayProtoKeys),
        ("values", v8::Intrinsic::ArrayProtoValues),
        ("forEach", v8::Intrinsic::ArrayProtoForEach),
    ] {
        let name = internalized(scope, name);
        prototype.set_intrinsic_data_property(name.into(), method, v8::PropertyAttribute::NONE);
    }
}

fn install_interface<'s>(
    scope: &mut Scope<'s, '_>,
    global: v8::Local<'s, v8::Object>,
    interface: &Interface,
    template: v8::Local<'s, v8::FunctionTemplate>,
) -> Option<()> {
    let function = template.get_function(scope)?;
    let prototype_key = internalized(scope, "prototype");
    let prototype = function.get(scope, prototype_key.into())?;
    let prototype: v8::Local<v8::Object> = prototype.try_into().ok()?;
    match interface.kind {
        InterfaceKind::Exposed => {}
        InterfaceKind::Hidden => return Some(()),
        InterfaceKind::Exception => {
            let parent = evaluate(scope, "Error.prototype")?;
            prototype.set_prototype(scope, parent);
        }
        InterfaceKind::Iterator => {
            let parent = evaluate(
                scope,
                "Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))",
            )?;
            prototype.set_prototype(scope, parent);
            // No interface object: without this the prototype would lead to one.
            let key = internalized(scope, "constructor");
            prototype.delete(scope, key.into())?;
            return Some(());
        }
    }
    let name = internalized(scope, interface.name);
    global.define_own_property(
        scope,
        name.into(),
        function.into(),
        v8::PropertyAttribute::DONT_ENUM,
    )?;
    Some(())
}

/// Members of a namespace or of the global are properties of the object itself.
fn define_members<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    members: &'static [Member],
) -> Option<()> {
    for member in members {
        match black_box(member) {
            Member::Operation {
                name,
                length,
                callback,
                placement,
            } => {
                let template = v8::FunctionTemplate::builder_raw(*callback)
                    .length(*length)
                    .constructor_behavior(v8::ConstructorBehavior::Throw)
                    .build(scope);
                let key = internalized(scope, name);
                template.set_class_name(key);
                let function = template.get_function(scope)?;
                let attributes = match placement {
                    Placement::Instance => unforgeable_operation(),
                    _ => v8::PropertyAttribute::NONE,
                };
                object.define_own_property(scope, key.into(), function.into(), attributes)?;
            }
            Member::Attribute {
                name,
                getter,
                setter,
                placement,
            } => {
                let getter = accessor(scope, *getter, "get", name, 0, None);
                let setter = setter.map(|s| accessor(scope, s, "set", name, 1, None));
                let getter = getter.get_function(scope)?;
                let setter: v8::Local<v8::Value> = match setter {
                    Some(setter) => setter.get_function(scope)?.into(),
                    None => v8::undefined(scope).into(),
                };
                let mut descriptor =
                    v8::PropertyDescriptor::new_from_get_set(getter.into(), setter);
                descriptor.set_enumerable(true);
                descriptor.set_configurable(*placement != Placement::Instance);
                let key = internalized(scope, name);
                object.define_property(scope, key.into(), &descriptor)?;
            }
            Member::Constant { name, value } => {
                let (key, value) = (internalized(scope, name), v8::Number::new(scope, *value));
                let attributes = constant_attributes();
                object.define_own_property(scope, key.into(), value.into(), attributes)?;
            }
            // Only interfaces have these.
            Member::Iterator { .. } | Member::Alias { .. } | Member::Indexed { .. } => {}
        }
    }
    Some(())
}

fn accessor<'s>(
    scope: &mut Scope<'s, '_>,
    callback: Callback,
    prefix: &str,
    name: &str,
    length: i32,
    signature: Option<v8::Local<'s, v8::Signature>>,
) -> v8::Local<'s, v8::FunctionTemplate> {
    let mut builder = v8::FunctionTemplate::builder_raw(callback)
        .length(length)
        .constructor_behavior(v8::ConstructorBehavior::Throw);
    if let Some(signature) = signature {
        builder = builder.signature(signature);
    }
    let template = builder.build(scope);
    let name = internalized(scope, &format!("{prefix} {name}"));
    template.set_class_name(name);
    template
}

/// The constructor of an interface that has none.
///
/// # Safety
/// Only V8 calls it.
pub unsafe extern "C" fn illegal_constructor(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 calls this with its own pointer.
    unsafe {
        entry::function(info, |scope, _, _| {
            type_error("Illegal constructor").throw(scope);
        });
    }
}

/// Runs a constructor: refuses calls without `new`.
///
/// # Safety
/// As for [`call::member`].
pub unsafe fn constructor(
    info: *const v8::FunctionCallbackInfo,
    context: &str,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, &mut call::Call<'s>) -> crate::Fallible<()>,
) {
    // SAFETY: the caller passes V8's pointer on.
    unsafe {
        call::member(info, context, |scope, call| {
            if !call.is_construct_call() {
                return Err(type_error(
                    "Please use the 'new' operator, this object constructor cannot be called as a function.",
                ));
            }
            body(scope, call)
        });
    }
}

fn evaluate<'s>(scope: &mut Scope<'s, '_>, source: &str) -> Option<v8::Local<'s, v8::Value>> {
    let source = v8::String::new(scope, source)?;
    v8::Script::compile(scope, source, None)?.run(scope)
}
