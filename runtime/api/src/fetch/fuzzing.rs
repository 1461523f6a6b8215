//! See [`crate::fuzzing`].

use http::HeaderName;
use http::header::SET_COOKIE;
use nano_worker::Fields;

use super::client::matches_integrity;
use super::data_url::process;
use super::header_list::{HeaderList, is_value, normalize};
use super::mime_type::last_of;
use crate::fuzzing::fields::fields;
use crate::fuzzing::input::Input;
use crate::mimesniff::mime_type::MimeType;

/// A list from the network, and what is done with it, against a list that is gone through.
pub fn header_list(case: &[u8]) {
    let begins = case.windows(2).position(|two| two == b"\n\n");
    let (wire, rest) = case.split_at(begins.unwrap_or(case.len()));
    let wire = Fields::from(&fields(wire));
    let mut model: Vec<(HeaderName, Vec<u8>)> = wire
        .iter()
        .map(|(name, value)| (name, value.to_vec()))
        .collect();
    let mut list = HeaderList::from_wire(wire);
    compare(&list, &model);
    let mut input = Input::new(rest.get(2..).unwrap_or_default());
    while !input.is_empty() {
        let what = input.byte();
        let line = input.line();
        let at = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(at.unwrap_or(line.len()));
        let Ok(name) = HeaderName::from_bytes(name) else {
            continue;
        };
        let value = normalize(value.get(1..).unwrap_or_default().to_vec());
        if !is_value(&value) {
            continue;
        }
        match what % 3 {
            0 => {
                list.append(name.clone(), value.clone());
                model.push((name, value));
            }
            1 => {
                list.set(name.clone(), value.clone());
                let first = model.iter().position(|(other, _)| *other == name);
                match first {
                    None => model.push((name, value)),
                    Some(first) => {
                        let rest = model.split_off(first + 1);
                        model[first].1 = value;
                        model.extend(rest.into_iter().filter(|(other, _)| *other != name));
                    }
                }
            }
            _ => {
                list.delete(&name);
                model.retain(|(other, _)| *other != name);
            }
        }
        compare(&list, &model);
    }
}

fn compare(list: &HeaderList, model: &[(HeaderName, Vec<u8>)]) {
    assert_eq!(list.len(), model.len());
    assert_eq!(list.is_empty(), model.is_empty());
    let mut names: Vec<_> = model.iter().map(|(name, _)| name).collect();
    names.sort_by_key(|name| name.as_str());
    names.dedup();
    let mut sorted = Vec::new();
    for name in names {
        let own = model.iter().filter(|(other, _)| other == name);
        let values: Vec<&[u8]> = own.map(|(_, value)| value.as_slice()).collect();
        let joined = values.join(&b", "[..]);
        assert!(list.contains(name) && list.joined_length(name) >= joined.len());
        assert!(list.get_all(name).eq(values.iter().copied()));
        assert_eq!(list.get(name).as_ref(), Some(&joined));
        match *name == SET_COOKIE {
            true => sorted.extend(values.iter().map(|value| (name, value.to_vec()))),
            false => sorted.push((name, joined)),
        }
    }
    let combined = list.sort_and_combine();
    for index in 0..=sorted.len() {
        let found = list.combined(&combined, index, |_| Ok::<_, ()>(()));
        assert_eq!(found, Ok(sorted.get(index).cloned()));
    }
    let all = list.iter().map(|(name, value)| (name, &**value));
    assert!(all.eq(model.iter().map(|(name, value)| (name, &**value))));
}

/// A value of `Content-Type`. As it is written, it is read again.
pub fn mime_type(case: &[u8]) {
    for found in [last_of(case), MimeType::parse(case)] {
        let Some(found) = found else { continue };
        let written: Vec<u8> = found
            .to_string()
            .chars()
            .filter_map(|character| u8::try_from(u32::from(character)).ok())
            .collect();
        assert_eq!(MimeType::parse(&written).as_ref(), Some(&found));
    }
}

/// A `data:` URL: what it says of its type is one.
pub fn data_url(case: &[u8]) {
    let Ok(url) = std::str::from_utf8(case) else {
        return;
    };
    if let Ok((mime_type, body)) = process(url) {
        let parsed = MimeType::parse(&mime_type);
        assert!(parsed.is_some() || !mime_type.is_ascii());
        assert!(body.len() <= url.len());
    }
}

/// Metadata of a fetch, and the body that it is about.
pub fn integrity(case: &[u8]) {
    let mut input = Input::new(case);
    let line = input.line();
    let Ok(metadata) = std::str::from_utf8(line) else {
        return;
    };
    let body = input.rest();
    let matches = matches_integrity(body, metadata);
    // What is not understood does not count.
    assert_eq!(
        matches_integrity(body, &format!("md5-AA {metadata}")),
        matches
    );
}
