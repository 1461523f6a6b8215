//! Enumerations, <https://webidl.spec.whatwg.org/#js-enumeration>.

use webapi_idl::{Enumeration, EnumerationValue};

use super::{Printer, Source, type_name};
use crate::idl_text::expected;

impl Printer<'_> {
    pub(crate) fn print_enumeration(&self, enumeration: &Enumeration, out: &mut Source) {
        let name = type_name(&enumeration.name);
        out.line(format!("/// `enum {}`", enumeration.name));
        out.line("#[derive(Debug, Clone, Copy, PartialEq, Eq)]");
        out.open(format!("pub enum {name} {{"));
        for EnumerationValue { text: value, .. } in &enumeration.values {
            out.line(format!("/// `{value:?}`"));
            out.line(format!("{},", type_name(value)));
        }
        out.close("}");
        out.line("");
        out.open(format!("impl {name} {{"));
        out.line("/// The value as JavaScript sees it.");
        out.open("pub fn as_str(self) -> &'static str {");
        out.open("match self {");
        for EnumerationValue { text: value, .. } in &enumeration.values {
            out.line(format!("{name}::{} => {value:?},", type_name(value)));
        }
        out.close("}");
        out.close("}");
        out.line("");
        out.line("/// The value of this text, if there is one.");
        out.open(format!("pub fn from_text(text: &str) -> Option<{name}> {{"));
        out.open("Some(match text {");
        for EnumerationValue { text: value, .. } in &enumeration.values {
            out.line(format!("{value:?} => {name}::{},", type_name(value)));
        }
        out.line("_ => return None,");
        out.close("})");
        out.close("}");
        out.close("}");
        out.line("");
    }

    pub(crate) fn print_enumeration_conversions(
        &self,
        enumeration: &Enumeration,
        out: &mut Source,
    ) {
        let name = type_name(&enumeration.name);
        out.line(format!("/// `enum {}`", enumeration.name));
        out.line(format!("pub struct {name};"));
        out.line(format!(
            "impl Idl for {name} {{ type Native<'s> = types::{name}; }}"
        ));
        out.open(format!("impl FromJs for {name} {{"));
        out.open(format!(
            "fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<types::{name}> {{"
        ));
        out.line("let text = idl::token(scope, value)?;");
        out.line(format!(
            "types::{name}::from_text(&text).ok_or_else(|| type_error(format!(\"'{{text}}' is not a value of {}: expected {}.\")))",
            enumeration.name,
            expected(enumeration)
        ));
        out.close("}");
        out.close("}");
        out.open(format!("impl ToJs for {name} {{"));
        out.open(format!(
            "fn to_js<'s>(scope: &mut Scope<'s, '_>, value: types::{name}) -> Fallible<Value<'s>> {{"
        ));
        out.line("Ok(idl::string(scope, value.as_str())?.into())");
        out.close("}");
        out.close("}");
        out.line("");
    }
}
