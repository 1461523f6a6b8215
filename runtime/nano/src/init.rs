//! `nano init`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use nano_host::config::{MAX_APP_NAME, is_in_app_names};

use crate::shell::print;

/// The app that everyone begins with.
const INDEX: &str = "\
/** @type {ExportedHandler} */
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === \"/\") return new Response(`Hello, ${env.NAME ?? \"world\"}!\\n`);
    return new Response(`There is nothing at ${pathname}.\\n`, { status: 404 });
  },
};
";

/// What editors know apps' Web APIs by.
const TYPES: &str = include_str!("../../../website/types/index.d.ts");

/// Has editors take these types, and not a browser's. It is not a `tsconfig.json`, which would say how files are transpiled.
const EDITORS: &str = r#"{
  "compilerOptions": {
    "target": "esnext",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["esnext"],
    "types": [],
    "checkJs": true
  }
}
"#;

/// Makes a folder with an app, a configuration beside it that serves it, and types for editors. What is there already is left alone.
pub(crate) fn init(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    if folder.is_file() {
        return Err(is_there(folder));
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {shown}"))?;
    let name = folder.canonicalize()?;
    let name = name.file_name().and_then(|name| name.to_str());
    let name = name_of(name.unwrap_or_default());
    let config = format!(
        "{{\n  \"port\": 8080,\n  \"apps\": [\n    {{ \"name\": \"{name}\", \"path\": \".\", \"env\": {{ \"NAME\": \"NANO\" }} }}\n  ]\n}}\n"
    );
    let files = [
        ("index.js", INDEX),
        ("apps.json", &*config),
        ("nano.d.ts", TYPES),
        ("jsconfig.json", EDITORS),
    ]
    .map(|(name, text)| (folder.join(name), text));
    // All of them or none.
    if let Some((there, _)) = files
        .iter()
        .find(|(path, _)| path.symlink_metadata().is_ok())
    {
        return Err(is_there(there));
    }
    for (path, text) in &files {
        write_new(path, text)?;
    }
    print(&format!(
        "{shown} has an app. Serve it with:\n\n    nano serve --config {} --dev\n\nand ask it: curl http://localhost:8080/",
        in_shell(&folder.join("apps.json"))
    ));
    Ok(())
}

/// A name that the configuration takes: what is left of this one, or "app".
pub(crate) fn name_of(text: &str) -> String {
    let name: String = text
        .chars()
        .filter(|character| is_in_app_names(*character))
        .skip_while(|character| matches!(character, '.' | '-'))
        .take(MAX_APP_NAME)
        .collect();
    if name.is_empty() {
        "app".to_owned()
    } else {
        name
    }
}

/// A path as a shell takes it.
fn in_shell(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |character: char| character.is_alphanumeric() || "/._-+,@".contains(character);
    match text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn is_there(path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{} is there already, and is left as it is; choose another folder",
        path.display()
    )
}

/// Writes a file that is not there yet.
pub(crate) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => is_there(path),
        _ => anyhow::Error::new(error).context(format!("cannot write {}", path.display())),
    })
}
