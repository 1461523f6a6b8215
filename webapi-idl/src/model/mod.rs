//! The resolved model: what every printer of `codegen` reads. Partials and mixins are merged, typedefs are inlined,
//! names are checked; nothing here needs the syntax tree any more.
//!
//! Source: Web IDL, <https://webidl.spec.whatwg.org/>.

mod attributes;
mod definitions;
mod members;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use attributes::{ExtendedAttribute, ExtendedAttributeValue, ExtendedAttributes};
pub use definitions::{
    CallbackFunction, CallbackInterface, Dictionary, DictionaryMember, Enumeration,
    EnumerationValue, Implementation, Interface, Mixin, Namespace,
};
pub use members::{
    Argument, AsyncIterable, Attribute, Constant, DefaultValue, IndexedGetter, Iterable, Maplike,
    Member, Operation, OperationSet, Setlike, Stringifier,
};
pub use types::{AnnotatedType, Annotations, Buffer, Numeric, Type};

/// A place in an IDL file; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file's name as it was given to the parser.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The specification a file was taken from, read from the file's head:
/// `// Source: <title> (<url>)` and `// Date: <yyyy-mm-dd>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// Name of the `.webidl` file without its ending: `fetch`, `streams`.
    pub file: String,
    /// The standard's title.
    pub title: String,
    /// The standard's address, ending in `/`; empty for NANO's own definitions.
    pub url: String,
    /// The day the definitions were taken, `yyyy-mm-dd`.
    pub date: String,
}

/// Everything that NANO exposes.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Interfaces by name; parents may come after their children in this order, see [`Model::in_order_of_inheritance`].
    pub interfaces: BTreeMap<String, Interface>,
    /// Interface mixins by name. Their members are among those of each interface that includes them, too.
    pub mixins: BTreeMap<String, Mixin>,
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// Dictionaries by name.
    pub dictionaries: BTreeMap<String, Dictionary>,
    /// Enumerations by name.
    pub enumerations: BTreeMap<String, Enumeration>,
    /// Callback functions by name.
    pub callbacks: BTreeMap<String, CallbackFunction>,
    /// Callback interfaces by name.
    pub callback_interfaces: BTreeMap<String, CallbackInterface>,
    /// Typedefs by name, already resolved. Types elsewhere have them inlined; printers use this to name union types.
    pub typedefs: BTreeMap<String, AnnotatedType>,
    /// The specifications, by file.
    pub specifications: BTreeMap<String, Specification>,
    /// What is written about definitions and members, by their `span`.
    pub documentation: BTreeMap<Span, Documentation>,
}

/// What people read about a definition or a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documentation {
    /// The text of the comment `/** … */` before it, Markdown; empty where there is none.
    pub text: String,
    /// What it throws, or has its promise rejected with, in the order of the comment.
    pub exceptions: Vec<Exception>,
    /// The address of its section in its specification; empty for NANO's own definitions.
    pub section: String,
}

/// One exception of a member, from a line `@throws {TypeError} if the text is no URL` at the end of its comment. What the
/// conversion of arguments throws is not among them: that follows from their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The interface or class of what is thrown; `any` for what the app itself has chosen.
    pub name: String,
    /// When it is thrown, Markdown.
    pub condition: String,
}

impl Model {
    /// Interfaces, every parent before its children, otherwise by name.
    pub fn in_order_of_inheritance(&self) -> Vec<&Interface> {
        let mut all: Vec<&Interface> = self.interfaces.values().collect();
        all.sort_by_key(|i| (self.ancestors(&i.name).len(), i.name.clone()));
        all
    }

    /// The chain of parents, nearest first, without the interface itself.
    pub fn ancestors(&self, name: &str) -> Vec<&Interface> {
        let mut chain = Vec::new();
        let mut next = self
            .interfaces
            .get(name)
            .and_then(|i| i.inherits.as_deref());
        while let Some(parent) = next.and_then(|n| self.interfaces.get(n)) {
            chain.push(parent);
            next = parent.inherits.as_deref();
        }
        chain
    }

    /// The members of a dictionary in the order in which they are converted, each with the dictionary that has it: those of
    /// ancestors first, <https://webidl.spec.whatwg.org/#js-to-dictionary>.
    pub fn members_in_order_of_conversion(
        &self,
        dictionary: &str,
    ) -> Vec<(&Dictionary, &DictionaryMember)> {
        let Some(dictionary) = self.dictionaries.get(dictionary) else {
            return Vec::new();
        };
        let parent = dictionary.inherits.as_deref();
        let mut members = parent.map_or_else(Vec::new, |parent| {
            self.members_in_order_of_conversion(parent)
        });
        members.extend(dictionary.members.iter().map(|member| (dictionary, member)));
        members
    }

    /// The mixins that an interface includes.
    pub fn mixins_of<'a>(&'a self, interface: &'a Interface) -> impl Iterator<Item = &'a Mixin> {
        interface
            .mixins
            .iter()
            .filter_map(|name| self.mixins.get(name))
    }

    /// Members of an interface that come from none of its mixins.
    pub fn own_members<'a>(&'a self, interface: &'a Interface) -> impl Iterator<Item = &'a Member> {
        interface.members.iter().filter(|member| {
            !self
                .mixins_of(interface)
                .flat_map(|mixin| &mixin.members)
                .any(|other| other.key() == member.key())
        })
    }

    /// Every interface that inherits from `name`, directly or not, by name.
    pub fn descendants(&self, name: &str) -> Vec<&Interface> {
        self.interfaces
            .values()
            .filter(|i| self.ancestors(&i.name).iter().any(|a| a.name == name))
            .collect()
    }
}
