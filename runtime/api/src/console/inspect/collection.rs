//! Arrays, maps, sets, their iterators, and buffers.

use std::cell::Cell;

use nano_webidl::{Scope, Value, internalized};

use super::layout::{Parts, Rendered};
use super::primitive::Style;
use super::property::{Keys, own_data, own_keys, own_property};
use super::{Inspector, more};

/// How many bytes of a buffer are shown.
const MAX_BYTES: usize = 50;

impl<'s> Inspector<'_, 's> {
    /// An array: elements, holes, other properties.
    pub(super) fn array(
        &mut self,
        scope: &mut Scope<'s, '_>,
        array: v8::Local<'s, v8::Array>,
        depth: u32,
    ) -> Parts {
        let length = array.length() as usize;
        // An array of 3 elements is `[ … ]`, that of a class is `Foo(3) [ … ]`.
        let header = self.header(scope, array.into(), "Array", Some(length));
        let mut parts = Parts {
            list: true,
            ..Parts::named(header)
        };
        self.elements(scope, array.into(), length, depth, &mut parts);
        self.properties(scope, array.into(), Keys::Named, depth, &mut parts);
        parts
    }

    /// Everything else with elements; `None` for an object that is no collection.
    pub(super) fn collection(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Option<Parts> {
        let value: Value = object.into();
        Some(
            if let Ok(array) = v8::Local::<v8::TypedArray>::try_from(value) {
                self.typed_array(scope, array)
            } else if let Ok(map) = v8::Local::<v8::Map>::try_from(value) {
                let header = self.header(scope, object, "Map", Some(map.size()));
                self.entries(scope, object, header, depth)
            } else if let Ok(set) = v8::Local::<v8::Set>::try_from(value) {
                let header = self.header(scope, object, "Set", Some(set.size()));
                self.entries(scope, object, header, depth)
            } else if value.is_map_iterator() {
                self.entries(scope, object, "[Map Iterator]".to_owned(), depth)
            } else if value.is_set_iterator() {
                self.entries(scope, object, "[Set Iterator]".to_owned(), depth)
            } else if value.is_weak_map() || value.is_weak_set() {
                let header = self.header(
                    scope,
                    object,
                    if value.is_weak_map() {
                        "WeakMap"
                    } else {
                        "WeakSet"
                    },
                    None,
                );
                if self.options.show_hidden {
                    self.entries(scope, object, header, depth)
                } else {
                    let unknown = self.paint(Style::Special, "<items unknown>".to_owned());
                    Parts {
                        entries: vec![unknown],
                        ..Parts::named(header)
                    }
                }
            } else if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
                let mut parts = Parts::named(self.header(scope, object, "ArrayBuffer", None));
                if buffer.was_detached() {
                    parts
                        .entries
                        .push(self.paint(Style::Special, "(detached)".to_owned()));
                } else {
                    let store = buffer.get_backing_store();
                    parts.entries.push(self.bytes(&store));
                }
                self.number(scope, "byteLength", buffer.byte_length(), &mut parts);
                parts
            } else if let Ok(buffer) = v8::Local::<v8::SharedArrayBuffer>::try_from(value) {
                let mut parts = Parts::named(self.header(scope, object, "SharedArrayBuffer", None));
                let store = buffer.get_backing_store();
                parts.entries.push(self.bytes(&store));
                self.number(scope, "byteLength", buffer.byte_length(), &mut parts);
                parts
            } else if let Ok(view) = v8::Local::<v8::DataView>::try_from(value) {
                let mut parts = Parts::named(self.header(scope, object, "DataView", None));
                self.number(scope, "byteLength", view.byte_length(), &mut parts);
                self.number(scope, "byteOffset", view.byte_offset(), &mut parts);
                if let Some(buffer) = view.buffer(scope) {
                    let buffer = self.nested(scope, buffer.into(), depth);
                    parts.push("buffer: ", buffer);
                }
                parts
            } else if value.is_arguments_object() {
                let length = own_data(scope, object, "length")
                    .and_then(|l| v8::Local::<v8::Integer>::try_from(l).ok());
                let length =
                    usize::try_from(length.map_or(0, |length| length.value())).unwrap_or(0);
                let mut parts = Parts {
                    list: true,
                    ..Parts::named("[Arguments]".to_owned())
                };
                self.elements(scope, object, length, depth, &mut parts);
                parts
            } else {
                return None;
            },
        )
    }

    /// The elements of an array, one by one; neighbouring holes are counted.
    fn elements(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        length: usize,
        depth: u32,
        parts: &mut Parts,
    ) {
        // Where elements are. Only arrays with holes need the list: others may be long.
        let mut present: Option<Vec<usize>> = None;
        let mut index = 0;
        parts.numeric = true;
        while index < length && parts.entries.len() < self.options.max_entries {
            let name = internalized(scope, &index.to_string());
            match own_property(scope, object, name.into()) {
                Some(property) => {
                    parts.numeric &= property
                        .data()
                        .is_some_and(|value| value.is_number() || value.is_big_int());
                    let element = self.property(scope, property, depth);
                    parts.push("", element);
                    index += 1;
                }
                None => {
                    // What has been shown lies before the first hole, and each further entry needs one more.
                    let most = self.options.max_entries + 1;
                    let present = present.get_or_insert_with(|| indices(scope, object, most));
                    let next = present[present.partition_point(|&i| i <= index)..]
                        .first()
                        .copied();
                    let next = next.unwrap_or(length).min(length);
                    let count = next - index;
                    let holes =
                        format!("<{count} empty item{}>", if count == 1 { "" } else { "s" });
                    parts.entries.push(self.paint(Style::Undefined, holes));
                    parts.numeric = false;
                    index = next;
                }
            }
        }
        parts.elements = parts.entries.len();
        if index < length {
            parts
                .entries
                .push(format!("... {}", more(length - index, "item")));
        }
    }

    fn typed_array(
        &mut self,
        scope: &mut Scope<'s, '_>,
        array: v8::Local<'s, v8::TypedArray>,
    ) -> Parts {
        let length = array.length();
        let header = self.header(scope, array.into(), "TypedArray", Some(length));
        let mut parts = Parts {
            list: true,
            numeric: true,
            ..Parts::named(header)
        };
        for index in 0..length.min(self.options.max_entries) {
            // No index of a typed array leads to a prototype.
            if let Some(element) = array.get_index(scope, index as u32) {
                let element = self.primitive(scope, element);
                parts.push("", Rendered::flat(element));
            }
        }
        parts.elements = parts.entries.len();
        if length > parts.elements {
            parts
                .entries
                .push(format!("... {}", more(length - parts.elements, "item")));
        }
        parts
    }

    /// The entries of a map, a set, or what an iterator over one has left.
    fn entries(
        &mut self,
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        header: String,
        depth: u32,
    ) -> Parts {
        let mut parts = Parts::named(header);
        let (Some(list), pairs) = object.preview_entries(scope) else {
            return parts;
        };
        let values: usize = if pairs { 2 } else { 1 };
        let count = list.length() as usize / values;
        for index in 0..count.min(self.options.max_entries) {
            let item = |offset: usize| {
                list.get_index(scope, (index * values + offset) as u32)
                    .unwrap_or_else(|| v8::undefined(scope).into())
            };
            let first = item(0);
            let second = pairs.then(|| item(1));
            let first = self.nested(scope, first, depth);
            match second {
                None => parts.push("", first),
                Some(second) => {
                    let second = self.nested(scope, second, depth);
                    parts.height = parts.height.max(first.height + 1);
                    parts.push(&format!("{} => ", first.text), second);
                }
            }
        }
        if count > self.options.max_entries {
            parts.entries.push(format!(
                "... {}",
                more(count - self.options.max_entries, "item")
            ));
        }
        parts
    }

    fn bytes(&self, bytes: &[Cell<u8>]) -> String {
        let shown: Vec<String> = bytes
            .iter()
            .take(MAX_BYTES)
            .map(|byte| format!("{:02x}", byte.get()))
            .collect();
        let mut shown = shown.join(" ");
        if bytes.len() > MAX_BYTES {
            shown.push_str(&format!(" ... {}", more(bytes.len() - MAX_BYTES, "byte")));
        }
        format!(
            "{}: <{shown}>",
            self.paint(Style::Special, "[Uint8Contents]".to_owned())
        )
    }

    fn number(&self, scope: &mut Scope<'s, '_>, name: &str, number: usize, parts: &mut Parts) {
        let number: Value = v8::Number::new(scope, number as f64).into();
        let number = self.primitive(scope, number);
        parts.push(&format!("{name}: "), Rendered::flat(number));
    }
}

/// The first indices that an object has, in ascending order.
fn indices<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    most: usize,
) -> Vec<usize> {
    let keys = own_keys(scope, object, Keys::Indices, true, most);
    keys.names
        .into_iter()
        .map_while(|key| key.to_rust_string_lossy(scope).parse().ok())
        .collect()
}
