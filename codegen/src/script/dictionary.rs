//! Converters of dictionaries and enumerations.

use webapi_idl::{Dictionary, DictionaryMember, Enumeration, Type};

use super::convert::Source;
use super::writer::{Writer, property, quote};
use super::{Printer, Result};
use crate::idl_text::expected;

impl Printer<'_> {
    /// Prints both directions of a dictionary, <https://webidl.spec.whatwg.org/#js-dictionary>.
    pub(super) fn dictionary(&self, w: &mut Writer, dictionary: &Dictionary) -> Result<()> {
        let members = self.model.members_in_order_of_conversion(&dictionary.name);

        w.open(format!(
            "export function convert_{}(value, context) {{",
            dictionary.name
        ));
        w.line("const result = new Dictionary();");
        w.open("if (value === undefined || value === null) {");
        let mut complete = true;
        for (owner, member) in &members {
            if member.required {
                w.line(format!("throw {};", missing(owner, member)));
                complete = false;
                break;
            }
            if let Some(default) = &member.default {
                let default = self
                    .default_value(default, &member.ty, "context")
                    .map_err(|e| e.at(&member.span))?;
                w.line(format!("result{} = {default};", property(&member.name)));
            }
        }
        if complete {
            w.line("return result;");
        }
        w.close("}");
        let title = quote(&format!(
            "The provided value is not of type '{}'.",
            dictionary.name
        ));
        w.line(format!(
            "if (!isObject(value)) throw typeError(context, {title});"
        ));
        if !members.is_empty() {
            w.line("let member;");
        }
        for (owner, member) in &members {
            self.dictionary_member(w, owner, member)
                .map_err(|e| e.at(&member.span))?;
        }
        w.line("return result;");
        w.close("}");
        w.blank();

        // Dictionaries that are arguments only may have members that never go back.
        let Ok(members) = self.members_to_js(dictionary) else {
            return Ok(());
        };
        w.open(format!(
            "export function toJS_{}(dictionary) {{",
            dictionary.name
        ));
        w.line("const result = {}; // safe: for apps");
        for (name, value) in members {
            w.line(format!(
                "if ({name} in dictionary) setOwn(result, {name}, {value});"
            ));
        }
        w.line("return result;");
        w.close("}");
        w.blank();
        Ok(())
    }

    /// The names (quoted) and the JavaScript values of the members of `dictionary`, a JavaScript name.
    pub(super) fn members_to_js(&self, dictionary: &Dictionary) -> Result<Vec<(String, String)>> {
        let members = self.model.members_in_order_of_conversion(&dictionary.name);
        let value = |member: &DictionaryMember| {
            self.to_js(&member.ty, &format!("dictionary{}", property(&member.name)))
                .map_err(|e| e.at(&member.span))
        };
        members
            .into_iter()
            .map(|(_, member)| Ok((quote(&member.name), value(member)?)))
            .collect()
    }

    fn dictionary_member(
        &self,
        w: &mut Writer,
        owner: &Dictionary,
        member: &DictionaryMember,
    ) -> Result<()> {
        let name = property(&member.name);
        let context = format!(
            "memberContext(context, {}, {})",
            quote(&member.name),
            quote(&owner.name)
        );
        let value = self.to_idl(
            &member.ty,
            Source {
                value: "member",
                context: &context,
                what: None,
            },
        )?;
        w.line(format!("member = value{name};"));
        match (&member.default, member.required) {
            (_, true) => {
                w.line(format!(
                    "if (member === undefined) throw {};",
                    missing(owner, member)
                ));
                w.line(format!("result{name} = {value};"));
            }
            (Some(default), false) => {
                let default = self.default_value(default, &member.ty, &context)?;
                // `!!undefined` is the default already.
                let value = if member.ty.kind == Type::Boolean && default == "false" {
                    value
                } else {
                    format!("member === undefined ? {default} : {value}")
                };
                w.line(format!("result{name} = {value};"));
            }
            (None, false) => w.line(format!("if (member !== undefined) result{name} = {value};")),
        }
        Ok(())
    }

    /// Prints the converter of an enumeration, <https://webidl.spec.whatwg.org/#js-enumeration>.
    pub(super) fn enumeration(&self, w: &mut Writer, enumeration: &Enumeration) {
        let name = &enumeration.name;
        w.open(format!("export function isValue_{name}(value) {{"));
        w.open("switch (value) {");
        for value in &enumeration.values {
            w.line(format!("case {}:", quote(&value.text)));
        }
        w.line("  return true;");
        w.line("default:");
        w.line("  return false;");
        w.close("}");
        w.close("}");
        w.blank();

        w.open(format!("export function convert_{name}(value, context) {{"));
        w.line("const string = toDOMString(value, context);");
        w.line(format!(
            "if (!isValue_{name}(string)) throw notInEnumeration(context, string, {}, {});",
            quote(name),
            quote(&expected(enumeration))
        ));
        w.line("return string;");
        w.close("}");
        w.blank();
    }
}

fn missing(owner: &Dictionary, member: &DictionaryMember) -> String {
    format!(
        "missingMember(context, {}, {})",
        quote(&member.name),
        quote(&owner.name)
    )
}
