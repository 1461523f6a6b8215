//! Who wants what of a document.

use std::cell::RefCell;

use encoding_rs::{Encoding, UTF_8};
use http::header::CONTENT_TYPE;
use lol_html::{AsciiCompatibleEncoding, Selector};
use nano_webidl::{
    Fallible, Ref, Scope, ScriptRef, Trace, Value, excerpt, range_error, type_error,
};

use super::document::{Document, DocumentHandlers, ElementHandlers, Wanted};
use super::rewriting::Rewriting;
use crate::bindings::marker;
use crate::bindings::rewriter_plan::RewriterPlanMethods;
use crate::fetch::body::WithBody as _;
use crate::fetch::mime_type;
use crate::fetch::response::Response;

/// A selector is compiled by code that recurses.
const MOST_SELECTOR_BYTES: usize = 4096;
const MOST_PARENTHESES: usize = 32;

/// The handlers of one rewriter.
#[derive(Default, Trace)]
pub struct RewriterPlan {
    #[untraced]
    elements: RefCell<Vec<ElementHandlers>>,
    #[untraced]
    documents: RefCell<Vec<DocumentHandlers>>,
}

/// A number; a negative one stands for none.
fn number(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}

fn selector(text: &str) -> Fallible<Selector> {
    let parentheses = text.bytes().filter(|byte| *byte == b'(').count();
    if text.len() > MOST_SELECTOR_BYTES || parentheses > MOST_PARENTHESES {
        return Err(range_error(format!(
            "a selector may have {MOST_SELECTOR_BYTES} bytes and {MOST_PARENTHESES} opening parentheses"
        )));
    }
    text.parse().map_err(|error| {
        type_error(format!(
            "the selector '{}' is not valid: {error}",
            excerpt(text)
        ))
    })
}

/// What the response says that its text is in.
fn encoding(response: &Response) -> Fallible<AsciiCompatibleEncoding> {
    let content_type = response.header_list().borrow().get(&CONTENT_TYPE);
    let mime = content_type.and_then(|value| mime_type::extract(&value));
    let charset = mime.as_ref().and_then(|mime| mime.get_parameter("charset"));
    let encoding = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = encoding.unwrap_or(UTF_8);
    AsciiCompatibleEncoding::new(encoding).ok_or_else(|| {
        type_error(format!(
            "a document in {} cannot be rewritten: no part of it is ASCII",
            encoding.name()
        ))
    })
}

impl RewriterPlanMethods for RewriterPlan {
    fn add_element_handlers(
        &self,
        text: String,
        element: i32,
        comments: i32,
        texts: i32,
    ) -> Fallible<()> {
        let handlers = [number(element), number(comments), number(texts)];
        let selector = selector(&text)?;
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
        self.documents.borrow_mut().push(handlers);
        Ok(())
    }

    fn begin<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        response: Ref<'s, Response>,
    ) -> Fallible<Ref<'s, Rewriting>> {
        let wanted = Wanted {
            elements: self.elements.take(),
            documents: self.documents.take(),
            encoding: encoding(response.value())?,
        };
        let document = Document::new(wanted)
            .map_err(|error| range_error(format!("there is no memory for a document: {error}")))?;
        Ok(Ref::new(scope, Rewriting::new(document)))
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
        let rewritten = response.value().with_stream(scope, body.object());
        Ok(Ref::new(scope, rewritten))
    }
}
