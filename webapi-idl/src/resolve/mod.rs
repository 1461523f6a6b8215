//! Syntax trees → [`Model`]: names get their meaning, partials and mixins are merged, typedefs inlined.

mod attributes;
mod defaults;
mod definitions;
mod documentation;
mod index;
mod inheritance;
mod members;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeMap, HashMap};

use self::attributes::Target;
use self::index::Index;
use self::members::Body;
use crate::error::Error;
use crate::model::{AnnotatedType, Model, Span};
use crate::syntax::{DefinitionKind, File};

/// What the model says, and what only validation asks for.
pub(crate) struct Resolved {
    pub model: Model,
    pub places: Places,
    pub errors: Vec<Error>,
}

/// Places that the model does not keep.
#[derive(Default)]
pub(crate) struct Places {
    /// The arguments' names by the span of their operation, constructor or callback.
    pub arguments: HashMap<Span, Vec<Span>>,
    /// Every union as it is written, flattened.
    pub unions: Vec<Union>,
    /// `iterable`, `maplike`, … with the interface that it stands in, in order of definition.
    pub iterations: Vec<Iteration>,
}

/// A union of the text.
pub(crate) struct Union {
    /// Its flattened member types, each with the place in the union where it comes from.
    pub members: Vec<(AnnotatedType, Span)>,
    /// The member that makes it nullable, or the union itself if that is followed by `?`.
    pub nullable: Option<Span>,
}

/// A member that makes an interface iterable.
pub(crate) struct Iteration {
    pub interface: String,
    /// `iterable`, `async_iterable`, `maplike`, `setlike`.
    pub keyword: &'static str,
    pub span: Span,
}

/// Resolves files, given in the order in which their partials and mixins count.
pub(crate) fn resolve(files: &[File]) -> Resolved {
    let mut errors = Vec::new();
    let index = Index::new(files, &mut errors);
    let mut resolver = Resolver {
        index: &index,
        typedefs: BTreeMap::new(),
        typedefs_under_way: Vec::new(),
        mixins: BTreeMap::new(),
        places: Places::default(),
        errors,
    };
    let mut model = resolver.definitions();
    model.documentation = documentation::documentation(files, &mut resolver.errors);
    for file in files {
        for definition in &file.definitions {
            if matches!(definition.kind, DefinitionKind::Includes { .. }) {
                resolver.attributes(&definition.attributes, Target::Includes, false);
            }
        }
        model
            .specifications
            .insert(file.specification.file.clone(), file.specification.clone());
    }
    Resolved {
        model,
        places: resolver.places,
        errors: resolver.errors,
    }
}

struct Resolver<'a> {
    index: &'a Index<'a>,
    /// Those resolved so far.
    typedefs: BTreeMap<String, AnnotatedType>,
    /// Those whose own type is being resolved: meeting one again is a cycle.
    typedefs_under_way: Vec<String>,
    /// Members of mixins, resolved once and copied into each interface that includes them.
    mixins: BTreeMap<String, Body>,
    places: Places,
    errors: Vec<Error>,
}
