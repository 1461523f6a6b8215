//! See [`crate::fuzzing`].

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, WINDOWS_1252};
use lol_html::AsciiCompatibleEncoding;
use lol_html::html_content::ContentType;

use super::document::{self, Ask, Command, Document, Kind, Place, Property, Step, Wanted};
use super::rewriter_plan::is_too_much;
use crate::fuzzing::input::{Input, cut};

const ENCODINGS: [&Encoding; 4] = [UTF_8, UTF_8, WINDOWS_1252, SHIFT_JIS];
const PLACES: [Place; 6] = [
    Place::Before,
    Place::After,
    Place::Prepend,
    Place::Append,
    Place::Replace,
    Place::Inner,
];
const PROPERTIES: [Property; 5] = [
    Property::Name,
    Property::Text,
    Property::NamespaceUri,
    Property::PublicId,
    Property::SystemId,
];

fn stack() -> corosensei::stack::DefaultStack {
    match document::stack() {
        Ok(stack) => stack,
        Err(error) => panic!("{error}"),
    }
}

fn wanted(encoding: &'static Encoding, selectors: &str) -> Option<Wanted> {
    let mut elements = Vec::new();
    for selector in selectors.split('\n').take(4) {
        if is_too_much(selector) {
            continue;
        }
        if let Ok(selector) = document::parse(selector, stack()) {
            elements.push((selector, [Some(1), Some(2), Some(3)]));
        }
    }
    Some(Wanted {
        elements,
        documents: vec![[Some(4), Some(5), Some(6), Some(7)]],
        encoding: AsciiCompatibleEncoding::new(encoding)?,
        most_kept: 64 << 10,
    })
}

/// Something that a handler might do.
fn ask(choices: &mut Input<'_>) -> Ask {
    match choices.byte() % 12 {
        0 => Ask::Property(*choices.one_of(&PROPERTIES)),
        1 => Ask::SetProperty(*choices.one_of(&PROPERTIES), choices.text()),
        2 => Ask::IsRemoved,
        3 => Ask::IsLast,
        4 => Ask::AttributesSize,
        5 => Ask::Attributes,
        6 => Ask::Attribute(choices.text()),
        7 => Ask::SetAttribute(choices.text(), choices.text()),
        8 => Ask::RemoveAttribute(choices.text()),
        9 => {
            let place = *choices.one_of(&PLACES);
            let kind = match choices.byte() & 1 {
                0 => ContentType::Html,
                _ => ContentType::Text,
            };
            Ask::Insert(place, choices.text(), kind)
        }
        10 => Ask::Remove {
            keeps_content: choices.byte() & 1 != 0,
        },
        _ => Ask::CallAtEndTag(8),
    }
}

fn rewrite(wanted: Wanted, content: &[u8], size: u8, choices: &[u8]) -> Result<Vec<u8>, String> {
    let mut choices = Input::new(choices);
    let mut document = Document::new(wanted, stack());
    let pieces = cut(content, size).map(|piece| Command::Write(piece.to_vec()));
    for command in pieces.chain([Command::End]) {
        let mut step = document.go_on(command)?;
        while let Step::Part(kind, handler) = step {
            let at_end_tag = kind == Kind::EndTag;
            assert_eq!(at_end_tag, handler == 8);
            while choices.byte() & 1 != 0 {
                match document.go_on(Command::Ask(ask(&mut choices)))? {
                    Step::Reply(_) => {}
                    _ => panic!("a question has no answer"),
                }
            }
            step = document.go_on(Command::Leave)?;
        }
        assert!(matches!(step, Step::Done));
    }
    Ok(document.take_output())
}

/// A document, handlers, and what they do. If they do nothing, it stays as it is; and one that is dropped may be anywhere.
pub fn html_rewriter(case: &[u8]) {
    let mut input = Input::new(case);
    let encoding = *input.one_of(&ENCODINGS);
    let (size, selectors, choices) = (input.byte(), input.text(), input.piece());
    let content = input.rest();
    let Some(plan) = wanted(encoding, &selectors) else {
        return;
    };
    let _ = rewrite(plan, content, size, choices);
    let plan = wanted(encoding, &selectors);
    let is_text = encoding == UTF_8 && std::str::from_utf8(content).is_ok();
    if let Some(Ok(same)) = plan.map(|plan| rewrite(plan, content, size, &[]))
        && is_text
    {
        assert_eq!(
            String::from_utf8_lossy(&same),
            String::from_utf8_lossy(content)
        );
    }
    // As when its reader is gone.
    if let Some(plan) = wanted(encoding, &selectors) {
        let mut document = Document::new(plan, stack());
        let _ = document.go_on(Command::Write(content.to_vec()));
    }
}
