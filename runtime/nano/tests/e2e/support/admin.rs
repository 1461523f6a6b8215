//! The admin API of a `nano`, asked byte by byte.

use std::process::Command;

use serde_json::Value;

use super::{Connection, Nano, Response, Site};

pub(crate) const TOKEN: &str = "0123456789abcdef";

/// A site with the admin API, and where that is.
pub(crate) fn serve(site: Site) -> (Nano, u16) {
    serve_as(site, |_| {})
}

/// The same, by a command that `prepare` has a last look at.
pub(crate) fn serve_as(site: Site, prepare: impl FnOnce(&mut Command)) -> (Nano, u16) {
    let token = format!(r#""admin":{{"listen":"127.0.0.1:0","token":"{TOKEN}"}}"#);
    let nano = site.top(&token).serve_as(prepare);
    let port = admin_port(&nano);
    (nano, port)
}

pub(crate) fn admin_port(nano: &Nano) -> u16 {
    let line = nano.logged("the admin API's address", |line| {
        line["message"] == "the admin API listens"
    });
    let address = line["address"].as_str().expect("an address");
    let (_, port) = address.rsplit_once(':').expect("a port");
    port.parse().expect("a number")
}

pub(crate) fn ask(port: u16, method: &str, path: &str) -> Response {
    ask_with(
        port,
        method,
        path,
        &format!("Authorization: Bearer {TOKEN}\r\n"),
    )
}

pub(crate) fn ask_with(port: u16, method: &str, path: &str, fields: &str) -> Response {
    let mut connection = Connection::open(port);
    connection.write(&format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{fields}\r\n"
    ));
    connection.response(method == "HEAD")
}

pub(crate) fn json(response: &Response) -> Value {
    serde_json::from_str(response.text()).expect("JSON")
}

/// An archive of files.
pub(crate) fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, text.as_bytes())
            .expect("an entry");
    }
    builder.into_inner().expect("an archive")
}

pub(crate) fn says(text: &str) -> String {
    format!(
        "export default {{ fetch: (request, env) => new Response('{text} ' + (env.NAME ?? '')) }};"
    )
}

pub(crate) fn send(port: u16, method: &str, path: &str, kind: &str, body: &[u8]) -> Response {
    let length = body.len();
    let mut connection = Connection::open(port);
    connection.write(&format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ));
    // Whoever refuses a body may not read it.
    let _ = connection.write_bytes(body);
    connection.response(false)
}

pub(crate) fn put(port: u16, app: &str, fields: &str) -> Response {
    let path = format!("/admin/apps/{app}");
    send(port, "PUT", &path, "application/json", fields.as_bytes())
}

pub(crate) fn deploy(port: u16, path: &str, source: &str) -> Response {
    let path = format!("/admin/apps/{path}");
    send(
        port,
        "PUT",
        &path,
        "application/x-tar",
        &tar(&[("index.js", source)]),
    )
}

/// A site whose changes last, in the folder `state`.
pub(crate) fn serve_lasting() -> (Nano, u16) {
    let token = format!(r#""admin":{{"listen":"127.0.0.1:0","token":"{TOKEN}","state":"state"}}"#);
    let site = Site::new()
        .app("file", &says("file"))
        .file("other/index.js", &says("other"));
    let nano = site.top(&token).serve();
    let port = admin_port(&nano);
    (nano, port)
}

/// Runs `nano` against an admin API; gives whether it succeeded, and what it said.
pub(crate) fn run(port: u16, arguments: &[&str]) -> (bool, String) {
    let output = crate::support::nano()
        .args(arguments)
        .env("NANO_ADMIN", format!("127.0.0.1:{port}"))
        .env("NANO_ADMIN_TOKEN", TOKEN)
        .output()
        .expect("nano runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8(said).expect("text"),
    )
}
