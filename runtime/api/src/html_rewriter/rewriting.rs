//! `Rewriting`: a document that is rewritten, in the hands of its built-in script.

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use lol_html::html_content::ContentType;
use nano_engine::external_memory::ExternalMemory;
use nano_engine::text::{self, text};
use nano_webidl::idl::{self, uint8_array};
use nano_webidl::room::no_room;
use nano_webidl::{Fallible, Scope, Trace, Value, internalized, require_room, type_error};

use super::document::{Ask, Command, Document, Kind, Place, Property, Reply, Step};
use crate::bindings::rewriting::RewritingMethods;

/// A document, and where it stands.
#[derive(Trace)]
pub struct Rewriting {
    #[untraced]
    document: RefCell<Option<Document>>,
    /// What was written, and is still to be gone through.
    #[untraced]
    rest: RefCell<Bytes>,
    /// Bytes of that when it was written: they are there to its end.
    written: Cell<usize>,
    /// What it is told when it goes on.
    #[untraced]
    next: RefCell<Option<Command>>,
    /// The number of the function for the part where it stands.
    #[untraced]
    handler: Cell<Option<u32>>,
    /// Bytes that it was given, and what it may keep of them.
    given: Cell<usize>,
    most_kept: usize,
    /// So many bytes are gone through at a time: nothing interrupts that.
    most_at_once: usize,
    /// Bytes that were inserted where it stands.
    inserted: Cell<usize>,
    /// Of all that.
    #[untraced]
    memory: ExternalMemory,
}

/// What a document takes at once: of its stack what is touched, and what lol_html keeps of its handlers.
const FIXED: usize = 64 << 10;
/// What a pair of strings takes in V8's heap, and here, beside its characters.
const PAIR: usize = 256;

impl Rewriting {
    pub(super) fn new(document: Document, most_kept: usize, most_at_once: usize) -> Rewriting {
        Rewriting {
            document: RefCell::new(Some(document)),
            rest: RefCell::default(),
            written: Cell::default(),
            next: RefCell::default(),
            handler: Cell::default(),
            given: Cell::default(),
            most_kept,
            most_at_once,
            inserted: Cell::default(),
            memory: ExternalMemory::new(FIXED),
        }
    }

    /// How much of the document there may be in it.
    fn kept(&self) -> usize {
        self.given.get().min(self.most_kept)
    }

    fn measure(&self, document: &Document) {
        let written = match self.rest.borrow().is_empty() {
            true => 0,
            false => self.written.get(),
        };
        let passing = written + self.inserted.get() + document.output_size();
        self.memory.set(FIXED + self.kept() + passing);
    }

    /// The next piece, once what has become of the last one was taken.
    fn piece(&self, document: &Document) -> Option<Vec<u8>> {
        let mut rest = self.rest.borrow_mut();
        if rest.is_empty() || document.output_size() > 0 {
            return None;
        }
        let length = rest.len().min(self.most_at_once);
        let piece = rest.split_to(length);
        self.given.set(self.given.get().saturating_add(length));
        Some(piece.to_vec())
    }

    fn ask(&self, ask: Ask) -> Fallible<Reply> {
        let mut document = self.document.borrow_mut();
        let (Some(document), Some(_)) = (&mut *document, self.handler.get()) else {
            return Err(type_error("the part is done with"));
        };
        match document.go_on(Command::Ask(ask)) {
            Ok(Step::Reply(Reply::Done(Err(fault)))) => Err(type_error(fault)),
            Ok(Step::Reply(reply)) => Ok(reply),
            Ok(Step::Done | Step::Part(..)) => Err(type_error("the part is done with")),
            Err(fault) => Err(type_error(fault)),
        }
    }

    fn ask_text(&self, ask: Ask) -> Fallible<Option<String>> {
        match self.ask(ask)? {
            Reply::Text(text) => Ok(text),
            _ => Ok(None),
        }
    }

    /// Has so many bytes inserted, which are there until the document has gone on, escaped or encoded.
    fn insert(&self, scope: &mut Scope, bytes: usize, ask: Ask) -> Fallible<()> {
        require_room(scope, bytes.saturating_mul(2))?;
        self.inserted.set(self.inserted.get().saturating_add(bytes));
        self.memory.add(bytes);
        self.ask(ask).map(drop)
    }
}

fn property<'s>(scope: &mut Scope<'s, '_>, name: v8::Local<'s, v8::String>) -> Property {
    match text(scope, name, 20).as_str() {
        "text" => Property::Text,
        "namespaceURI" => Property::NamespaceUri,
        "publicId" => Property::PublicId,
        "systemId" => Property::SystemId,
        _ => Property::Name,
    }
}

fn string<'s>(scope: &mut Scope<'s, '_>, string: &str) -> Fallible<Value<'s>> {
    let made = text::utf8(scope, string.as_bytes());
    Ok(made.ok_or_else(|| no_room(string.len()))?.into())
}

impl RewritingMethods for Rewriting {
    fn write<'s>(&self, scope: &mut Scope<'s, '_>, bytes: idl::Bytes<'s>) -> Fallible<()> {
        let bytes = bytes.to_vec(scope)?;
        self.memory.add(bytes.len());
        self.written.set(bytes.len());
        self.rest.replace(bytes.into());
        Ok(())
    }

    fn end(&self) -> Fallible<()> {
        self.next.replace(Some(Command::End));
        Ok(())
    }

    fn has_more(&self) -> Fallible<bool> {
        Ok(!self.rest.borrow().is_empty())
    }

    fn next_part<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
    ) -> Fallible<Option<v8::Local<'s, v8::String>>> {
        let mut document = self.document.borrow_mut();
        let Some(open) = &mut *document else {
            return Ok(None);
        };
        let told = self.next.take();
        let Some(command) = told.or_else(|| self.piece(open).map(Command::Write)) else {
            return Ok(None);
        };
        // It may be moved to a larger place.
        require_room(scope, self.kept())?;
        let step = open.go_on(command);
        self.inserted.set(0);
        self.measure(open);
        let kind = match step {
            Ok(Step::Part(kind, handler)) => {
                self.handler.set(Some(handler));
                kind
            }
            Ok(Step::Done | Step::Reply(_)) => return Ok(None),
            Err(fault) => {
                return Err(type_error(format!(
                    "The document cannot be rewritten: {fault}"
                )));
            }
        };
        let name = match kind {
            Kind::Element => "element",
            Kind::EndTag => "endTag",
            Kind::Comment => "comment",
            Kind::Text => "text",
            Kind::Doctype => "doctype",
            Kind::End => "end",
        };
        Ok(Some(internalized(scope, name)))
    }

    fn handler(&self) -> Fallible<u32> {
        Ok(self.handler.get().unwrap_or(0))
    }

    fn leave(&self) -> Fallible<()> {
        if self.handler.take().is_some() {
            self.next.replace(Some(Command::Leave));
        }
        Ok(())
    }

    fn close(&self) -> Fallible<()> {
        self.handler.set(None);
        drop(self.next.take());
        drop(self.rest.take());
        drop(self.document.take());
        self.memory.set(0);
        Ok(())
    }

    fn take_output<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        let document = self.document.borrow();
        let output = document.as_ref().map(|document| {
            let output = document.take_output();
            self.measure(document);
            output
        });
        match output {
            Some(bytes) if !bytes.is_empty() => Ok(uint8_array(scope, bytes)?.into()),
            _ => Ok(v8::null(scope).into()),
        }
    }

    fn property<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
    ) -> Fallible<Option<String>> {
        let property = property(scope, name);
        self.ask_text(Ask::Property(property))
    }

    fn set_property<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
        value: String,
    ) -> Fallible<()> {
        let property = property(scope, name);
        self.insert(scope, value.len(), Ask::SetProperty(property, value))
    }

    fn is_removed(&self) -> Fallible<bool> {
        Ok(matches!(self.ask(Ask::IsRemoved)?, Reply::Flag(true)))
    }

    fn is_last(&self) -> Fallible<bool> {
        Ok(matches!(self.ask(Ask::IsLast)?, Reply::Flag(true)))
    }

    fn attributes<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        let Reply::Size(count, bytes) = self.ask(Ask::AttributesSize)? else {
            return Err(type_error("the part has no attributes"));
        };
        require_room(scope, count * PAIR + 3 * bytes)?;
        let Reply::Attributes(attributes) = self.ask(Ask::Attributes)? else {
            return Err(type_error("the part has no attributes"));
        };
        let mut pairs: Vec<Value> = Vec::with_capacity(attributes.len());
        for (name, value) in attributes {
            let pair = [string(scope, &name)?, string(scope, &value)?];
            pairs.push(v8::Array::new_with_elements(scope, &pair).into());
        }
        Ok(v8::Array::new_with_elements(scope, &pairs).into())
    }

    fn attribute_value(&self, name: String) -> Fallible<Option<String>> {
        self.ask_text(Ask::Attribute(name))
    }

    fn set_attribute<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
        value: String,
    ) -> Fallible<()> {
        let bytes = name.len() + value.len();
        self.insert(scope, bytes, Ask::SetAttribute(name, value))
    }

    fn remove_attribute(&self, name: String) -> Fallible<()> {
        self.ask(Ask::RemoveAttribute(name)).map(drop)
    }

    fn insert_content<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        place: v8::Local<'s, v8::String>,
        content: String,
        is_html: bool,
    ) -> Fallible<()> {
        let place = match text(scope, place, 20).as_str() {
            "before" => Place::Before,
            "after" => Place::After,
            "prepend" => Place::Prepend,
            "append" => Place::Append,
            "replace" => Place::Replace,
            _ => Place::Inner,
        };
        let kind = match is_html {
            true => ContentType::Html,
            false => ContentType::Text,
        };
        self.insert(scope, content.len(), Ask::Insert(place, content, kind))
    }

    fn remove_part(&self, keeps_content: bool) -> Fallible<()> {
        self.ask(Ask::Remove { keeps_content }).map(drop)
    }

    fn call_at_end_tag(&self, handler: u32) -> Fallible<()> {
        self.ask(Ask::CallAtEndTag(handler)).map(drop)
    }
}
