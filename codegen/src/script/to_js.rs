//! Expressions that convert IDL values, as impl classes return them, to JavaScript values.

use webapi_idl::{AnnotatedType, Type, type_text};

use super::{Error, Printer, Result};

impl Printer<'_> {
    /// An expression for the JavaScript value; `value` occurs once in it.
    pub(super) fn to_js(&self, ty: &AnnotatedType, value: &str) -> Result<String> {
        Ok(match &ty.kind {
            Type::Interface(name) if self.is_script(name) => format!("{value}.wrapper"),
            Type::Callback(_) | Type::CallbackInterface(_) => format!("callbackToJS({value})"),
            Type::Dictionary(name) => {
                if let Some(dictionary) = self.model.dictionaries.get(name) {
                    self.members_to_js(dictionary)?;
                }
                format!("toJS_{name}({value})")
            }
            Type::Sequence(element) => match self.to_js_function(element)? {
                Some(function) => format!("sequenceToJS({value}, {function})"),
                None => format!("sequenceToJS({value}, toAny)"),
            },
            Type::Record(_, element) => {
                let function = self.to_js_function(element)?;
                format!(
                    "recordToJS({value}, {})",
                    function.as_deref().unwrap_or("toAny")
                )
            }
            Type::Nullable(inner) => match &inner.kind {
                Type::Interface(name) if self.is_script(name) => format!("wrapperOrNull({value})"),
                Type::Callback(_) | Type::CallbackInterface(_) => {
                    format!("callbackOrNull({value})")
                }
                Type::Union(_) => self.to_js(inner, value)?,
                _ => match self.to_js_function(inner)? {
                    Some(function) => format!("nullOr({value}, {function})"),
                    None => value.to_owned(),
                },
            },
            Type::Union(members) => {
                let mut has_impls = false;
                for member in members {
                    match &member.kind {
                        Type::Interface(name) if self.is_script(name) => has_impls = true,
                        _ if self.to_js_function(member)?.is_some() => {
                            return Err(Error::new(format!(
                                "the script glue cannot return a union with the member `{}`; return `any` and convert in the impl",
                                type_text(member)
                            )));
                        }
                        _ => {}
                    }
                }
                if has_impls {
                    format!("implToJS({value})")
                } else {
                    value.to_owned()
                }
            }
            _ => value.to_owned(),
        })
    }

    /// A function from the IDL value to the JavaScript value; `None` where both are the same.
    pub(super) fn to_js_function(&self, ty: &AnnotatedType) -> Result<Option<String>> {
        let expression = self.to_js(ty, "value")?;
        Ok((expression != "value").then(|| format!("(value) => {expression}")))
    }
}
