//! Parents of interfaces and dictionaries: they exist, are of the same kind and form no cycle.

use super::Resolver;
use super::index::{Entry, describe, with_article};
use crate::error::Error;
use crate::syntax::{DefinitionKind, Name};

impl Resolver<'_> {
    /// The parent's name if inheriting from it is sound; an error if it is not.
    pub(super) fn parent(&mut self, child: &Name, kind: &'static str) -> Option<String> {
        let parent = self.index.get(&child.text).and_then(inherits)?;
        let known = self.index.get(&parent.text);
        if known.is_none_or(|entry| describe(entry.definition) != kind) {
            let kind = with_article(kind);
            self.errors.push(
                Error::new(
                    &parent.span,
                    format!("`{}` cannot inherit from `{}`", child.text, parent.text),
                )
                .expected(format!("the name of {kind}"))
                .found(match known {
                    Some(entry) => format!("{} `{}`", describe(entry.definition), parent.text),
                    None => {
                        let similar = self
                            .index
                            .similar(&parent.text, |d| with_article(describe(d)) == kind);
                        format!("`{}`, which no file defines{similar}", parent.text)
                    }
                }),
            );
            return None;
        }

        let mut chain = vec![child.text.as_str()];
        let mut next = Some(parent);
        while let Some(name) = next {
            chain.push(&name.text);
            if name.text == child.text {
                self.errors.push(
                    Error::new(
                        &parent.span,
                        format!("`{}` inherits from itself", child.text),
                    )
                    .expected("a chain of parents that ends")
                    .found(chain.join(" → ")),
                );
                return None;
            }
            // A cycle further up is its members' error; this child is only cut off from it.
            if chain.len() > self.index.entries.len() {
                return None;
            }
            next = self.index.get(&name.text).and_then(inherits);
        }
        Some(parent.text.clone())
    }
}

fn inherits<'a>(entry: &Entry<'a>) -> Option<&'a Name> {
    match &entry.definition.kind {
        DefinitionKind::Interface { inherits, .. }
        | DefinitionKind::Dictionary { inherits, .. } => inherits.as_ref(),
        _ => None,
    }
}
