//! Snapshots of the Rust glue, of the same small IDL files as the script glue, one per feature.

use std::fs;
use std::path::{Path, PathBuf};

/// Those that the script glue refuses are cases as well: most of them are for native interfaces only.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = [folder.join("refused"), folder]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("the folder of cases exists"))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "webidl")
    });
    files.sort();
    assert!(!files.is_empty(), "there are cases");
    files
}

/// What the glue cannot express is an error that names the place, and a snapshot like any other.
#[test]
fn one_case_per_feature() {
    for path in cases() {
        let name = path
            .file_stem()
            .expect("a file name")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).expect("a readable case");
        let model = webapi_idl::parse_and_resolve(&[(&format!("{name}.webidl"), &text)]);
        let model = model.unwrap_or_else(|errors| panic!("{}: {errors}", path.display()));
        let printed = match codegen::rust::bindings(&model) {
            Ok(glue) => glue,
            Err(error) => format!("refused: {error}\n"),
        };
        insta::assert_snapshot!(format!("rust__{name}"), printed);
    }
}

/// A type without a conversion is refused wherever it stands.
#[test]
fn types_of_dictionary_members_are_checked() {
    let text = "// Source: Test (https://example.org/)\n// Date: 2026-07-01\ndictionary D { bigint value; };";
    let model = webapi_idl::parse_and_resolve(&[("d.webidl", text)]).expect("a valid model");
    let error = codegen::rust::bindings(&model).expect_err("is refused");
    assert!(error.to_string().starts_with("d.webidl:3:23: "), "{error}");
}

/// Each specification's folder implements what it adds to the interface of another.
#[test]
fn partials_of_other_specifications_have_traits_of_their_own() {
    let head = "// Source: Test (https://example.org/)\n// Date: 2026-07-01\n";
    let url = format!("{head}interface URL {{ readonly attribute DOMString href; }};");
    let file =
        format!("{head}partial interface URL {{ static undefined revoke(DOMString url); }};");
    let files = [
        ("url.webidl", url.as_str()),
        ("file-api.webidl", file.as_str()),
    ];
    let model = webapi_idl::parse_and_resolve(&files).expect("a valid model");
    let glue = codegen::rust::bindings(&model).expect("glue");
    let (_, own) = glue
        .split_once("pub trait UrlMethods: webidl::PlatformObject + FileApiUrlMethods {")
        .expect("the trait of the interface");
    let (own, added) = own
        .split_once("pub trait FileApiUrlMethods: webidl::PlatformObject {")
        .expect("the trait of the addition");
    assert!(
        own.contains("fn href") && !own.contains("fn revoke"),
        "{own}"
    );
    assert!(added.contains("fn revoke"), "{added}");
}
