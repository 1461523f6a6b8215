//! Attributes, <https://webidl.spec.whatwg.org/#js-attributes>.

use webapi_idl::{Attribute, Type};

use super::operations::{Owner, Receiver, signature};
use super::{Printer, Result, Source, snake};

impl Printer<'_> {
    pub(super) fn attribute_needs_scope(&self, attribute: &Attribute) -> bool {
        attribute.attributes.has("WithScope") || self.holds_values(&attribute.ty)
    }

    /// Whether the getter is asked once per object: `[SameObject]`, and the objects that hang off the global.
    fn is_same_object(&self, owner: &Owner, attribute: &Attribute) -> bool {
        attribute.attributes.has("SameObject")
            || owner.receiver == Receiver::Global && matches!(attribute.ty.kind, Type::Interface(_))
    }

    /// The trait's getter and setter.
    pub(crate) fn print_attribute_signature(
        &self,
        attribute: &Attribute,
        receiver: Receiver,
        out: &mut Source,
    ) -> Result {
        self.check_type(&attribute.ty, &attribute.span)?;
        let this = if attribute.is_static || receiver != Receiver::Object {
            ""
        } else {
            "&self, "
        };
        let scope = if self.attribute_needs_scope(attribute) {
            "scope: &mut webidl::Scope<'s, '_>, "
        } else {
            ""
        };
        let native = self.native(&attribute.ty);
        let name = snake(&attribute.name);
        let returns = if attribute.attributes.has("Throws") {
            format!("webidl::Fallible<{native}>")
        } else {
            native.clone()
        };
        out.line(format!("/// Getter of `{}`.", attribute.name));
        let parameters = format!("{this}{scope}");
        out.line(signature(
            &name,
            parameters.trim_end_matches(", "),
            &returns,
        ));
        if !attribute.readonly {
            out.line(format!("/// Setter of `{}`.", attribute.name));
            out.line(signature(
                &format!("set_{}", name.trim_end_matches('_')),
                &format!("{this}{scope}value: {native}"),
                "webidl::Fallible<()>",
            ));
        }
        Ok(())
    }

    /// The getter's and the setter's callbacks.
    pub(crate) fn print_attribute_callbacks(
        &self,
        owner: &Owner,
        attribute: &Attribute,
        out: &mut Source,
    ) -> Result {
        let name = snake(&attribute.name);
        let bare = name.trim_end_matches('_');
        let promise = matches!(attribute.ty.kind, Type::Promise(_));
        let runner = if promise { "promise_member" } else { "member" };
        let marker = self.marker(&attribute.ty);
        let scope = if self.attribute_needs_scope(attribute) {
            "scope"
        } else {
            ""
        };

        let context = format!(
            "Failed to read the '{}' property from '{}'",
            attribute.name, owner.name
        );
        out.line(format!(
            "pub(super) unsafe extern \"C\" fn get_{bare}(info: *const v8::FunctionCallbackInfo) {{"
        ));
        out.open("    // SAFETY: V8's own pointer is passed on.");
        out.open(format!(
            "unsafe {{ call::{runner}(info, \"{context}\", |scope, call| {{"
        ));
        let target = self.print_receiver(owner, attribute, out);
        let question = if attribute.attributes.has("Throws") {
            "?"
        } else {
            ""
        };
        if self.is_same_object(owner, attribute) {
            out.line(format!(
                "call.same_object::<{marker}>(scope, \"{}.{}\", |scope| {{ let _ = &scope; Ok({target}{name}({scope}){question}) }})",
                owner.name, attribute.name
            ));
        } else {
            out.line(format!("let result = {target}{name}({scope}){question};"));
            out.line(format!("call.returns::<{marker}>(scope, result)"));
        }
        out.close("}) }");
        out.close("}");
        out.line("");

        let Some(setter) = setter(attribute) else {
            return Ok(());
        };
        let context = format!(
            "Failed to set the '{}' property on '{}'",
            attribute.name, owner.name
        );
        out.line(format!(
            "pub(super) unsafe extern \"C\" fn set_{bare}(info: *const v8::FunctionCallbackInfo) {{"
        ));
        out.open("    // SAFETY: V8's own pointer is passed on.");
        out.open(format!(
            "unsafe {{ call::member(info, \"{context}\", |scope, call| {{"
        ));
        let name = &attribute.name;
        let special = match setter {
            SetterKind::Regular => None,
            SetterKind::Replaceable => Some(format!("call.replace(scope, \"{name}\")")),
            SetterKind::Lenient => Some("Ok(())".to_owned()),
            SetterKind::PutForwards(to) => {
                Some(format!("call.put_forwards(scope, \"{name}\", \"{to}\")"))
            }
        };
        if let Some(special) = special {
            print_check(owner, attribute, out);
            out.line(special);
            out.close("}) }");
            out.close("}");
            out.line("");
            return Ok(());
        }
        let target = self.print_receiver(owner, attribute, out);
        if matches!(attribute.ty.kind, Type::Enumeration(_)) {
            // A value that is not in the enumeration is ignored, https://webidl.spec.whatwg.org/#dfn-attribute-setter step 4.6
            out.line(format!("let Ok(value) = <{marker} as idl::FromJs>::from_js(scope, call.raw(0)) else {{ return Ok(()) }};"));
        } else {
            out.line(format!(
                "let value = <{marker} as idl::FromJs>::from_js(scope, call.raw(0)).map_err(|e| e.of(\"the value\"))?;"
            ));
        }
        let scope = if scope.is_empty() {
            String::new()
        } else {
            format!("{scope}, ")
        };
        out.line(format!("{target}set_{bare}({scope}value)"));
        out.close("}) }");
        out.close("}");
        out.line("");
        Ok(())
    }

    fn print_receiver(&self, owner: &Owner, attribute: &Attribute, out: &mut Source) -> String {
        match (attribute.is_static, owner.receiver) {
            (true, _) | (_, Receiver::None) => format!("{}::", owner.path),
            (_, Receiver::Global) => {
                out.line("call.global_receiver(scope)?;");
                format!("{}::", owner.path)
            }
            (_, Receiver::Object) if attribute.attributes.has("LegacyLenientThis") => {
                out.line(format!(
                    "let Ok(this) = call.receiver::<{}>(scope) else {{ return Ok(()) }};",
                    owner.path
                ));
                "this.value().".to_owned()
            }
            (_, Receiver::Object) => {
                out.line(format!(
                    "let this = call.receiver::<{}>(scope)?;",
                    owner.path
                ));
                "this.value().".to_owned()
            }
        }
    }
}

/// The check of the receiver of a setter that does not need it any further.
fn print_check(owner: &Owner, attribute: &Attribute, out: &mut Source) {
    if attribute.is_static {
        return;
    }
    let path = &owner.path;
    match owner.receiver {
        Receiver::None => {}
        Receiver::Global => out.line("call.global_receiver(scope)?;"),
        Receiver::Object if attribute.attributes.has("LegacyLenientThis") => out.line(format!(
            "if call.receiver::<{path}>(scope).is_err() {{ return Ok(()) }}"
        )),
        Receiver::Object => out.line(format!("call.receiver::<{path}>(scope)?;")),
    }
}

/// How an attribute is written, <https://webidl.spec.whatwg.org/#dfn-attribute-setter>.
pub(crate) enum SetterKind<'a> {
    /// The trait's setter gets the converted value.
    Regular,
    /// `[Replaceable]`: the value takes the attribute's place on the object.
    Replaceable,
    /// `[LegacyLenientSetter]`: nothing happens.
    Lenient,
    /// `[PutForwards=identifier]`: that attribute of the object that this one holds is written.
    PutForwards(&'a str),
}

/// The attribute's setter, if it has one.
pub(crate) fn setter(attribute: &Attribute) -> Option<SetterKind<'_>> {
    if !attribute.readonly {
        return Some(SetterKind::Regular);
    }
    if attribute.attributes.has("Replaceable") {
        return Some(SetterKind::Replaceable);
    }
    if attribute.attributes.has("LegacyLenientSetter") {
        return Some(SetterKind::Lenient);
    }
    attribute
        .attributes
        .identifier("PutForwards")
        .map(SetterKind::PutForwards)
}
