//! What the fuzz targets of `runtime/fuzz` do with a case, and the cases that are kept as a test.

use std::cell::Cell;

use nano_engine::transpiler::{SourceMap as _, SourceMapText};

use self::input::Input;
use crate::paths::Language;
use crate::tsconfig::Options;

#[path = "../../fuzz/input.rs"]
pub mod input;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

/// A source map, as it is or in a URL, and places that are looked for.
pub fn source_map(case: &[u8]) {
    let mut input = Input::new(case);
    let (line, column) = (input.byte(), input.byte());
    let Ok(text) = std::str::from_utf8(input.rest()) else {
        return;
    };
    let encoded = base64_simd::STANDARD.encode_to_string(text);
    let url = format!("data:application/json;base64,{encoded}");
    let read = |text| {
        let map = crate::source_map::read(text)?;
        assert!(map.size() >= text_size(&map));
        let original = map.original(line.into(), column.into());
        let original = original.map(|found| (found.source.to_owned(), found.line, found.column));
        for column in [0, 1, u32::MAX] {
            map.original(line.into(), column);
        }
        Some(original)
    };
    assert_eq!(
        read(SourceMapText::Json(text)),
        read(SourceMapText::DataUrl(&url))
    );
    read(SourceMapText::DataUrl(text));
}

/// What is shown of a map is no more than it is said to have.
fn text_size(map: &crate::source_map::Map) -> usize {
    let first = map.original(0, 0);
    first.map_or(0, |found| found.source.len())
}

/// A `tsconfig.json`, and others that it may extend: lines of `=` stand between them.
pub fn tsconfig(case: &[u8]) {
    let text = String::from_utf8_lossy(case);
    let files: Vec<&str> = text.split("\n=\n").collect();
    let asked = Cell::new(0);
    let read = |path: &str| {
        asked.set(asked.get() + 1);
        assert!(
            path.starts_with("app:///") && !path.contains("/../"),
            "{path}"
        );
        let name = path.rsplit('/').next()?;
        let index = match name.strip_suffix(".json")? {
            "tsconfig" => 0,
            name => name.parse::<usize>().ok()?,
        };
        files.get(index).map(|text| (*text).to_owned())
    };
    let options = crate::tsconfig::nearest("app:///a/b/index.ts", &read);
    assert!(asked.get() < 100, "{}", asked.get());
    drop(options);
}

/// TypeScript and JSX. What is made of it can be read again.
pub fn transpile(case: &[u8]) {
    let mut input = Input::new(case);
    let choices = input.byte();
    let Ok(text) = std::str::from_utf8(input.rest()) else {
        return;
    };
    let language = match choices % 3 {
        0 => Language::TypeScript,
        1 => Language::TypeScriptWithJsx,
        _ => Language::JavaScriptWithJsx,
    };
    let mut options = Options::from(&serde_json::Map::new());
    options.experimental_decorators = choices & 4 != 0;
    options.emit_decorator_metadata = choices & 8 != 0;
    options.use_define_for_class_fields = choices & 16 != 0;
    options.verbatim_module_syntax = choices & 32 != 0;
    if choices & 64 != 0 {
        options.jsx_import_source = Some("react".to_owned());
    }
    if let Ok(transpiled) = crate::transpile::transpile("app:///a.ts", text, language, &options) {
        let map = crate::source_map::read(SourceMapText::Json(&transpiled.map));
        assert!(map.is_some(), "{}", transpiled.map);
    }
}

#[test]
fn kept_cases() {
    replay::replay(&[
        ("source_map", source_map),
        ("transpile", transpile),
        ("tsconfig", tsconfig),
    ]);
}
