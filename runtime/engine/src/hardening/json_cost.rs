//! What `JSON.parse` takes, told from the text before it is parsed.
//!
//! Three bytes of a text, `{},`, are 64 of V8's heap and some 40 of its parser's own lists, which are C++'s: a client's text of
//! 30 MB takes a gigabyte in one call that cannot be interrupted. So the text is read once before, as the parser reads it, and
//! what it becomes is added up. (V8's `json-parser.cc` and `objects/`; sizes are those of a V8 without compressed pointers.)
//!
//! Of a text that is no JSON this may say anything, but no less than for the part that V8's parser gets through.

use crate::hardening::json::MAX_DEPTH;

/// What a text takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// V8's heap, for the values: near to what it is where no key is there twice in an object.
    pub(super) heap: usize,
    /// C++'s memory, for the parser's lists, at most: gone when the call is over.
    pub(super) native: usize,
}

/// Measures a text. `None` where it is nested deeper than [`MAX_DEPTH`]. With `sources`, V8 keeps the source of each primitive
/// value beside it, for a reviver.
pub(super) fn cost<U: Unit>(text: &[U], sources: bool) -> Option<Cost> {
    Reader::new(text, sources).read()
}

/// A code unit.
pub(super) trait Unit: Copy + Eq {
    /// Itself, or something that means nothing in JSON.
    fn ascii(self) -> u8;

    /// Where the next quotation mark or backslash is.
    fn find_end_or_escape(text: &[Self]) -> Option<usize>;
}

impl Unit for u8 {
    fn ascii(self) -> u8 {
        self
    }

    fn find_end_or_escape(text: &[u8]) -> Option<usize> {
        memchr::memchr2(b'"', b'\\', text)
    }
}

impl Unit for u16 {
    fn ascii(self) -> u8 {
        u8::try_from(self).unwrap_or(0)
    }

    fn find_end_or_escape(text: &[u16]) -> Option<usize> {
        let [end, escape] = [b'"', b'\\'].map(u16::from);
        text.iter().position(|&unit| unit == end || unit == escape)
    }
}

const WORD: usize = 8;
/// Map, properties, elements.
const OBJECT: usize = 3 * WORD;
/// What `{}` has, with room for four properties.
const EMPTY_OBJECT: usize = OBJECT + 4 * WORD;
/// As an object, and its length.
const ARRAY: usize = 4 * WORD;
/// The header of a list of elements, or of a string's characters.
const LIST: usize = 2 * WORD;
const HEAP_NUMBER: usize = 2 * WORD;
/// An entry of a dictionary: key, value, details.
const ENTRY: usize = 3 * WORD;
/// What a part of another string takes.
const SLICE: usize = 4 * WORD;
/// The table that knows the key, and the shape or the dictionary that has it.
const NEW_KEY: usize = 8 * WORD;
/// More properties than that are a dictionary.
const MAX_FAST: usize = 256;
/// Strings up to this are one in the isolate, as keys are.
const MAX_SHARED: usize = 10;
/// More digits may be no small integer.
const MAX_DIGITS: usize = 9;
/// What the parser keeps of a property: where its name is, and its value's handle.
const PROPERTY: usize = 3 * WORD;
/// Handles of a value, its map's included, and its place in the list of what a collection has still to look at.
const OBJECT_HANDLES: usize = 3;
const STRING_HANDLES: usize = 2;
const NUMBER_HANDLES: usize = 2;
/// A level's continuation, with handles.
const LEVEL: usize = 8 * WORD;

/// An array or object that is being read.
#[derive(Clone, Copy, Default)]
struct Level {
    is_object: bool,
    /// Whether something in the array is no number.
    is_mixed: bool,
    items: usize,
    /// What keeps them for the collector.
    handles: usize,
    /// Numbers that are no small integers.
    doubles: usize,
    /// Names that are array indices, and the largest of them.
    indices: usize,
    max_index: usize,
}

/// The most that there was at a time.
#[derive(Default)]
struct Peak {
    now: usize,
    most: usize,
}

impl Peak {
    fn add(&mut self, count: usize) {
        self.now += count;
        self.most = self.most.max(self.now);
    }

    fn remove(&mut self, count: usize) {
        self.now = self.now.saturating_sub(count);
    }

    /// Bytes of a list that grows by doubling, while it is copied.
    fn list(&self, item: usize) -> usize {
        self.most.next_power_of_two() * item / 2 * 3
    }
}

/// Keys that were there lately, by their place in the text. Others count as new: it is small, so that it stays in the
/// processor's cache.
const KEYS: usize = 4096;

struct Reader<'t, U> {
    text: &'t [U],
    sources: bool,
    at: usize,
    /// Whether the next string is a key.
    is_key: bool,
    levels: Vec<Level>,
    keys: Vec<(u32, u32)>,
    heap: usize,
    /// The parser's lists.
    elements: Peak,
    properties: Peak,
    integers: Peak,
    doubles: Peak,
    handles: Peak,
    deepest: usize,
}

impl<'t, U: Unit> Reader<'t, U> {
    fn new(text: &'t [U], sources: bool) -> Self {
        Self {
            text,
            sources,
            at: 0,
            is_key: false,
            levels: Vec::new(),
            keys: vec![(0, 0); KEYS],
            heap: 0,
            elements: Peak::default(),
            properties: Peak::default(),
            integers: Peak::default(),
            doubles: Peak::default(),
            handles: Peak::default(),
            deepest: 0,
        }
    }

    fn read(mut self) -> Option<Cost> {
        while let Some(unit) = self.text.get(self.at) {
            match unit.ascii() {
                b'"' => self.string(),
                b'-' | b'0'..=b'9' => self.number(),
                open @ (b'[' | b'{') => {
                    self.value(OBJECT_HANDLES, false);
                    if self.levels.len() == MAX_DEPTH {
                        return None;
                    }
                    let is_object = open == b'{';
                    self.levels.push(Level {
                        is_object,
                        ..Level::default()
                    });
                    self.deepest = self.deepest.max(self.levels.len());
                    self.is_key = is_object;
                    self.at += 1;
                }
                b']' | b'}' => {
                    self.close();
                    self.is_key = false;
                    self.at += 1;
                }
                b',' => {
                    self.is_key = self.levels.last().is_some_and(|level| level.is_object);
                    self.at += 1;
                }
                b'a'..=b'z' => {
                    self.value(0, false);
                    if self.sources {
                        self.heap += SLICE;
                    }
                    self.skip(|ascii| ascii.is_ascii_lowercase());
                }
                _ => self.at += 1,
            }
        }
        while !self.levels.is_empty() {
            self.close();
        }
        Some(self.sum())
    }

    fn sum(&self) -> Cost {
        let kept = if self.sources { 2 } else { 1 };
        let native = self.elements.list(WORD * kept)
            + self.properties.list(PROPERTY + WORD * (kept - 1))
            + self.integers.list(WORD / 2)
            + self.doubles.list(WORD)
            + self.handles.most * WORD * kept
            + self.deepest * LEVEL;
        Cost {
            heap: self.heap,
            native,
        }
    }

    /// A value begins.
    fn value(&mut self, handles: usize, is_number: bool) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        self.is_key = false;
        if level.is_object {
            // What it is, and what its key is.
            level.handles += handles + 1;
            self.handles.add(handles + 1);
            return;
        }
        level.items += 1;
        if level.is_mixed {
            self.elements.add(1);
        } else if is_number {
            return;
        } else {
            // Numbers have a list of their own as long as there is nothing else.
            level.is_mixed = true;
            self.elements.add(level.items);
            let numbers = (level.items - 1) * NUMBER_HANDLES;
            level.handles += numbers;
            self.handles.add(numbers);
            self.integers.now = 0;
            self.doubles.now = 0;
        }
        level.handles += handles;
        self.handles.add(handles);
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|unit| !belongs(unit.ascii()));
        let length = length.unwrap_or(rest.len());
        self.at += length;
        length
    }

    fn number(&mut self) {
        // V8 makes no list of numbers where it keeps sources.
        self.value(NUMBER_HANDLES, !self.sources);
        let digits = self.skip(|ascii| ascii == b'-' || ascii.is_ascii_digit());
        let rest = self.skip(|ascii| {
            matches!(ascii, b'.' | b'e' | b'E' | b'+' | b'-') || ascii.is_ascii_digit()
        });
        let is_double = digits > MAX_DIGITS || rest > 0;
        if self.sources {
            self.heap += SLICE;
        }
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        level.doubles += usize::from(is_double);
        if !level.is_object && !level.is_mixed {
            match level.doubles {
                0 => self.integers.add(1),
                _ => self.doubles.add(1),
            }
        }
    }

    fn string(&mut self) {
        let start = self.at + 1;
        let mut escapes = 0;
        let mut from = start;
        let end = loop {
            let Some(found) = U::find_end_or_escape(&self.text[from..]) else {
                break self.text.len();
            };
            if self.text[from + found].ascii() == b'"' {
                break from + found;
            }
            escapes += 1;
            from = (from + found + 2).min(self.text.len());
        };
        self.at = end + 1;
        let characters = &self.text[start..end];
        if self.is_key {
            self.is_key = false;
            self.key(start, characters);
            return;
        }
        self.value(STRING_HANDLES, false);
        // An escape is two to six characters.
        let length = characters.len().saturating_sub(escapes * 5);
        if length > MAX_SHARED {
            self.heap += LIST + (length * size_of::<U>()).next_multiple_of(WORD);
        }
        if self.sources {
            self.heap += SLICE;
        }
    }

    fn key(&mut self, start: usize, characters: &[U]) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        level.items += 1;
        self.properties.add(1);
        // https://tc39.es/ecma262/#array-index, if it is one that V8 could make a list for.
        if (1..=MAX_DIGITS).contains(&characters.len())
            && let Some(index) = characters.iter().try_fold(0, |index, unit| {
                let ascii = unit.ascii();
                ascii
                    .is_ascii_digit()
                    .then(|| index * 10 + usize::from(ascii - b'0'))
            })
        {
            level.indices += 1;
            level.max_index = level.max_index.max(index);
            return;
        }
        let hash = characters.iter().fold(characters.len(), |hash, unit| {
            (hash ^ usize::from(unit.ascii())).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        let known = &mut self.keys[(hash >> 40) % KEYS];
        let (first, length) = (known.0 as usize, known.1 as usize);
        if length != characters.len() || self.text[first..first + length] != *characters {
            // No string of V8's is longer than `u32` can tell.
            *known = (start as u32, characters.len() as u32);
            let bytes = size_of_val(characters).next_multiple_of(WORD);
            self.heap += LIST + bytes + NEW_KEY;
        }
    }

    /// An array or object is complete.
    fn close(&mut self) {
        let Some(level) = self.levels.pop() else {
            return;
        };
        let Level { items, doubles, .. } = level;
        self.handles.remove(level.handles);
        if level.is_object {
            self.properties.remove(items);
            let named = items - level.indices;
            self.heap += match named {
                0 if items == 0 => EMPTY_OBJECT,
                0..=MAX_FAST => OBJECT + named * WORD,
                _ => OBJECT + ENTRY * capacity(named),
            };
            if level.indices > 0 {
                // A list with holes, unless that is three times as large as a dictionary.
                let list = (level.max_index + 1) * WORD;
                let dictionary = ENTRY * capacity(level.indices);
                self.heap += LIST
                    + if list < 3 * dictionary {
                        list
                    } else {
                        dictionary
                    };
            }
            self.heap += doubles * HEAP_NUMBER;
        } else {
            self.heap += ARRAY;
            if items > 0 {
                self.heap += LIST + items * WORD;
            }
            if level.is_mixed {
                self.elements.remove(items);
                self.heap += doubles * HEAP_NUMBER;
            } else {
                self.integers.now = 0;
                self.doubles.now = 0;
            }
        }
        if self.sources {
            // Where a source is found by the name, or the index.
            self.heap += LIST
                + match level.is_object {
                    true => ENTRY * capacity(items),
                    false => 2 * WORD * items,
                };
        }
    }
}

/// Of a dictionary.
fn capacity(items: usize) -> usize {
    (items + items / 2).next_power_of_two().max(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(text: &str) -> Cost {
        super::cost(text.as_bytes(), false).expect("it is not deep")
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let is_too_deep = |text: &str| {
            let units: Vec<u16> = text.encode_utf16().collect();
            super::cost(&units, false).is_none()
        };
        assert!(!is_too_deep(&"[".repeat(MAX_DEPTH)));
        assert!(is_too_deep(&"[".repeat(MAX_DEPTH + 1)));
        assert!(!is_too_deep(&"[]".repeat(MAX_DEPTH)));
        let open = "[".repeat(MAX_DEPTH + 1);
        assert!(!is_too_deep(&format!(
            r#"["{open}", "\"{open}", "\\", "]"]"#
        )));
        assert!(is_too_deep(&format!(r#"["\\",{open}"#)));
        assert!(!is_too_deep(&open.replace('[', "\u{5b5b}")));
    }

    #[test]
    fn values_take_what_v8_makes_of_them() {
        let list = |items: usize| ARRAY + LIST + items * WORD;
        for (text, heap) in [
            ("1", 0),
            ("[]", ARRAY),
            ("{}", EMPTY_OBJECT),
            (" [ 1 , 2 , 3 ] ", list(3)),
            ("[1.5, 2, -3e5]", list(3)),
            ("[1.5, true, 12345678901]", list(3) + 2 * HEAP_NUMBER),
            ("[{}, [], {}]", list(3) + 2 * EMPTY_OBJECT + ARRAY),
            (r#""short""#, 0),
            (r#""a string of twenty-five""#, LIST + 24),
            (r#""\u00e4\u00e4 and \n""#, 0),
            (r#"{"a":1}"#, OBJECT + WORD + LIST + 8 + NEW_KEY),
            (
                r#"[{"a":1.5},{"a":[2]}]"#,
                list(2) + 2 * (OBJECT + WORD) + HEAP_NUMBER + list(1) + LIST + 8 + NEW_KEY,
            ),
            // V8 prefers holes to a dictionary, up to a point.
            (r#"{"34":1}"#, OBJECT + LIST + 35 * WORD),
            (r#"{"35":1}"#, OBJECT + LIST + 4 * ENTRY),
        ] {
            assert_eq!(cost(text).heap, heap, "{text}");
        }
    }

    #[test]
    fn lists_of_the_parser_hold_what_is_open() {
        let native = |text: &str| cost(text).native;
        let many = "[],".repeat(1000);
        assert!(native(&format!("[{many}1]")) > 1000 * 3 * WORD);
        let nested = format!("[{}1]", "[[],[]],".repeat(1000));
        let flat = format!("[{}1]", "[],".repeat(1000));
        assert!(native(&nested) < native(&flat) * 11 / 10);
        let numbers = format!("[{}1]", "1,".repeat(1000));
        assert!(native(&numbers) < 1000 * 2 * WORD);
        let object = format!("{{{}\"z\":1}}", "\"a\":1,".repeat(1000));
        assert!(native(&object) > 1000 * (PROPERTY + WORD));
    }

    #[test]
    fn what_is_no_json_is_measured_up_to_its_fault() {
        for text in [
            "]", "}", ",", ":", "\"", "\"\\", "[\"\\\"", "{1,2}", "-", "nul", "[1 2", "{\"a\"",
            "\u{e4}",
        ] {
            assert!(super::cost(text.as_bytes(), true).is_some(), "{text}");
        }
        assert!(cost("[{},{},{},").heap > 3 * EMPTY_OBJECT);
    }
}
