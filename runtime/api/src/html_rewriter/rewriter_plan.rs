//! Who wants what of a document.

use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;

use corosensei::stack::DefaultStack;
use encoding_rs::{Encoding, UTF_8};
use http::header::CONTENT_TYPE;
use lol_html::{AsciiCompatibleEncoding, Selector};
use nano_engine::State;
use nano_engine::external_memory::ExternalMemory;
use nano_webidl::{
    ExternalSize as _, Fallible, Ref, Scope, ScriptRef, Trace, Value, excerpt, range_error,
    require_room, type_error,
};

use super::document::{self, Document, DocumentHandlers, ElementHandlers, Wanted};
use super::rewriting::Rewriting;
use crate::bindings::marker;
use crate::bindings::rewriter_plan::RewriterPlanMethods;
use crate::fetch::body::WithBody as _;
use crate::fetch::mime_type;
use crate::fetch::response::Response;

/// A selector is parsed and compiled by code that recurses.
const MOST_SELECTOR_BYTES: usize = 4096;
const MOST_PARENTHESES: usize = 16;
const MOST_STEPS: usize = 128;
/// Each part of a document is compared with all of them.
const MOST_HANDLERS: usize = 1000;
const MOST_BYTES: usize = 64 << 10;
/// What a selector's own bytes take besides, in comparisons.
const SELECTOR: usize = 16;
/// So many bytes of a document times bytes of selectors are gone through without a pause: tens of milliseconds, at worst.
const MOST_WORK: usize = 1 << 24;
/// The same of one tag, with all its attributes, which is not looked at in parts.
const MOST_WORK_ON_TAG: usize = 1 << 30;
/// So many bytes are gone through at a time, between these bounds.
const PIECE: RangeInclusive<usize> = 256..=32 << 10;
/// What one takes beside what it is made of, and so many times that.
const HANDLERS: usize = 512;
const COMPILED: usize = 16;

/// A document may keep this part of the app's memory, within bounds: of a tag, what is made of its attributes may be fifty times as large.
const KEPT_PART: usize = 64;
const KEPT: RangeInclusive<usize> = 128 << 10..=2 << 20;
/// So much it may keep in any case, with its open elements.
const LEAST_KEPT: usize = 32 << 10;

/// The handlers of one rewriter.
#[derive(Default, Trace)]
pub struct RewriterPlan {
    #[untraced]
    elements: RefCell<Vec<ElementHandlers>>,
    #[untraced]
    documents: RefCell<Vec<DocumentHandlers>>,
    /// Bytes of selectors.
    bytes: Cell<usize>,
    #[untraced]
    memory: ExternalMemory,
}

/// A number; a negative one stands for none.
fn number(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}

/// A stack, after a collection if need be: documents that nobody reads to their end have some.
fn stack(scope: &mut Scope) -> Fallible<DefaultStack> {
    let stack = document::stack().or_else(|_| {
        scope.low_memory_notification();
        document::stack()
    });
    stack.map_err(|error| range_error(format!("there is no memory for a document: {error}")))
}

/// Whether a selector is more than is compiled on a document's stack.
pub(super) fn is_too_much(selector: &str) -> bool {
    let bytes = selector.as_bytes();
    let parentheses = bytes.iter().filter(|byte| **byte == b'(').count();
    let steps = bytes.split(|byte| byte.is_ascii_whitespace() || *byte == b'>');
    let steps = steps.filter(|step| !step.is_empty()).count();
    bytes.len() > MOST_SELECTOR_BYTES || parentheses > MOST_PARENTHESES || steps > MOST_STEPS
}

fn selector(scope: &mut Scope, text: &str) -> Fallible<Selector> {
    if is_too_much(text) {
        return Err(range_error(format!(
            "a selector may have {MOST_SELECTOR_BYTES} bytes, {MOST_PARENTHESES} opening parentheses and {MOST_STEPS} steps"
        )));
    }
    let parsed = document::parse(text, stack(scope)?);
    parsed.map_err(|error| {
        type_error(format!(
            "the selector '{}' is not valid: {error}",
            excerpt(text)
        ))
    })
}

/// What the response says that its text is in.
fn encoding(scope: &mut Scope, response: &Response) -> Fallible<AsciiCompatibleEncoding> {
    let list = response.header_list().borrow();
    let content_type = list.get_within(&CONTENT_TYPE, |length| require_room(scope, length))?;
    drop(list);
    let mime_type = match content_type {
        Some(content_type) => mime_type::extract(scope, &content_type)?,
        None => None,
    };
    let charset = mime_type.as_ref().and_then(|it| it.parameter("charset"));
    let encoding = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = encoding.unwrap_or(UTF_8);
    AsciiCompatibleEncoding::new(encoding).ok_or_else(|| {
        type_error(format!(
            "a document in {} cannot be rewritten: no part of it is ASCII",
            encoding.name()
        ))
    })
}

impl RewriterPlan {
    fn count(&self, bytes: usize) -> Fallible<()> {
        if self.elements.borrow().len() + self.documents.borrow().len() >= MOST_HANDLERS {
            return Err(range_error(format!(
                "a rewriter may have handlers for {MOST_HANDLERS} selectors and documents"
            )));
        }
        let all = self.bytes.get() + bytes;
        if all > MOST_BYTES {
            return Err(range_error(format!(
                "the selectors of a rewriter may have {MOST_BYTES} bytes in all"
            )));
        }
        self.bytes.set(all);
        self.memory.add(HANDLERS + bytes * COMPILED);
        Ok(())
    }
}

impl RewriterPlanMethods for RewriterPlan {
    fn add_element_handlers<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        text: String,
        element: i32,
        comments: i32,
        texts: i32,
    ) -> Fallible<()> {
        let handlers = [number(element), number(comments), number(texts)];
        let selector = selector(scope, &text)?;
        self.count(text.len())?;
        self.elements.borrow_mut().push((selector, handlers));
        Ok(())
    }

    fn add_document_handlers(
        &self,
        doctype: i32,
        comments: i32,
        texts: i32,
        end: i32,
    ) -> Fallible<()> {
        let handlers = [doctype, comments, texts, end].map(number);
        self.count(0)?;
        self.documents.borrow_mut().push(handlers);
        Ok(())
    }

    fn begin<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        response: Ref<'s, Response>,
    ) -> Fallible<Ref<'s, Rewriting>> {
        let limit = State::from_scope(scope).account().limit();
        let kept = (limit / KEPT_PART).clamp(*KEPT.start(), *KEPT.end());
        let comparisons = self.bytes.get() + SELECTOR * (self.elements.borrow().len() + 1);
        let most_kept = kept.min(MOST_WORK_ON_TAG / comparisons).max(LEAST_KEPT);
        let piece = (MOST_WORK / comparisons).clamp(*PIECE.start(), *PIECE.end());
        let wanted = Wanted {
            elements: self.elements.borrow().clone(),
            documents: self.documents.borrow().clone(),
            encoding: encoding(scope, response.value())?,
            most_kept,
        };
        let document = Document::new(wanted, stack(scope)?);
        Ok(Ref::new(scope, Rewriting::new(document, most_kept, piece)))
    }

    fn body<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        response: Ref<'s, Response>,
    ) -> Fallible<Value<'s>> {
        let body = response.value().body_ref();
        if body.is_unusable(scope) {
            return Err(type_error(
                "the response's body was read already, or its stream is locked",
            ));
        }
        Ok(match body.as_stream(scope)? {
            Some(stream) => stream.object().into(),
            None => v8::null(scope).into(),
        })
    }

    fn with_body<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        response: Ref<'s, Response>,
        body: ScriptRef<'s, marker::ReadableStream>,
    ) -> Fallible<Ref<'s, Response>> {
        let response = response.value();
        let size = response.header_list().borrow().external_size();
        require_room(scope, size)?;
        let rewritten = response.with_stream(scope, body.object());
        Ok(Ref::new(scope, rewritten))
    }
}
