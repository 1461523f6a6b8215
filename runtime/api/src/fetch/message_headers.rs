//! The headers of a request or a response.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use http::header::CONTENT_TYPE;
use nano_engine::external_memory::ExternalMemory;
use nano_worker::Fields;

use super::header_list::{AppHeaderList, HeaderList};

/// A header list that is made when somebody asks for it: most apps look at no header of a request, and give a response none but the one
/// that goes with its body.
#[derive(Default)]
pub(super) struct MessageHeaders {
    unmade: RefCell<Unmade>,
    /// Of fields that came from the network.
    memory: ExternalMemory,
    list: OnceCell<Rc<AppHeaderList>>,
}

/// What a list is to be made of.
#[derive(Default)]
enum Unmade {
    #[default]
    Nothing,
    Wire(Fields),
    ContentType(&'static [u8]),
}

impl MessageHeaders {
    /// Headers that came from the network, or are kept as if they had.
    pub(super) fn from_wire(fields: Fields) -> MessageHeaders {
        MessageHeaders {
            memory: ExternalMemory::new(fields.size()),
            unmade: RefCell::new(Unmade::Wire(fields)),
            list: OnceCell::new(),
        }
    }

    /// Headers in a list that is there.
    pub(super) fn over(list: Rc<AppHeaderList>) -> MessageHeaders {
        MessageHeaders {
            list: OnceCell::from(list),
            ..MessageHeaders::default()
        }
    }

    /// The list.
    pub(super) fn list(&self) -> &Rc<AppHeaderList> {
        self.list.get_or_init(|| {
            self.memory.set(0);
            let list = match self.unmade.take() {
                Unmade::Nothing => HeaderList::default(),
                Unmade::Wire(fields) => HeaderList::from_wire(fields),
                Unmade::ContentType(value) => {
                    let mut list = HeaderList::default();
                    list.append_value(CONTENT_TYPE, value.into());
                    list
                }
            };
            Rc::new(list.into())
        })
    }

    /// Appends a `Content-Type` where there is none.
    pub(super) fn default_content_type(&mut self, value: Cow<'static, [u8]>) {
        let is_empty =
            self.list.get().is_none() && matches!(self.unmade.get_mut(), Unmade::Nothing);
        match value {
            Cow::Borrowed(value) if is_empty => *self.unmade.get_mut() = Unmade::ContentType(value),
            value => {
                let list = self.list();
                if !list.borrow().contains(&CONTENT_TYPE) {
                    list.change(|list| list.append_value(CONTENT_TYPE, value));
                }
            }
        }
    }

    /// The value of `Content-Type`, if nobody has asked for the list, and there is nothing else to be in it.
    pub(super) fn only_content_type(&self) -> Option<&'static [u8]> {
        match *self.unmade.borrow() {
            Unmade::ContentType(value) => Some(value),
            Unmade::Nothing | Unmade::Wire(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"text/plain";

    fn content_type(headers: &MessageHeaders) -> Option<Vec<u8>> {
        headers.list().borrow().get(&CONTENT_TYPE)
    }

    #[test]
    fn a_constant_type_is_a_header_when_somebody_looks() {
        let mut headers = MessageHeaders::default();
        assert_eq!(headers.only_content_type(), None);
        headers.default_content_type(PLAIN.into());
        assert_eq!(headers.only_content_type(), Some(PLAIN));
        // There is one already.
        headers.default_content_type(b"text/html"[..].into());
        assert_eq!(content_type(&headers).as_deref(), Some(PLAIN));
        // What is in the list is to be looked for there from now on.
        headers.list().change(|list| list.delete(&CONTENT_TYPE));
        assert_eq!(headers.only_content_type(), None);
        assert_eq!(headers.list().borrow().len(), 0);
    }

    #[test]
    fn a_list_that_is_there_gets_the_type_that_it_lacks() {
        let mut headers = MessageHeaders::over(Rc::default());
        headers.default_content_type(PLAIN.into());
        headers.default_content_type(b"text/html".to_vec().into());
        assert_eq!(headers.only_content_type(), None);
        assert_eq!(content_type(&headers).as_deref(), Some(PLAIN));
    }
}
