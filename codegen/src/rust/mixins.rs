//! Interface mixins: one trait for each, so that what several interfaces include is implemented once for all of them.
//!
//! <https://webidl.spec.whatwg.org/#idl-interface-mixins>

use webapi_idl::{Interface, Mixin, Stringifier};

use super::operations::Receiver;
use super::{Printer, Result, Source, snake, type_name};

impl<'m> Printer<'m> {
    /// The mixins that native interfaces include. Those of the global object are part of its own trait.
    pub(crate) fn native_mixins(&self) -> Vec<&'m Mixin> {
        let model = self.model;
        model
            .mixins
            .values()
            .filter(|mixin| self.natives.iter().any(|i| i.mixins.contains(&mixin.name)))
            .collect()
    }

    pub(crate) fn print_mixin(&self, mixin: &Mixin, out: &mut Source) -> Result {
        let name = type_name(&mixin.name);
        let specification = &self.model.specifications[&mixin.specification];
        out.line(format!("/// `interface mixin {}`", mixin.name));
        out.open(format!("pub mod {} {{", snake(&mixin.name)));
        self.print_module_head(out);
        out.line(format!(
            "/// What every interface that includes `{}` implements, <{}>.",
            mixin.name, specification.url
        ));
        out.open(format!(
            "pub trait {name}Methods: webidl::PlatformObject {{"
        ));
        for member in &mixin.members {
            self.print_signature(member, Receiver::Object, out)?;
        }
        if matches!(mixin.stringifier, Some(Stringifier::Algorithm(_))) {
            print_stringify(out);
        }
        out.close("}");
        out.close("}");
        out.line("");
        Ok(())
    }

    /// The traits of an interface's mixins, as its own trait's bounds.
    pub(crate) fn mixin_bounds(&self, interface: &Interface) -> String {
        self.model
            .mixins_of(interface)
            .map(|mixin| format!(" + {}", mixin_trait(mixin)))
            .collect()
    }

    /// Brings the traits of an interface's mixins into scope.
    pub(crate) fn print_mixin_imports(&self, interface: &Interface, out: &mut Source) {
        for mixin in self.model.mixins_of(interface) {
            out.line("#[allow(unused_imports)]");
            out.line(format!("use {} as _;", mixin_trait(mixin)));
        }
        if !interface.mixins.is_empty() {
            out.line("");
        }
    }

    /// Whether an interface's stringifier is its own, and not that of a mixin.
    pub(crate) fn has_own_stringifier(&self, interface: &Interface) -> bool {
        let mut mixins = self.model.mixins_of(interface);
        matches!(interface.stringifier, Some(Stringifier::Algorithm(_)))
            && !mixins.any(|mixin| mixin.stringifier.is_some())
    }
}

/// The trait's member for `stringifier;`.
pub(crate) fn print_stringify(out: &mut Source) {
    out.line("/// The stringifier.");
    out.line("fn stringify(&self, scope: &mut webidl::Scope) -> webidl::Fallible<String>;");
}

fn mixin_trait(mixin: &Mixin) -> String {
    format!(
        "super::{}::{}Methods",
        snake(&mixin.name),
        type_name(&mixin.name)
    )
}
