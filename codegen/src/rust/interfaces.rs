//! Interfaces: the trait, the callbacks, the table.
//!
//! <https://webidl.spec.whatwg.org/#js-interfaces>

use webapi_idl::{AnnotatedType, Interface, Member, Operation, OperationSet, Stringifier, Type};

use super::mixins::print_stringify;
use super::operations::{Owner, Receiver, argument_names, signature};
use super::overloads::Outcome;
use super::{Printer, Result, Source, snake, type_name, unsupported};

impl Printer<'_> {
    pub(crate) fn print_interface(&self, interface: &Interface, out: &mut Source) -> Result {
        if interface.async_iterable.is_some() {
            return unsupported(
                &interface.span,
                format!(
                    "native glue has no async_iterable yet, which {} has; add it to codegen, or use [Implementation=Script]",
                    interface.name
                ),
            );
        }
        if interface.attributes.has("Transferable") {
            return unsupported(
                &interface.span,
                format!(
                    "native glue has no [Transferable] yet, which {} has; add it to codegen, or use [Implementation=Script]",
                    interface.name
                ),
            );
        }
        let owner = Owner {
            name: &interface.name,
            path: self.interface_path(interface),
            receiver: Receiver::Object,
            internal: interface.attributes.has("Internal"),
        };
        out.line(format!("/// `interface {}`", interface.name));
        out.open(format!("pub mod {} {{", snake(&interface.name)));
        self.print_module_head(out);
        self.print_mixin_imports(interface, out);
        self.print_trait(interface, out)?;
        self.print_platform_object(interface, &owner, out);
        self.print_constructor(interface, &owner, out)?;
        for member in &interface.members {
            match member {
                Member::Operation(set) => self.print_operation_callback(&owner, set, out)?,
                Member::Attribute(attribute) => {
                    self.print_attribute_callbacks(&owner, attribute, out)?
                }
                Member::Constant(_) => {}
            }
        }
        self.print_stringifier(interface, &owner, out)?;
        self.print_iterable(interface, &owner, out)?;
        self.print_collections(interface, &owner, out);
        self.print_interface_table(interface, out);
        out.close("}");
        out.line("");
        Ok(())
    }

    /// Names that a module's code uses.
    pub(crate) fn print_module_head(&self, out: &mut Source) {
        out.line("#[allow(unused_imports)]");
        out.line("use super::{marker, ty, types, webidl};");
        out.line("#[allow(unused_imports)]");
        out.line("use webidl::{call, idl, interface, iterable};");
        out.line("#[allow(unused_imports)]");
        out.line("use webidl::interface::{Member, Placement};");
        out.line("");
    }

    fn print_trait(&self, interface: &Interface, out: &mut Source) -> Result {
        let name = type_name(&interface.name);
        let specification = &self.model.specifications[&interface.specification];
        let base = if interface.attributes.has("Serializable") {
            "Serializable"
        } else {
            "PlatformObject"
        };
        let (own, added) = self.members_by_specification(interface);
        let bounds: String = added
            .iter()
            .map(|(methods, _)| format!(" + {methods}"))
            .collect();
        out.line(format!(
            "/// What `{}` implements, <{}>.",
            interface.name, specification.url
        ));
        out.open(format!(
            "pub trait {name}Methods: webidl::{base}{}{bounds} {{",
            self.mixin_bounds(interface)
        ));
        if let Some(set) = constructors(interface) {
            self.check_overload_names(&set)?;
            for (index, constructor) in set.overloads.iter().enumerate() {
                constructor
                    .arguments
                    .iter()
                    .try_for_each(|a| self.check_type(&a.ty, &constructor.span))?;
                out.line(format!(
                    "/// `constructor({})`",
                    argument_names(constructor)
                ));
                out.line(signature(
                    &self.overload_name(&set, index),
                    &self.parameters("", constructor),
                    "webidl::Fallible<Self>",
                ));
            }
            out.line("/// Runs after the constructor, when the object exists.");
            out.line("fn constructed<'s>(_scope: &mut webidl::Scope<'s, '_>, _this: webidl::Ref<'s, Self>) -> webidl::Fallible<()> { Ok(()) }");
        }
        for member in own {
            self.print_signature(member, Receiver::Object, out)?;
        }
        if self.has_own_stringifier(interface) {
            print_stringify(out);
        }
        self.print_collection_signatures(interface, out)?;
        if let Some((key, value)) = pairs(interface) {
            self.check_type(key, &interface.span)?;
            self.check_type(value, &interface.span)?;
            out.line("/// The pair at this index of the list as it is now.");
            out.line(format!(
                "fn pair_at<'s>(&self, scope: &mut webidl::Scope<'s, '_>, index: usize) -> webidl::Fallible<Option<({}, {})>>;",
                self.native(key),
                self.native(value)
            ));
        }
        out.close("}");
        out.line("");
        for (methods, members) in added {
            let file = &members[0].span().file;
            out.line(format!("/// What {file} adds to `{}`.", interface.name));
            out.open(format!("pub trait {methods}: webidl::PlatformObject {{"));
            for member in members {
                self.print_signature(member, Receiver::Object, out)?;
            }
            out.close("}");
            out.line("");
        }
        Ok(())
    }

    /// An interface's own members, and by the names of their traits those that other specifications add by partials: every folder
    /// implements its own.
    fn members_by_specification<'a>(
        &'a self,
        interface: &'a Interface,
    ) -> (Vec<&'a Member>, Vec<(String, Vec<&'a Member>)>) {
        let (mut own, mut added) = (Vec::new(), Vec::<(String, Vec<&Member>)>::new());
        for member in self.model.own_members(interface) {
            let file = &member.span().file;
            let specification = match file.strip_suffix(".webidl") {
                Some(specification) if *file != interface.span.file => specification,
                _ => {
                    own.push(member);
                    continue;
                }
            };
            let methods = format!(
                "{}{}Methods",
                type_name(&specification.replace('-', "_")),
                type_name(&interface.name)
            );
            match added.iter_mut().find(|(name, _)| *name == methods) {
                Some((_, members)) => members.push(member),
                None => added.push((methods, vec![member])),
            }
        }
        (own, added)
    }

    /// What a trait has for a member.
    pub(crate) fn print_signature(
        &self,
        member: &Member,
        receiver: Receiver,
        out: &mut Source,
    ) -> Result {
        match member {
            Member::Operation(set) => self.print_operation_signature(set, receiver, out),
            Member::Attribute(attribute) => {
                self.print_attribute_signature(attribute, receiver, out)
            }
            Member::Constant(_) => Ok(()),
        }
    }

    fn print_platform_object(&self, interface: &Interface, owner: &Owner, out: &mut Source) {
        out.open(format!("impl webidl::PlatformObject for {} {{", owner.path));
        out.line(format!(
            "const NAME: &'static str = \"{}\";",
            interface.name
        ));
        out.line(format!("const KIND: u16 = {};", self.kind(&interface.name)));
        out.line("");
        out.open("fn from_head(head: &webidl::object::Head) -> Option<&Self> {");
        let mut chain = "head.exactly()".to_owned();
        for descendant in self.model.descendants(&interface.name) {
            chain.push_str(&format!(
                ".or_else(|| head.exactly::<{}>().map(AsRef::as_ref))",
                self.interface_path(descendant)
            ));
        }
        out.line(chain);
        out.close("}");
        out.close("}");
        out.line("");
    }

    fn print_constructor(&self, interface: &Interface, owner: &Owner, out: &mut Source) -> Result {
        let Some(set) = constructors(interface) else {
            return Ok(());
        };
        out.line("pub(super) unsafe extern \"C\" fn constructor(info: *const v8::FunctionCallbackInfo) {");
        out.open("    // SAFETY: V8's own pointer is passed on.");
        out.open(format!(
            "unsafe {{ interface::constructor(info, \"Failed to construct '{}'\", |scope, call| {{",
            interface.name
        ));
        let target = format!("{}::", owner.path);
        self.print_overloads(&set, &target, Outcome::Construction, out)?;
        out.close("}) }");
        out.close("}");
        out.line("");
        Ok(())
    }

    fn print_stringifier(&self, interface: &Interface, owner: &Owner, out: &mut Source) -> Result {
        let Some(stringifier) = &interface.stringifier else {
            return Ok(());
        };
        out.line("pub(super) unsafe extern \"C\" fn call_to_string(info: *const v8::FunctionCallbackInfo) {");
        out.open("    // SAFETY: V8's own pointer is passed on.");
        out.open(format!(
            "unsafe {{ call::member(info, \"Failed to execute 'toString' on '{}'\", |scope, call| {{",
            interface.name
        ));
        out.line(format!(
            "let this = call.receiver::<{}>(scope)?;",
            owner.path
        ));
        match stringifier {
            Stringifier::Algorithm(_) => {
                out.line("let result = this.stringify(scope)?;");
                out.line("call.returns::<idl::UsvString>(scope, result)");
            }
            Stringifier::Attribute(name) => {
                let attribute = interface.members.iter().find_map(|m| match m {
                    Member::Attribute(a) if a.name == *name => Some(a),
                    _ => None,
                });
                let attribute = attribute.map_or_else(
                    || unsupported(&interface.span, "the stringifier's attribute is missing"),
                    Ok,
                )?;
                let needs_scope = self.attribute_needs_scope(attribute);
                let scope = if needs_scope { "scope" } else { "" };
                out.line(format!("let result = this.{}({scope});", snake(name)));
                out.line(format!(
                    "call.returns::<{}>(scope, result)",
                    self.marker(&attribute.ty)
                ));
            }
        }
        out.close("}) }");
        out.close("}");
        out.line("");
        Ok(())
    }

    fn print_iterable(&self, interface: &Interface, owner: &Owner, out: &mut Source) -> Result {
        let Some((key, value)) = pairs(interface) else {
            return Ok(());
        };
        let (path, name) = (&owner.path, &interface.name);
        out.open(format!("impl iterable::PairIterable for {path} {{"));
        out.line(format!("type Key = {};", self.marker(key)));
        out.line(format!("type Value = {};", self.marker(value)));
        out.line(format!(
            "const ITERATOR_KIND: u16 = {};",
            self.iterator_kind(name)
        ));
        out.line(format!(
            "const ITERATOR_NAME: &'static str = \"{name} Iterator\";"
        ));
        out.line("");
        out.open("fn pair_at<'s>(&self, scope: &mut webidl::Scope<'s, '_>, index: usize) -> webidl::Fallible<Option<iterable::Pair<'s, Self>>> {");
        out.line(format!(
            "{}Methods::pair_at(self, scope, index)",
            type_name(name)
        ));
        out.close("}");
        out.close("}");
        out.line("");
        for (member, body) in [
            (
                "entries",
                format!("iterable::create::<{path}>(scope, call, iterable::Kind::Entries)"),
            ),
            (
                "keys",
                format!("iterable::create::<{path}>(scope, call, iterable::Kind::Keys)"),
            ),
            (
                "values",
                format!("iterable::create::<{path}>(scope, call, iterable::Kind::Values)"),
            ),
            (
                "for_each",
                format!("iterable::for_each::<{path}>(scope, call)"),
            ),
            ("next", format!("iterable::next::<{path}>(scope, call)")),
        ] {
            let property = if member == "for_each" {
                "forEach"
            } else {
                member
            };
            let on = if member == "next" {
                format!("{name} Iterator")
            } else {
                name.clone()
            };
            out.line(format!("pub(super) unsafe extern \"C\" fn iterable_{member}(info: *const v8::FunctionCallbackInfo) {{"));
            out.open("    // SAFETY: V8's own pointer is passed on.");
            out.line(format!(
                "unsafe {{ call::member(info, \"Failed to execute '{property}' on '{on}'\", |scope, call| {body}) }}"
            ));
            out.close("}");
            out.line("");
        }
        Ok(())
    }

    /// An operation that returns a promise reports a wrong receiver by rejecting, so V8 must not check it first.
    pub(crate) fn returns_promise(overloads: &[Operation]) -> bool {
        overloads
            .iter()
            .any(|o| matches!(o.returns.kind, Type::Promise(_)))
    }
}

/// The constructors as a set of overloads, if there are any.
fn constructors(interface: &Interface) -> Option<OperationSet> {
    (!interface.constructors.is_empty()).then(|| OperationSet {
        name: "constructor".to_owned(),
        is_static: true,
        overloads: interface.constructors.clone(),
        implementation: interface.implementation,
    })
}

/// The types of an interface's pair iterator, if it has one.
pub(crate) fn pairs(interface: &Interface) -> Option<(&AnnotatedType, &AnnotatedType)> {
    let iterable = interface.iterable.as_ref()?;
    Some((iterable.key.as_ref()?, &iterable.value))
}
