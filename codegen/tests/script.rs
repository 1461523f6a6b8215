//! Snapshots of the script glue, one small IDL file per feature. The folder `cases` serves every printer.

use std::fs;
use std::path::{Path, PathBuf};

use webapi_idl::{Implementation, Member, Model};

/// Every interface and namespace as if a built-in script implemented it.
fn in_script(mut model: Model) -> Model {
    for interface in model.interfaces.values_mut() {
        interface.implementation = Implementation::Script;
        interface.members.iter_mut().for_each(member_in_script);
    }
    for namespace in model.namespaces.values_mut() {
        namespace.implementation = Implementation::Script;
        namespace.members.iter_mut().for_each(member_in_script);
    }
    model
}

fn member_in_script(member: &mut Member) {
    match member {
        Member::Attribute(attribute) => attribute.implementation = Implementation::Script,
        Member::Operation(set) => set.implementation = Implementation::Script,
        Member::Constant(_) => {}
    }
}

/// The IDL files of a folder of cases, in order.
fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of cases exists")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "webidl")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are cases");
    files
}

fn load(path: &Path) -> (String, Model) {
    let name = path
        .file_stem()
        .expect("a file name")
        .to_string_lossy()
        .into_owned();
    let text = fs::read_to_string(path).expect("a readable case");
    let model = webapi_idl::parse_and_resolve(&[(&format!("{name}.webidl"), &text)]);
    (
        name,
        model.unwrap_or_else(|errors| panic!("{}: {errors}", path.display())),
    )
}

#[test]
fn glue() {
    for path in cases("cases") {
        let (name, model) = load(&path);
        let bindings =
            codegen::script::bindings(&in_script(model)).unwrap_or_else(|e| panic!("{name}: {e}"));
        // The imports before the first definition are the same in all.
        let (_, body) = bindings
            .split_once("let takeImpl;\n")
            .expect("the head of the module");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots/script" }, {
            insta::assert_snapshot!(name, body);
        });
    }
}

#[test]
fn refusals() {
    let mut messages = String::new();
    for path in cases("cases/refused") {
        let (name, model) = load(&path);
        let error =
            codegen::script::bindings(&in_script(model)).expect_err(&format!("{name} is refused"));
        messages.push_str(&format!("{error}\n"));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots/script" }, {
        insta::assert_snapshot!("refused", messages);
    });
}

/// A script interface cannot inherit from a native one.
#[test]
fn mixed_inheritance() {
    let text = "// Source: Test (https://example.org/)\n// Date: 2026-07-01\ninterface A {}; interface B : A {};";
    let mut model =
        webapi_idl::parse_and_resolve(&[("mixed.webidl", text)]).expect("a valid model");
    model.interfaces.get_mut("B").expect("B").implementation = Implementation::Script;
    let error = codegen::script::bindings(&model)
        .expect_err("is refused")
        .to_string();
    assert!(
        error.contains("`B` is implemented by a script but inherits from `A`, which is native"),
        "{error}"
    );
}
