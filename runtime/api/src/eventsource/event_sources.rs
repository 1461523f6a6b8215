//! `EventSources`: what the built-in script of `EventSource` wants of Rust.

use nano_webidl::{DomExceptionName, Error, Fallible, Scope};

use crate::bindings::event_sources::EventSourcesMethods;
use crate::environment::{Environment, request_context};
use crate::fetch::mime_type;
use crate::url::url;

/// The namespace.
pub struct EventSources;

impl EventSourcesMethods for EventSources {
    // https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-eventsource, steps 3 and 4
    fn event_source_url(scope: &mut Scope, url: String) -> Fallible<String> {
        match Environment::of(scope).parse_url(&url) {
            Ok(url) => Ok(url.href().to_owned()),
            Err(_) => {
                let url = nano_webidl::excerpt(&url);
                let message = format!("'{url}' is no URL, or there is no base for it");
                Err(Error::dom(DomExceptionName::Syntax, message)
                    .in_context("Failed to construct 'EventSource'"))
            }
        }
    }

    fn event_source_origin(url: String) -> Fallible<String> {
        Ok(url::parse(&url, None).map_or_else(String::new, |url| url.origin()))
    }

    fn is_event_stream(scope: &mut Scope, content_type: Vec<u8>) -> Fallible<bool> {
        let extracted = mime_type::extract(scope, &content_type)?;
        Ok(extracted.is_some_and(|mime| mime.essence() == "text/event-stream"))
    }

    fn event_source_field(text: String) -> Fallible<Vec<u8>> {
        Ok(text.into_bytes())
    }

    fn is_request_over(scope: &mut Scope) -> Fallible<bool> {
        Ok(request_context::is_over(scope))
    }
}
