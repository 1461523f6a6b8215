//! What people read about definitions and members: the comment before each, and the address of its section.
//!
//! Where a standard has a section is a convention of the tools that standards are written with: the definition of `Event` is at
//! `#event`, its attribute `target` at `#dom-event-target`. `[Section=anchor]` names another one; `[Sections=prefix]` says for
//! a whole interface that it follows the Streams Standard: `#rs-class`, `#rs-constructor`, `#rs-get-reader`. What is NANO's own, after
//! Workers or not, follows no standard's convention: a definition is at the address of its file, and `[Section="https://…"]` names a whole
//! address, as it does for what another standard defines.
//!
//! A comment ends with the member's exceptions: lines `@throws {name} condition`, as in JSDoc. There are no other tags.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::{Documentation, Exception, Span};
use crate::syntax::{
    Definition, DefinitionKind, ExtendedAttribute, ExtendedAttributeValue, File, Member, MemberKind,
};

/// The documentation of everything that has a place in the model.
pub(super) fn documentation(
    files: &[File],
    errors: &mut Vec<Error>,
) -> BTreeMap<Span, Documentation> {
    let mut all = All {
        entries: BTreeMap::new(),
        errors,
    };
    for file in files {
        for definition in &file.definitions {
            let sections = Sections {
                url: &file.specification.url,
                is_standard: !file.specification.title.starts_with("NANO"),
                owner: definition.name.text.to_ascii_lowercase(),
                prefix: value(&definition.attributes, "Sections"),
            };
            sections.definition(definition, &mut all);
        }
    }
    all.entries
}

/// What is collected of all files.
struct All<'a> {
    entries: BTreeMap<Span, Documentation>,
    errors: &'a mut Vec<Error>,
}

/// The value of `[name=value]`.
fn value<'a>(attributes: &'a [ExtendedAttribute], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.value {
            ExtendedAttributeValue::Identifier(value) if attribute.name.text == name => {
                Some(value.as_str())
            }
            _ => None,
        })
}

/// The sections of one definition.
struct Sections<'a> {
    url: &'a str,
    /// Whether the anchors at `url` are those of a standard.
    is_standard: bool,
    /// The definition's name, in lower case.
    owner: String,
    /// `[Sections=…]`
    prefix: Option<&'a str>,
}

impl Sections<'_> {
    fn definition(&self, definition: &Definition, all: &mut All<'_>) {
        let kind = match &definition.kind {
            DefinitionKind::Dictionary { .. } => "dictdef-",
            DefinitionKind::Enumeration { .. } => "enumdef-",
            DefinitionKind::Callback { .. } | DefinitionKind::CallbackInterface { .. } => {
                "callbackdef-"
            }
            DefinitionKind::Typedef { .. } => "typedefdef-",
            _ => "",
        };
        let anchor = match self.prefix {
            Some(prefix) => format!("{prefix}-class"),
            None => format!("{kind}{}", self.owner),
        };
        let section = match self.is_standard {
            true => self.address(&anchor),
            false => self.url.to_owned(),
        };
        let mut add = |text: &Option<String>, attributes, span: &Span, section| {
            let entry = self.entry(text, attributes, section, span, all.errors);
            all.entries.insert(span.clone(), entry);
        };
        add(
            &definition.documentation,
            &definition.attributes,
            &definition.name.span,
            section,
        );
        match &definition.kind {
            DefinitionKind::Interface { members, .. }
            | DefinitionKind::Mixin { members, .. }
            | DefinitionKind::Namespace { members, .. }
            | DefinitionKind::CallbackInterface { members } => {
                for member in members {
                    let section = self.member(member);
                    add(
                        &member.documentation,
                        &member.attributes,
                        &member.span,
                        section,
                    );
                }
            }
            DefinitionKind::Dictionary { members, .. } => {
                for member in members {
                    let section = self.named(&member.name.text);
                    add(
                        &member.documentation,
                        &member.attributes,
                        &member.name.span,
                        section,
                    );
                }
            }
            DefinitionKind::Enumeration { values } => {
                // The definition's section is theirs, too: standards rarely give a value one of its own.
                for value in values {
                    add(&value.documentation, &[], &value.span, String::new());
                }
            }
            _ => {}
        }
    }

    /// The section of a member; declarations like `iterable` have none.
    fn member(&self, member: &Member) -> String {
        match &member.kind {
            MemberKind::Constant(constant) => self.named(&constant.name.text),
            MemberKind::Attribute(attribute) => self.named(&attribute.name.text),
            MemberKind::Operation(operation) => match &operation.name {
                Some(name) => self.named(&name.text),
                None => String::new(),
            },
            MemberKind::Constructor { .. } => self.anchored(&match self.prefix {
                Some(prefix) => format!("{prefix}-constructor"),
                None => format!("dom-{0}-{0}", self.owner),
            }),
            _ => String::new(),
        }
    }

    /// The section of a member with a name.
    fn named(&self, name: &str) -> String {
        self.anchored(&match self.prefix {
            Some(prefix) => format!("{prefix}-{}", hyphenated(name)),
            None => format!("dom-{}-{}", self.owner, name.to_ascii_lowercase()),
        })
    }

    /// The address of an anchor that follows the standards' convention.
    fn anchored(&self, anchor: &str) -> String {
        match self.is_standard {
            true => self.address(anchor),
            false => String::new(),
        }
    }

    /// An anchor's address; none where the file has none.
    fn address(&self, anchor: &str) -> String {
        match self.url {
            "" => String::new(),
            url => format!("{url}#{anchor}"),
        }
    }

    fn entry(
        &self,
        text: &Option<String>,
        attributes: &[ExtendedAttribute],
        section: String,
        span: &Span,
        errors: &mut Vec<Error>,
    ) -> Documentation {
        let (text, exceptions) = parts(text.as_deref().unwrap_or_default(), span, errors);
        Documentation {
            text,
            exceptions,
            section: match value(attributes, "Section") {
                Some(address) if address.starts_with("https://") => address.to_owned(),
                Some(anchor) => self.address(anchor),
                None => section,
            },
        }
    }
}

/// The text of a comment, and the exceptions that its tags name. A tag goes on until the next one.
fn parts(comment: &str, span: &Span, errors: &mut Vec<Error>) -> (String, Vec<Exception>) {
    let mut lines = comment.lines().peekable();
    let mut text = Vec::new();
    while let Some(line) = lines.next_if(|line| !line.starts_with('@')) {
        text.push(line);
    }
    let mut exceptions: Vec<Exception> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match (line.starts_with('@'), exceptions.last_mut()) {
            (false, Some(last)) => {
                last.condition.push(' ');
                last.condition.push_str(line);
            }
            _ => match exception(line) {
                Some(exception) => exceptions.push(exception),
                None => errors.push(
                    Error::new(span, "the documentation has a tag that is none")
                        .expected("`@throws {TypeError} if …`")
                        .found(format!("`{line}`")),
                ),
            },
        }
    }
    (text.join("\n").trim_end().to_owned(), exceptions)
}

/// `@throws {name} condition`
fn exception(tag: &str) -> Option<Exception> {
    let (name, condition) = tag.strip_prefix("@throws {")?.split_once("} ")?;
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    is_word.then(|| Exception {
        name: name.to_owned(),
        condition: condition.to_owned(),
    })
}

/// `getReader` as `get-reader`, `respondWithNewView` as `respond-with-new-view`.
fn hyphenated(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}
