//! Reads source maps, which anybody may have written: <https://tc39.es/ecma426/>.

use std::cmp::Ordering;

use nano_engine::transpiler::{Original, SourceMap, SourceMapText};
use oxc_sourcemap::OwnedSourceMap;
use percent_encoding::percent_decode_str;

/// The most bytes that a map is read with. Reading takes up to five times as many.
const MAX_BYTES: usize = 16 << 20;

pub(crate) struct Map {
    map: OwnedSourceMap,
    count: u32,
    size: usize,
}

/// `None` where it is none.
pub(crate) fn read(text: SourceMapText) -> Option<Map> {
    let decoded;
    let json = match text {
        SourceMapText::Json(json) => json,
        SourceMapText::DataUrl(url) => {
            decoded = data(url)?;
            &decoded
        }
    };
    if json.len() > MAX_BYTES {
        return None;
    }
    // https://tc39.es/ecma426/#sec-source-map-format: a line that keeps the text from being a script.
    let json = match json.strip_prefix(")]}'") {
        Some(rest) => rest.split_once('\n')?.1,
        None => json,
    };
    let map = OwnedSourceMap::from_json_string(json).ok()?;
    let count = u32::try_from(map.as_source_map().get_tokens().len()).ok()?;
    let size = json.len() + count as usize * size_of::<oxc_sourcemap::Token>();
    Some(Map { map, count, size })
}

/// The text of a `data:` URL: <https://fetch.spec.whatwg.org/#data-url-processor>, as far as maps need it.
fn data(url: &str) -> Option<String> {
    let (head, body) = url.strip_prefix("data:")?.split_once(',')?;
    let bytes = if head.ends_with(";base64") {
        base64_simd::forgiving_decode_to_vec(body.as_bytes()).ok()?
    } else {
        percent_decode_str(body).collect()
    };
    String::from_utf8(bytes).ok()
}

impl Map {
    /// The last segment that does not begin behind a place. Segments are in order of lines; those of a broken map may not be in order
    /// of columns, and then some segment is found.
    fn segment(&self, line: u32, column: u32) -> Option<oxc_sourcemap::Token> {
        let map = self.map.as_source_map();
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let token = map.get_token(middle)?;
            let place = (token.get_dst_line(), token.get_dst_col());
            match place.cmp(&(line, column)) {
                Ordering::Greater => high = middle,
                Ordering::Less | Ordering::Equal => low = middle + 1,
            }
        }
        let token = map.get_token(low.checked_sub(1)?)?;
        (token.get_dst_line() == line).then_some(token)
    }
}

impl SourceMap for Map {
    fn original(&self, line: u32, column: u32) -> Option<Original<'_>> {
        let token = self.segment(line, column)?;
        let map = self.map.as_source_map();
        let source = token.get_source_id()?;
        Some(Original {
            source: map.get_source(source)?,
            line: token.get_src_line(),
            column: token.get_src_col(),
            content: map.get_source_content(source),
        })
    }

    fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = r#"{ "version": 3, "sources": ["a.ts", "../b.ts"], "sourcesContent": [null, "one\ntwo"], "names": [],
        "mappings": "AAAA,IAAI;;ACCJ,KADA" }"#;

    fn find(map: &str, line: u32, column: u32) -> Option<(String, u32, u32, bool)> {
        let map = read(SourceMapText::Json(map))?;
        let found = map.original(line, column)?;
        Some((
            found.source.to_owned(),
            found.line,
            found.column,
            found.content.is_some(),
        ))
    }

    #[test]
    fn places_are_found() {
        for (line, column, expected) in [
            (0, 0, Some(("a.ts", 0, 0, false))),
            (0, 3, Some(("a.ts", 0, 0, false))),
            (0, 9, Some(("a.ts", 0, 4, false))),
            (1, 0, None),
            (2, 0, Some(("../b.ts", 1, 0, true))),
            (2, 100, Some(("../b.ts", 0, 0, true))),
            (3, 0, None),
        ] {
            let expected =
                expected.map(|(source, l, c, content)| (source.to_owned(), l, c, content));
            assert_eq!(find(MAP, line, column), expected, "{line}:{column}");
        }
        assert!(find(&format!(")]}}'\n{MAP}"), 0, 0).is_some());
        let base64 = base64_simd::STANDARD.encode_to_string(MAP);
        for url in [
            format!("data:application/json;base64,{base64}"),
            format!(
                "data:application/json;charset=utf-8,{}",
                MAP.replace('\n', "%0A").replace('"', "%22")
            ),
        ] {
            let map = read(SourceMapText::DataUrl(&url)).unwrap();
            assert!(map.original(0, 0).is_some(), "{url}");
        }
    }

    #[test]
    fn what_is_no_map_is_none() {
        let with = |mappings: &str| {
            format!(
                r#"{{ "version": 3, "sources": ["a"], "names": [], "mappings": "{mappings}" }}"#
            )
        };
        for broken in [
            "",
            "{}",
            "[]",
            "null",
            r#"{ "version": 2, "sources": [], "names": [], "mappings": "" }"#,
            r#"{ "version": 3, "sections": [] }"#,
            &with("!"),
            &with("A"),
            &with("AC"),
            &with("AECA"),
            &with("AADA"),
            &with("DAAA"),
            &with("gggggggggggggggggggggggg"),
            &with("+/////D"),
            &with("ggggggggE"),
            &"[".repeat(100_000),
            &with("AAAAC"),
        ] {
            let found = find(broken, 0, 0);
            assert_eq!(found, None, "{}", &broken[..broken.len().min(80)]);
        }
        // Many lines take no memory of their own.
        let lines = with(&";".repeat(10 << 20));
        let map = read(SourceMapText::Json(&lines)).unwrap();
        assert!(map.size() < 11 << 20 && map.original(5, 0).is_none());
        // Columns out of order.
        let _ = find(&with("CAAA,DAAA,CAAA"), 0, 0);
        assert!(read(SourceMapText::Json(&" ".repeat(MAX_BYTES + 1))).is_none());
    }
}
