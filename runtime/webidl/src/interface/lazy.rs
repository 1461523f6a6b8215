//! Interfaces of which the snapshot has nothing but a property of the global: each one's template and objects would cost every isolate
//! some kilobytes, and a part of its start. They are made when an app first asks for the interface object, or when Rust code makes
//! the first object, whichever comes first; V8 remembers the interface object by the template.

use nano_engine::entry;

use super::unforgeable::Unforgeables;
use super::{Interface, InterfaceKind, Tables, define_on_objects, interface_template};
use crate::{Realm, Scope, Value, internalized};

/// Whether the interface at an index is made lazily. What is wired to another interface, or to an intrinsic object that is found by way of
/// what an app may change, is not.
pub(crate) fn is_lazy(tables: &Tables, eager: &[&str], index: usize) -> bool {
    let interface = tables.interfaces[index];
    let is_parent = || {
        let mut parents = tables.interfaces.iter().filter_map(|other| other.parent);
        parents.any(|parent| usize::from(parent) == index)
    };
    matches!(
        interface.kind,
        InterfaceKind::Exposed | InterfaceKind::Hidden
    ) && interface.parent.is_none()
        && !eager.contains(&interface.name)
        && !is_parent()
}

/// The template of a lazy interface.
pub(crate) fn template<'s>(
    scope: &mut Scope<'s, '_>,
    tables: &'static Tables,
    index: usize,
) -> v8::Local<'s, v8::FunctionTemplate> {
    let interface = tables.interfaces[index];
    let template = interface_template(scope, interface, None);
    let unforgeables = Unforgeables::new(scope, interface);
    define_on_objects(scope, tables, index, template, [&unforgeables].into_iter());
    template
}

/// Defines the property of the global that will have the interface object, <https://webidl.spec.whatwg.org/#define-the-global-property-references>.
pub(super) fn define<'s>(
    scope: &mut Scope<'s, '_>,
    global: v8::Local<'s, v8::Object>,
    interface: &Interface,
    index: usize,
) -> Option<()> {
    if interface.kind != InterfaceKind::Exposed {
        return Some(());
    }
    let name = internalized(scope, interface.name);
    let index = v8::Integer::new_from_unsigned(scope, u32::try_from(index).ok()?);
    let is_defined = entry::lazy_property(scope, global, name.into(), index.into())?;
    is_defined.then_some(())
}

/// The interface object of a lazy interface, made of what is kept with its property: for [`nano_engine::Embedding::lazy`].
pub fn interface_object<'s>(scope: &mut Scope<'s, '_>, index: Value<'s>) -> Option<Value<'s>> {
    let index = u16::try_from(index.uint32_value(scope)?).ok()?;
    let interface_object = Realm::template(scope, index).get_function(scope)?;
    Some(interface_object.into())
}
