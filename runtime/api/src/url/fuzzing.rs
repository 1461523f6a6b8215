//! See [`crate::fuzzing`].

use nano_webidl::ExternalSize as _;

use super::UrlRecord;
use super::urlencoded::{PairList, pairs, room, serialize, serialized_length};
use crate::fuzzing::input::Input;

/// `application/x-www-form-urlencoded`: what was read is read again as it is written, and there was room for it.
pub fn urlencoded(case: &[u8]) {
    let read = pairs(case);
    let mut text = String::new();
    serialize(&read, &mut text);
    assert_eq!(serialized_length(&read), text.len());
    assert_eq!(pairs(text.as_bytes()), read);
    assert!(room(case) >= PairList(read).external_size());
}

/// A URL, the one that it is relative to, and what is set of it: as it is written, it is read again.
pub fn url(case: &[u8]) {
    let mut input = Input::new(case);
    let (text, base) = (input.text(), input.text());
    let base = Some(&*base).filter(|base| !base.is_empty());
    let Ok(mut url) = UrlRecord::parse(&*text, base) else {
        assert!(!UrlRecord::can_parse(&text, base));
        return;
    };
    is_read_again(&url);
    while !input.is_empty() {
        let (member, value) = (input.byte(), input.text());
        let text = &*value;
        let value = Some(text);
        // What cannot be set stays as it is.
        let _ = match member % 9 {
            0 => url.set_protocol(text),
            1 => url.set_username(value),
            2 => url.set_password(value),
            3 => url.set_host(value),
            4 => url.set_hostname(value),
            5 => url.set_port(value),
            6 => url.set_pathname(value),
            7 => {
                url.set_search(value);
                Ok(())
            }
            _ => {
                url.set_hash(value);
                Ok(())
            }
        };
        is_read_again(&url);
    }
}

fn is_read_again(url: &UrlRecord) {
    let again = UrlRecord::parse(url.href(), None);
    let again = again.ok().map(|again| again.href().to_owned());
    assert_eq!(again.as_deref(), Some(url.href()));
    for part in [
        url.protocol(),
        url.host(),
        url.pathname(),
        url.search(),
        url.hash(),
    ] {
        assert!(url.href().contains(part), "{part:?}");
    }
    let _ = url.origin();
}
