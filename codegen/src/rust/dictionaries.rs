//! Dictionaries, <https://webidl.spec.whatwg.org/#js-dictionary>.

use webapi_idl::{AnnotatedType, Dictionary, DictionaryMember, Type};

use super::{Printer, Result, Source, snake, type_name};

impl Printer<'_> {
    /// Members in the order of conversion, without those that the algorithm has from the inherited dictionary already.
    pub(crate) fn dictionary_members(&self, name: &str) -> Vec<&DictionaryMember> {
        let members = self.model.members_in_order_of_conversion(name);
        let members = members
            .into_iter()
            .filter(|(owner, member)| owner.name == name || !member.attributes.has("ReadOnce"));
        members.map(|(_, member)| member).collect()
    }

    fn dictionary_type(&self, dictionary: &Dictionary) -> AnnotatedType {
        AnnotatedType {
            kind: Type::Dictionary(dictionary.name.clone()),
            annotations: webapi_idl::Annotations::default(),
            alias: None,
        }
    }

    pub(crate) fn print_dictionary(&self, dictionary: &Dictionary, out: &mut Source) -> Result {
        dictionary
            .members
            .iter()
            .try_for_each(|member| self.check_type(&member.ty, &member.span))?;
        let lifetime = if self.holds_values(&self.dictionary_type(dictionary)) {
            "<'s>"
        } else {
            ""
        };
        out.line(format!("/// `dictionary {}`", dictionary.name));
        out.open(format!(
            "pub struct {}{lifetime} {{",
            type_name(&dictionary.name)
        ));
        for member in self.dictionary_members(&dictionary.name) {
            let native = self.native(&member.ty).replace("types::", "");
            let always = member.required || member.default.is_some();
            out.line(format!("/// `{}`", member.name));
            let native = if always {
                native
            } else {
                format!("Option<{native}>")
            };
            out.line(format!("pub {}: {native},", snake(&member.name)));
        }
        out.close("}");
        out.line("");
        Ok(())
    }

    pub(crate) fn print_dictionary_conversions(
        &self,
        dictionary: &Dictionary,
        out: &mut Source,
    ) -> Result {
        let name = type_name(&dictionary.name);
        let native = self.native(&self.dictionary_type(dictionary));
        let members = self.dictionary_members(&dictionary.name);
        out.line(format!("/// `dictionary {}`", dictionary.name));
        out.line(format!("pub struct {name};"));
        out.line(format!(
            "impl Idl for {name} {{ type Native<'s> = {native}; }}"
        ));
        out.open(format!("impl FromJs for {name} {{"));
        out.open(format!(
            "fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<{native}> {{"
        ));
        self.print_absent_dictionary(dictionary, &members, out);
        for member in &members {
            let marker = self.marker(&member.ty);
            let key = self.key(&member.name);
            let field = snake(&member.name);
            let read = format!("idl::dictionary_member::<{marker}>(scope, object, {key})?");
            match self.absent(member) {
                Absent::Error(error) => {
                    out.line(format!("let {field} = {read}.ok_or_else(|| {error})?;"));
                }
                Absent::Nothing => out.line(format!("let {field} = {read};")),
                Absent::Default(value) => out.line(format!(
                    "let {field} = match {read} {{ Some(value) => value, None => {value} }};"
                )),
            }
        }
        let fields: Vec<String> = members.iter().map(|m| snake(&m.name)).collect();
        out.line(format!("Ok(types::{name} {{ {} }})", fields.join(", ")));
        out.close("}");
        out.close("}");
        out.open(format!("impl ToJs for {name} {{"));
        out.open(format!(
            "fn to_js<'s>(scope: &mut Scope<'s, '_>, value: {native}) -> Fallible<Value<'s>> {{"
        ));
        out.line("let object = v8::Object::new(scope);");
        for member in &members {
            let (marker, key, field) = (
                self.marker(&member.ty),
                self.key(&member.name),
                snake(&member.name),
            );
            let set = format!(
                "{{ let value = <{marker}>::to_js(scope, value)?; idl::set_dictionary_member(scope, object, {key}, value)?; }}"
            );
            if member.required || member.default.is_some() {
                out.line(format!("{{ let value = value.{field}; {set} }}"));
            } else {
                out.line(format!("if let Some(value) = value.{field} {set}"));
            }
        }
        if members.is_empty() {
            out.line("let _ = value;");
        }
        out.line("Ok(object.into())");
        out.close("}");
        let held: Vec<String> = members
            .iter()
            .map(|member| {
                let (marker, field) = (self.marker(&member.ty), snake(&member.name));
                if member.required || member.default.is_some() {
                    format!(" + <{marker}>::held(&value.{field})")
                } else {
                    format!(" + value.{field}.as_ref().map_or(0, <{marker}>::held)")
                }
            })
            .collect();
        out.open(format!(
            "fn held(value: &{}) -> usize {{",
            native.replace("<'s>", "<'_>")
        ));
        out.line("let _ = value;");
        out.line(format!("0{}", held.concat()));
        out.close("}");
        out.close("}");
        out.line("");
        Ok(())
    }

    /// Where there is no object there are no members: most calls say nothing of a dictionary, and are not asked for each.
    fn print_absent_dictionary(
        &self,
        dictionary: &Dictionary,
        members: &[&DictionaryMember],
        out: &mut Source,
    ) {
        let found = format!("idl::dictionary_object({:?}, value)?", dictionary.name);
        if members.is_empty() {
            out.line(format!("{found};"));
            return;
        }
        out.open(format!("let Some(object) = {found} else {{"));
        let fields: std::result::Result<Vec<String>, String> = members
            .iter()
            .map(|member| match self.absent(member) {
                Absent::Error(error) => Err(error),
                Absent::Nothing => Ok(format!("{}: None", snake(&member.name))),
                Absent::Default(value) => Ok(format!("{}: {value}", snake(&member.name))),
            })
            .collect();
        let name = type_name(&dictionary.name);
        match fields {
            Ok(fields) => {
                out.line(format!(
                    "return Ok(types::{name} {{ {} }});",
                    fields.join(", ")
                ));
            }
            Err(error) => out.line(format!("return Err({error});")),
        }
        out.close("};");
    }

    /// What there is where a member is not.
    fn absent(&self, member: &DictionaryMember) -> Absent {
        let Some(default) = &member.default else {
            let name = &member.name;
            return match member.required {
                true => Absent::Error(format!(
                    "type_error(\"has no member '{name}', which is required.\")"
                )),
                false => Absent::Nothing,
            };
        };
        Absent::Default(self.default(&member.ty, default).unwrap_or_else(|| {
            let marker = self.marker(&member.ty);
            format!(
                "{{ let undefined = v8::undefined(scope).into(); <{marker}>::from_js(scope, undefined)? }}"
            )
        }))
    }

    /// The index of a property name among all that are looked up, and the name.
    fn key(&self, name: &str) -> String {
        format!("({}, {name:?})", self.keys[name])
    }
}

/// Rust code for a dictionary's member that is not there.
enum Absent {
    Error(String),
    Nothing,
    Default(String),
}
