//! Converters of union types, <https://webidl.spec.whatwg.org/#js-union>.

use webapi_idl::{AnnotatedType, Type, type_text};

use super::convert::Source;
use super::distinguish::Test;
use super::writer::{Writer, quote};
use super::{Printer, Result, UnionConverter};
use crate::distinguish::Candidate;

impl Printer<'_> {
    /// Prints the function that [`Printer::union_converter`] named.
    pub(super) fn union(&self, w: &mut Writer, union: &UnionConverter) -> Result<()> {
        let candidates: Vec<Candidate<'_>> = union
            .members
            .iter()
            .enumerate()
            .map(|(key, ty)| Candidate { key, ty })
            .collect();
        let steps = self.distinguish(&candidates, "value")?;
        let source = Source {
            value: "value",
            context: "context",
            what: Some("what"),
        };
        let title = type_text(&AnnotatedType {
            kind: Type::Union(union.members.clone()),
            annotations: Default::default(),
            alias: None,
        });

        w.line(format!("// {title}"));
        w.open(format!(
            "export function {}(value, context, what) {{",
            union.name
        ));
        let mut total = false;
        for step in &steps {
            let ty = step.candidate.ty;
            match &step.test {
                Test::Condition(condition) => w.line(format!(
                    "if ({condition}) return {};",
                    self.to_idl(ty, source)?
                )),
                Test::Iterable => {
                    let (Type::Sequence(element) | Type::FrozenArray(element)) = &ty.kind else {
                        continue;
                    };
                    w.open("if (isObject(value)) {");
                    w.line("const method = value[SymbolIterator];");
                    w.open("if (method !== undefined && method !== null) {");
                    let list = format!(
                        "sequenceFromIterable(value, method, {}, context)",
                        self.element_converter(element)?
                    );
                    let frozen = matches!(ty.kind, Type::FrozenArray(_));
                    w.line(if frozen {
                        format!("return frozenArray({list});")
                    } else {
                        format!("return {list};")
                    });
                    w.close("}");
                    w.close("}");
                }
                Test::Anything => {
                    w.line(format!("return {};", self.to_idl(ty, source)?));
                    total = true;
                }
            }
        }
        if !total {
            w.line(format!(
                "throw notOfType(context, what, {});",
                quote(&title)
            ));
        }
        w.close("}");
        w.blank();
        Ok(())
    }
}
