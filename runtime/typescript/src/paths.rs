//! Files by their names: which are TypeScript, and which one an import means.

use serde::{Deserialize, Serialize};

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Language {
    /// `.ts`, `.mts`
    TypeScript,
    /// `.tsx`
    TypeScriptWithJsx,
    /// `.jsx`
    JavaScriptWithJsx,
}

impl Language {
    /// The language of a file that is no plain JavaScript.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match ending(path).1 {
            "ts" | "mts" => Some(Self::TypeScript),
            "tsx" => Some(Self::TypeScriptWithJsx),
            "jsx" => Some(Self::JavaScriptWithJsx),
            _ => None,
        }
    }
}

/// A path without its ending, and the ending.
fn ending(path: &str) -> (&str, &str) {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[name..].rfind('.') {
        Some(dot) => (&path[..name + dot], &path[name + dot + 1..]),
        None => (path, ""),
    }
}

/// What an import in TypeScript may mean where there is no file with this path. As TypeScript has it for bundlers: the ending may be
/// that of the JavaScript to be (<https://www.typescriptlang.org/docs/handbook/modules/reference.html#file-extension-substitution>),
/// or left out, and a folder means its index.
pub(crate) fn alternatives(path: &str) -> Vec<String> {
    let (stem, ending) = ending(path);
    let with = |stem: &str, endings: &[&str]| -> Vec<String> {
        endings.iter().map(|end| format!("{stem}.{end}")).collect()
    };
    match ending {
        "js" => with(stem, &["ts", "tsx"]),
        "jsx" => with(stem, &["tsx"]),
        "mjs" => with(stem, &["mts"]),
        // The ending may be part of a name: `./user.model`.
        _ => {
            const ENDINGS: [&str; 6] = ["ts", "tsx", "mts", "js", "jsx", "mjs"];
            let mut all = with(path.trim_end_matches('/'), &ENDINGS);
            all.extend(with(
                &format!("{}/index", path.trim_end_matches('/')),
                &ENDINGS,
            ));
            all
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_say_what_a_file_is() {
        for (path, language) in [
            ("app:///a.ts", Some(Language::TypeScript)),
            ("app:///a.b.mts", Some(Language::TypeScript)),
            ("app:///a.tsx", Some(Language::TypeScriptWithJsx)),
            ("app:///a.jsx", Some(Language::JavaScriptWithJsx)),
            ("app:///a.js", None),
            ("app:///a.ts/b", None),
            ("app:///ts", None),
            ("app:///.ts", Some(Language::TypeScript)),
        ] {
            assert_eq!(Language::of(path), language, "{path}");
        }
    }

    #[test]
    fn imports_may_name_what_a_compiler_would_make() {
        assert_eq!(
            alternatives("app:///x/a.js"),
            ["app:///x/a.ts", "app:///x/a.tsx"]
        );
        assert_eq!(alternatives("app:///a.mjs"), ["app:///a.mts"]);
        let open = alternatives("app:///a.model");
        assert_eq!(open[0], "app:///a.model.ts");
        assert_eq!(open[6], "app:///a.model/index.ts");
        assert_eq!(open.len(), 12);
    }
}
