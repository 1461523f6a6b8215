//! `Rewriting`: a document that is rewritten, in the hands of its built-in script.

use std::cell::{Cell, RefCell};

use lol_html::html_content::ContentType;
use nano_engine::external_memory::ExternalMemory;
use nano_engine::text::text;
use nano_webidl::idl::{Bytes, uint8_array};
use nano_webidl::{Error, Fallible, Scope, Trace, Value, require_room, type_error};

use super::document::{
    Ask, Command, Document, Kind, MOST_BUFFERED, Place, Property, Reply, STACK_BYTES, Step,
};
use crate::bindings::rewriting::RewritingMethods;

/// A document, and where it stands.
#[derive(Trace)]
pub struct Rewriting {
    #[untraced]
    document: RefCell<Option<Document>>,
    /// What it is told when it goes on.
    #[untraced]
    next: RefCell<Option<Command>>,
    /// The number of the function for the part where it stands.
    #[untraced]
    handler: Cell<Option<u32>>,
    /// Bytes that were written.
    #[untraced]
    written: Cell<usize>,
    /// Of the document.
    #[untraced]
    memory: ExternalMemory,
}

/// What a document takes at once: of its stack what is touched, and what lol_html keeps of its handlers.
const FIXED: usize = STACK_BYTES / 4;

impl Rewriting {
    pub(super) fn new(document: Document) -> Rewriting {
        Rewriting {
            document: RefCell::new(Some(document)),
            next: RefCell::default(),
            handler: Cell::default(),
            written: Cell::default(),
            memory: ExternalMemory::new(FIXED),
        }
    }

    fn measure(&self, document: &Document) {
        let buffered = self.written.get().min(MOST_BUFFERED);
        self.memory.set(FIXED + buffered + document.output_len());
    }

    fn ask(&self, ask: Ask) -> Fallible<Reply> {
        let mut document = self.document.borrow_mut();
        let (Some(document), Some(_)) = (&mut *document, self.handler.get()) else {
            return Err(type_error(
                "the part is done with: it is there until its handler returns, or its promise is settled",
            ));
        };
        let step = document.go_on(Command::Ask(ask));
        self.measure(document);
        match step {
            Ok(Step::Reply(Reply::Done(Err(fault)))) => Err(type_error(fault)),
            Ok(Step::Reply(reply)) => Ok(reply),
            Ok(Step::Done | Step::Part(..)) => Err(type_error("the part is done with")),
            Err(fault) => Err(type_error(fault)),
        }
    }

    fn ask_text<'s>(&self, scope: &mut Scope<'s, '_>, ask: Ask) -> Fallible<Option<String>> {
        let Reply::Text(text) = self.ask(ask)? else {
            return Ok(None);
        };
        require_room(scope, text.as_ref().map_or(0, String::len))?;
        Ok(text)
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

impl RewritingMethods for Rewriting {
    fn write<'s>(&self, scope: &mut Scope<'s, '_>, bytes: Bytes<'s>) -> Fallible<()> {
        let bytes = bytes.to_vec(scope)?;
        self.written
            .set(self.written.get().saturating_add(bytes.len()));
        self.next.replace(Some(Command::Write(bytes)));
        Ok(())
    }

    fn end(&self) -> Fallible<()> {
        self.next.replace(Some(Command::End));
        Ok(())
    }

    fn next_part<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
    ) -> Fallible<Option<v8::Local<'s, v8::String>>> {
        let mut document = self.document.borrow_mut();
        let (Some(open), Some(command)) = (&mut *document, self.next.take()) else {
            return Ok(None);
        };
        require_room(scope, MOST_BUFFERED.min(self.written.get()))?;
        let step = open.go_on(command);
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
        Ok(Some(nano_webidl::internalized(scope, name)))
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
        self.next.take();
        drop(self.document.take());
        self.memory.set(0);
        Ok(())
    }

    fn take_output<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        let document = self.document.borrow();
        let output = document.as_ref().map(Document::take_output);
        match output {
            Some(bytes) if !bytes.is_empty() => {
                let array = uint8_array(scope, bytes)?;
                if let Some(document) = &*document {
                    self.measure(document);
                }
                Ok(array.into())
            }
            _ => Ok(v8::null(scope).into()),
        }
    }

    fn property<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
    ) -> Fallible<Option<String>> {
        let property = property(scope, name);
        self.ask_text(scope, Ask::Property(property))
    }

    fn set_property<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
        value: String,
    ) -> Fallible<()> {
        let property = property(scope, name);
        self.ask(Ask::SetProperty(property, value)).map(drop)
    }

    fn is_removed(&self) -> Fallible<bool> {
        Ok(matches!(self.ask(Ask::IsRemoved)?, Reply::Flag(true)))
    }

    fn is_last(&self) -> Fallible<bool> {
        Ok(matches!(self.ask(Ask::IsLast)?, Reply::Flag(true)))
    }

    fn attributes<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        let Reply::Attributes(attributes) = self.ask(Ask::Attributes)? else {
            return Err(type_error("the part has no attributes"));
        };
        let mut pairs = Vec::with_capacity(attributes.len());
        for (name, value) in attributes {
            let mut string = |text: &str| {
                let text = v8::String::new(scope, text).ok_or(Error::Thrown);
                text.map(v8::Local::<v8::Value>::from)
            };
            let pair = [string(&name)?, string(&value)?];
            pairs.push(v8::Array::new_with_elements(scope, &pair).into());
        }
        Ok(v8::Array::new_with_elements(scope, &pairs).into())
    }

    fn attribute_value<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
    ) -> Fallible<Option<String>> {
        self.ask_text(scope, Ask::Attribute(name))
    }

    fn set_attribute(&self, name: String, value: String) -> Fallible<()> {
        self.ask(Ask::SetAttribute(name, value)).map(drop)
    }

    fn remove_attribute(&self, name: String) -> Fallible<()> {
        self.ask(Ask::RemoveAttribute(name)).map(drop)
    }

    fn insert<'s>(
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
        // Escaped it may be several times as long, and it is copied.
        require_room(scope, content.len().saturating_mul(2))?;
        self.ask(Ask::Insert(place, content, kind)).map(drop)
    }

    fn remove_part(&self, keeps_content: bool) -> Fallible<()> {
        self.ask(Ask::Remove { keeps_content }).map(drop)
    }

    fn call_at_end_tag(&self, handler: u32) -> Fallible<()> {
        self.ask(Ask::CallAtEndTag(handler)).map(drop)
    }
}
