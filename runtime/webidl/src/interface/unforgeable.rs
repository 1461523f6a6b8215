//! Members that each object of an interface has as its own, <https://webidl.spec.whatwg.org/#LegacyUnforgeable>.

use std::hint::black_box;

use super::{Interface, Member, Placement, accessor, unforgeable_operation};
use crate::{Scope, internalized};

/// Those of one interface, without its ancestors'.
#[derive(Default)]
pub(super) struct Unforgeables<'s>(Vec<Unforgeable<'s>>);

enum Unforgeable<'s> {
    Operation(
        v8::Local<'s, v8::String>,
        v8::Local<'s, v8::FunctionTemplate>,
    ),
    Attribute(
        v8::Local<'s, v8::String>,
        v8::Local<'s, v8::FunctionTemplate>,
        Option<v8::Local<'s, v8::FunctionTemplate>>,
    ),
}

impl<'s> Unforgeables<'s> {
    /// Takes them from the interface's table.
    pub(super) fn new(scope: &mut Scope<'s, '_>, interface: &'static Interface) -> Self {
        let mut members = Vec::new();
        for member in interface.members {
            match black_box(member) {
                Member::Operation {
                    name,
                    length,
                    callback,
                    placement: Placement::Instance,
                } => {
                    let function = v8::FunctionTemplate::builder_raw(*callback)
                        .length(*length)
                        .constructor_behavior(v8::ConstructorBehavior::Throw)
                        .build(scope);
                    members.push(Unforgeable::Operation(internalized(scope, name), function));
                }
                Member::Attribute {
                    name,
                    getter,
                    setter,
                    placement: Placement::Instance,
                } => {
                    let getter = accessor(scope, *getter, "get", name, 0, None);
                    let setter = setter.map(|s| accessor(scope, s, "set", name, 1, None));
                    let name = internalized(scope, name);
                    members.push(Unforgeable::Attribute(name, getter, setter));
                }
                _ => {}
            }
        }
        Unforgeables(members)
    }

    /// Puts them on the objects that the template makes.
    pub(super) fn define(&self, instances: v8::Local<'s, v8::ObjectTemplate>) {
        for member in &self.0 {
            match member {
                Unforgeable::Operation(name, function) => {
                    let name: v8::Local<v8::Name> = (*name).into();
                    instances.set_with_attr(name, (*function).into(), unforgeable_operation());
                }
                Unforgeable::Attribute(name, getter, setter) => instances.set_accessor_property(
                    (*name).into(),
                    Some(*getter),
                    *setter,
                    v8::PropertyAttribute::DONT_DELETE,
                ),
            }
        }
    }
}
