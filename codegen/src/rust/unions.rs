//! Unions, <https://webidl.spec.whatwg.org/#js-union>.

use webapi_idl::{AnnotatedType, Implementation, Type};

use super::types::buffer_test;
use super::{Printer, Result, Source, type_name};

impl Printer<'_> {
    /// The typedef's name, or the variants' names joined.
    pub(crate) fn union_name(&self, ty: &AnnotatedType, members: &[AnnotatedType]) -> String {
        let alias = ty.alias.clone().or_else(|| {
            self.model
                .typedefs
                .iter()
                .find(|(_, t)| t.kind == ty.kind)
                .map(|(name, _)| name.clone())
        });
        match alias {
            Some(alias) => type_name(&alias),
            None => members
                .iter()
                .map(|m| self.variant(m))
                .collect::<Vec<_>>()
                .join("Or"),
        }
    }

    /// Remembers every union in the type.
    pub(crate) fn collect_unions(&mut self, ty: &AnnotatedType) {
        match &ty.kind {
            Type::Union(members) => {
                self.unions
                    .insert(self.union_name(ty, members), members.clone());
                members.iter().for_each(|m| self.collect_unions(m));
            }
            Type::Sequence(item)
            | Type::FrozenArray(item)
            | Type::Nullable(item)
            | Type::Promise(item) => {
                self.collect_unions(item);
            }
            Type::Record(key, value) => {
                self.collect_unions(key);
                self.collect_unions(value);
            }
            _ => {}
        }
    }

    fn union_lifetime(&self, members: &[AnnotatedType]) -> &'static str {
        if members.iter().any(|m| self.holds_values(m)) {
            "<'s>"
        } else {
            ""
        }
    }

    pub(crate) fn print_union(&self, name: &str, members: &[AnnotatedType], out: &mut Source) {
        out.line(format!("/// A union: `{name}`."));
        out.open(format!(
            "pub enum {name}{} {{",
            self.union_lifetime(members)
        ));
        for member in members {
            out.line(format!("/// `{}`", self.variant(member)));
            out.line(format!(
                "{}({}),",
                self.variant(member),
                self.native(member).replace("types::", "")
            ));
        }
        out.close("}");
        out.line("");
    }

    pub(crate) fn print_union_conversions(
        &self,
        name: &str,
        members: &[AnnotatedType],
        out: &mut Source,
    ) -> Result {
        let native = format!("types::{name}{}", self.union_lifetime(members));
        out.line(format!("/// A union: `{name}`."));
        out.line(format!("pub struct {name};"));
        out.line(format!(
            "impl Idl for {name} {{ type Native<'s> = {native}; }}"
        ));
        out.open(format!("impl FromJs for {name} {{"));
        out.open(format!(
            "fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<{native}> {{"
        ));
        self.print_union_choice(name, members, out);
        out.close("}");
        out.close("}");
        out.open(format!("impl ToJs for {name} {{"));
        out.open(format!(
            "fn to_js<'s>(scope: &mut Scope<'s, '_>, value: {native}) -> Fallible<Value<'s>> {{"
        ));
        out.open("match value {");
        for member in members {
            out.line(format!(
                "types::{name}::{}(value) => <{}>::to_js(scope, value),",
                self.variant(member),
                self.marker(member)
            ));
        }
        out.close("}");
        out.close("}");
        out.open(format!(
            "fn held(value: &{}) -> usize {{",
            native.replace("<'s>", "<'_>")
        ));
        out.open("match value {");
        for member in members {
            out.line(format!(
                "types::{name}::{}(value) => <{}>::held(value),",
                self.variant(member),
                self.marker(member)
            ));
        }
        out.close("}");
        out.close("}");
        out.close("}");
        out.line("");
        Ok(())
    }

    /// The steps of <https://webidl.spec.whatwg.org/#js-union>, those that apply to this union.
    fn print_union_choice(&self, name: &str, members: &[AnnotatedType], out: &mut Source) {
        let find = |test: fn(&Type) -> bool| members.iter().find(|m| test(&m.kind));
        let convert = |member: &AnnotatedType| {
            format!(
                "<{}>::from_js(scope, value).map(types::{name}::{})",
                self.marker(member),
                self.variant(member)
            )
        };
        let string = find(|t| {
            matches!(
                t,
                Type::DomString | Type::ByteString | Type::UsvString | Type::Enumeration(_)
            )
        });
        // OPTIMIZATION: no other step applies to a string, and most of those ask V8 something.
        if let Some(member) = string {
            out.line(format!(
                "if value.is_string() {{ return {}; }}",
                convert(member)
            ));
        }
        let dictionary = find(|t| matches!(t, Type::Dictionary(_)));
        if let Some(member) = dictionary {
            out.line(format!(
                "if value.is_null_or_undefined() {{ return {}; }}",
                convert(member)
            ));
        }
        for member in members {
            if let Type::Interface(interface) = &member.kind {
                let (kind, generic) = match self.model.interfaces[interface].implementation {
                    Implementation::Native => (
                        "Ref",
                        self.interface_path(&self.model.interfaces[interface]),
                    ),
                    Implementation::Script => {
                        ("ScriptRef", format!("marker::{}", type_name(interface)))
                    }
                };
                out.line(format!(
                    "if let Some(value) = {kind}::<{generic}>::from_value(scope, value) {{ return Ok(types::{name}::{}(value)); }}",
                    self.variant(member)
                ));
            }
        }
        for member in members {
            if let Type::Buffer(buffer) = &member.kind {
                let test = buffer_test(*buffer, member.annotations.allow_shared);
                out.line(format!("if {test} {{ return {}; }}", convert(member)));
            }
        }
        if let Some(member) = find(|t| matches!(t, Type::Callback(_))) {
            out.line(format!(
                "if value.is_function() {{ return {}; }}",
                convert(member)
            ));
        }
        let sequence = find(|t| matches!(t, Type::Sequence(_) | Type::FrozenArray(_)));
        let object = find(|t| {
            matches!(
                t,
                Type::Record(..) | Type::CallbackInterface(_) | Type::Object
            )
        })
        .or(dictionary);
        if sequence.is_some() || object.is_some() {
            out.open("if let Ok(object) = v8::Local::<v8::Object>::try_from(value) {");
            if let Some(member) = sequence {
                let (Type::Sequence(item) | Type::FrozenArray(item)) = &member.kind else {
                    unreachable!("found as a sequence")
                };
                out.open("if let Some(method) = idl::iterator_method(scope, object)? {");
                out.line(format!(
                    "return idl::Sequence::<{}>::from_iterator(scope, object, method).map(types::{name}::{});",
                    self.marker(item),
                    self.variant(member)
                ));
                out.close("}");
            }
            match object {
                Some(member) => out.line(format!("return {};", convert(member))),
                None => out.line("let _ = object;"),
            }
            out.close("}");
        }
        let boolean = find(|t| matches!(t, Type::Boolean));
        let numeric = find(|t| matches!(t, Type::Numeric(_)));
        if let (Some(member), true) = (boolean, numeric.is_some() || string.is_some()) {
            out.line(format!(
                "if value.is_boolean() {{ return {}; }}",
                convert(member)
            ));
        }
        if let (Some(member), true) = (numeric, string.is_some()) {
            out.line(format!(
                "if value.is_number() {{ return {}; }}",
                convert(member)
            ));
        }
        match string
            .or(numeric)
            .or(boolean)
            .or(find(|t| matches!(t, Type::Any)))
        {
            Some(member) => out.line(convert(member)),
            None => {
                let names: Vec<String> = members.iter().map(|m| self.variant(m)).collect();
                out.line(format!(
                    "Err(type_error(\"is not of type '{}'.\"))",
                    names.join("' or '")
                ));
            }
        }
    }
}
