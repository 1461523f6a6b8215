//! Which types the glue can express. Converters of types that only native interfaces use exist where that holds.

use webapi_idl::{AnnotatedType, Operation, Type};

use super::Printer;

impl Printer<'_> {
    pub(super) fn supports_dictionary(&self, name: &str) -> bool {
        self.supports_named(&Type::Dictionary(name.to_owned()), &mut Vec::new())
    }

    pub(super) fn supports_callback(&self, name: &str) -> bool {
        self.supports_named(&Type::Callback(name.to_owned()), &mut Vec::new())
    }

    pub(super) fn supports_operation(&self, operation: &Operation) -> bool {
        let seen = &mut Vec::new();
        self.supports_type(&operation.returns, seen)
            && operation
                .arguments
                .iter()
                .all(|a| self.supports_type(&a.ty, seen))
    }

    /// `seen` holds the names under way: types may refer to themselves.
    fn supports_type(&self, ty: &AnnotatedType, seen: &mut Vec<String>) -> bool {
        match &ty.kind {
            Type::BigInt | Type::AsyncSequence(_) | Type::ObservableArray(_) => false,
            Type::Sequence(inner)
            | Type::FrozenArray(inner)
            | Type::Promise(inner)
            | Type::Nullable(inner) => self.supports_type(inner, seen),
            Type::Record(key, value) => {
                self.supports_type(key, seen) && self.supports_type(value, seen)
            }
            Type::Union(members) => members.iter().all(|member| {
                !matches!(member.kind, Type::Promise(_)) && self.supports_type(member, seen)
            }),
            named => self.supports_named(named, seen),
        }
    }

    fn supports_named(&self, ty: &Type, seen: &mut Vec<String>) -> bool {
        let (Type::Dictionary(name) | Type::Callback(name) | Type::CallbackInterface(name)) = ty
        else {
            return true;
        };
        if seen.contains(name) {
            return true;
        }
        seen.push(name.clone());
        let model = self.model;
        match ty {
            Type::Dictionary(_) => model.dictionaries.get(name).is_some_and(|dictionary| {
                let parent = dictionary.inherits.as_ref();
                dictionary
                    .members
                    .iter()
                    .all(|member| self.supports_type(&member.ty, seen))
                    && parent.is_none_or(|parent| {
                        self.supports_named(&Type::Dictionary(parent.clone()), seen)
                    })
            }),
            Type::Callback(_) => model.callbacks.get(name).is_some_and(|callback| {
                self.supports_type(&callback.returns, seen)
                    && callback
                        .arguments
                        .iter()
                        .all(|a| self.supports_type(&a.ty, seen))
            }),
            _ => model.callback_interfaces.contains_key(name),
        }
    }
}
