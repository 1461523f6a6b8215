//! The examples do what they say.

use std::path::{Path, PathBuf};

use crate::support::socket::Socket;
use crate::support::{Nano, nano};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn serve() -> Nano {
    let mut command = nano();
    command
        .current_dir(examples())
        .args(["serve", "--config", "apps.json", "--port", "0"]);
    Nano::start(command, None)
}

#[test]
fn all_of_them() {
    let nano = serve();
    let hello = nano.get("hello.localhost", "/");
    assert_eq!(hello.status, 200);
    assert!(hello.text().contains("Hello"), "{}", hello.text());

    let list = nano.get("shop.localhost", "/products");
    assert_eq!(list.header("content-type"), Some("application/json"));
    let products: serde_json::Value = serde_json::from_str(list.text()).expect("JSON");
    assert!(
        products
            .as_array()
            .is_some_and(|products| products.len() >= 3)
    );
    let mut echo = Socket::open(&nano, "echo.localhost", "/");
    echo.text("Hello");
    assert_eq!(echo.next_text(), "Hello");
    assert_eq!(nano.get("echo.localhost", "/").status, 426);
    let order = nano.post(
        "shop.localhost",
        "/orders",
        r#"{"product":"tea","count":2}"#,
    );
    assert_eq!(order.status, 201, "{}", order.text());
    let wrong = nano.post("shop.localhost", "/orders", "not JSON");
    assert_eq!(wrong.status, 400);
    assert_eq!(nano.get("shop.localhost", "/nowhere").status, 404);

    // Its upstream is at the same port.
    let proxied = nano.get(&format!("proxy.localhost:{}", nano.port()), "/shout");
    assert_eq!(proxied.status, 200, "{}", proxied.text());
    assert!(proxied.text().contains("HELLO"), "{}", proxied.text());
    assert_eq!(proxied.header("x-proxied-by"), Some("nano"));
    let line = nano.logged("the proxied request", |line| {
        line["app"] == "proxy" && line["message"] == "request"
    });
    assert_eq!(line["aborted"], serde_json::Value::Null, "{line}");
}

#[test]
fn the_configuration_is_checked() {
    let output = nano()
        .current_dir(examples())
        .args(["check"])
        .output()
        .expect("nano runs");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
