//! What a person reads when the IDL is wrong: one snapshot for each file of `tests/cases`.

use std::path::Path;

#[test]
fn every_case_fails_as_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of cases is there")
        .map(|entry| entry.expect("the folder can be listed").path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "expected cases, found none");

    for path in cases {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("the case can be read");
        let Err(errors) = webapi_idl::parse_and_resolve(&[(&*file, &text)]) else {
            panic!("{file}: expected errors, found none");
        };
        let name = file
            .strip_suffix(".webidl")
            .expect("cases are *.webidl")
            .to_owned();
        insta::assert_snapshot!(name, errors.to_string());
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let errors =
        webapi_idl::load(Path::new("no/such/folder")).expect_err("there is no such folder");
    assert!(
        errors
            .to_string()
            .starts_with("no/such/folder: cannot read the folder of IDL files"),
        "{errors}"
    );
}

#[test]
fn errors_of_a_folder_name_the_whole_path() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let errors = webapi_idl::load(&folder).expect_err("every case fails");
    let path = folder.join("head_missing.webidl");
    assert!(
        errors
            .to_string()
            .contains(&format!("{}:1:1: ", path.display())),
        "{errors}"
    );
}
