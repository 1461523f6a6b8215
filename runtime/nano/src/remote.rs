//! Requests to the admin API of a NANO that serves: `nano apps`, `nano deploy`.

mod connection;

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nano_host::config::{AdminAddress, app_names, is_app_name};
use nano_host::{MAX_ARCHIVE, MAX_UNPACKED};
use nano_worker::{FileError, Folder};
use serde_json::Value;

use crate::shell;
use crate::table;
use connection::{Connection, line_of};

/// Prints a line of what a server says, which is no command for the terminal.
fn print(line: &str) {
    shell::print(&plain(line));
}

/// A text with its control characters, and those that turn the direction of writing, as escapes.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let is_command = |character: char| {
        character.is_control() && !matches!(character, '\n' | '\t')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_command) {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if is_command(character) {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    plain.into()
}

/// Where the admin API is, and how to be let in.
#[derive(Debug, clap::Args)]
pub(crate) struct Remote {
    /// The address of the admin API: 127.0.0.1:8090, or unix:admin.sock [default: NANO_ADMIN of the environment, else 127.0.0.1:8090]
    #[arg(long, value_name = "ADDRESS", global = true)]
    admin: Option<String>,
    /// A file with the token [default: NANO_ADMIN_TOKEN of the environment]
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

/// Longer than a change waits for an app's start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than a scheduled event may take.
const EVENT: Duration = Duration::from_secs(16 * 60);

impl Remote {
    /// Prints the apps as a table.
    pub(crate) fn list(&self) -> anyhow::Result<()> {
        let answer = self.ask("GET", "/admin/apps", None)?;
        let apps = answer["apps"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let megabytes = |value: &Value| format!("{:.1}", value.as_f64().unwrap_or_default() / 1e6);
        let mut rows = vec![
            [
                "NAME",
                "STATE",
                "VERSION",
                "REQUESTS",
                "IN FLIGHT",
                "CPU S",
                "HEAP MB",
                "HOSTNAMES",
            ]
            .map(str::to_owned),
        ];
        for app in &apps {
            let requests = app["requests"].as_object();
            let requests: u64 = requests
                .into_iter()
                .flat_map(|counts| counts.values())
                .filter_map(Value::as_u64)
                .sum();
            rows.push([
                text(&app["name"]),
                text(&app["state"]),
                app["version"].to_string(),
                requests.to_string(),
                app["in_flight"].to_string(),
                format!("{:.2}", app["cpu_seconds"].as_f64().unwrap_or_default()),
                megabytes(&app["heap_bytes"]),
                places_of(app),
            ]);
        }
        for line in table::lines(&rows, rows[0].len()) {
            print(&line);
        }
        Ok(())
    }

    /// Prints all that is known of an app.
    pub(crate) fn show(&self, app: &str) -> anyhow::Result<()> {
        let answer = self.ask("GET", &path_of(app)?, None)?;
        print(&serde_json::to_string_pretty(&answer)?);
        Ok(())
    }

    /// Prints the last lines of an app's log, and those that come if they are wanted.
    pub(crate) fn logs(&self, app: &str, lines: usize, follows: bool) -> anyhow::Result<()> {
        let follow = if follows { "&follow" } else { "" };
        let path = format!("{}/logs?lines={lines}{follow}", path_of(app)?);
        // The answer of 1.0 is what comes until the connection ends.
        let head = self.head("GET", "1.0", &path, None)?;
        let address = self.address()?;
        let mut connection =
            Connection::open(&address, PATIENCE).with_context(|| unreachable_at(&address))?;
        connection.write_all(head.as_bytes())?;
        let mut reader = io::BufReader::new(connection);
        let mut answer = Vec::new();
        loop {
            let line = line_of(&mut reader)?;
            let is_last = line.is_empty() || line == b"\r\n";
            answer.extend(line);
            if is_last {
                break;
            }
        }
        if status_of(&answer).is_none_or(|status| status != 200) {
            reader.read_to_end(&mut answer)?;
            self.value(&address, &answer)?;
            bail!("{address} does not answer like NANO's admin API");
        }
        if follows {
            reader.get_mut().follow();
        }
        loop {
            let line = line_of(&mut reader)?;
            if line.is_empty() {
                return Ok(());
            }
            print(String::from_utf8_lossy(&line).trim_end());
        }
    }

    /// Removes an app.
    pub(crate) fn remove(&self, app: &str) -> anyhow::Result<()> {
        tell(&self.ask("DELETE", &path_of(app)?, None)?);
        Ok(())
    }

    /// Has the configuration loaded anew.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        tell(&self.ask("POST", "/admin/reload", None)?);
        Ok(())
    }

    /// Sends an app a scheduled event, and says what has become of it.
    pub(crate) fn fire(&self, app: &str, cron: Option<&str>) -> anyhow::Result<()> {
        let path = format!("{}/scheduled", path_of(app)?);
        let body = cron.map(|cron| serde_json::json!({ "cron": cron }).to_string());
        let body = body
            .as_ref()
            .map(|body| ("application/json", body.as_bytes()));
        let fired = self.ask_within("POST", &path, body, EVENT)?;
        let text = |name: &str| fired[name].as_str().unwrap_or_default();
        if fired["succeeded"] != true {
            bail!("the event has failed: {}", plain(text("error")));
        }
        let duration = fired["duration_ms"].as_f64().unwrap_or_default();
        print(&format!(
            "fired    {app} {} ({duration:.0} ms)",
            text("cron")
        ));
        Ok(())
    }

    /// Has a folder served as an app.
    pub(crate) fn deploy(
        &self,
        folder: &Path,
        name: Option<&str>,
        hostnames: &[String],
    ) -> anyhow::Result<()> {
        let root =
            Folder::new(folder).with_context(|| format!("cannot deploy {}", folder.display()))?;
        let own = root.root().file_name().and_then(|name| name.to_str());
        let name = name
            .or(own)
            .context("the folder has no name: give the app one with --name")?;
        let archive =
            archive(&root).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut path = path_of(name)?;
        for (index, hostname) in hostnames.iter().enumerate() {
            let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-.*_:[]".contains(&byte);
            if !hostname.bytes().all(is_legal) {
                bail!("{hostname:?} is no hostname");
            }
            let separator = if index == 0 { '?' } else { '&' };
            path.push_str(&format!("{separator}hostname={hostname}"));
        }
        let answer = self.ask("PUT", &path, Some(("application/gzip", &archive)))?;
        tell(&answer);
        if root.has(Path::new("nano.json")) {
            print(&format!(
                "(nano.json says nothing here, but in an apps folder: env, limits and crons are for PUT /admin/apps/{name})"
            ));
        }
        if answer["persistent"] == false {
            print("(until the process ends: its \"admin\" has no \"state\" folder)");
        }
        Ok(())
    }

    fn address(&self) -> anyhow::Result<String> {
        let named = self.admin.clone();
        let address = named
            .or_else(|| std::env::var("NANO_ADMIN").ok())
            .unwrap_or_else(|| AdminAddress::DEFAULT.to_string());
        if !is_address(&address) {
            bail!(
                "the admin API's address (--admin, NANO_ADMIN) is HOST:PORT or unix:PATH, such as 127.0.0.1:8090 or unix:admin.sock; \
                 found {address:?}"
            );
        }
        Ok(address)
    }

    fn token(&self) -> anyhow::Result<Option<String>> {
        let token = match &self.token_file {
            Some(file) => Some(
                std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", file.display()))?,
            ),
            None => std::env::var("NANO_ADMIN_TOKEN").ok(),
        };
        let token = token.map(|token| token.trim().to_owned());
        if token
            .as_ref()
            .is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            bail!(
                "the token has characters that no token has; expected what \"token\" of \"admin\" says"
            );
        }
        Ok(token)
    }

    /// The head of a request; what has a body has its type and its length.
    fn head(
        &self,
        method: &str,
        version: &str,
        path: &str,
        body: Option<(&str, usize)>,
    ) -> anyhow::Result<String> {
        let mut head =
            format!("{method} {path} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n");
        if let Some(token) = self.token()? {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some((kind, length)) = body {
            head.push_str(&format!(
                "Content-Type: {kind}\r\nContent-Length: {length}\r\n"
            ));
        }
        head.push_str("\r\n");
        Ok(head)
    }

    /// Gives what a GET gives, as text.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<String> {
        let address = self.address()?;
        let head = self.head("GET", "1.1", path, None)?;
        let response = exchange(&address, head.as_bytes(), b"", PATIENCE)
            .with_context(|| unreachable_at(&address))?;
        let text = String::from_utf8_lossy(&response);
        match text.split_once("\r\n\r\n") {
            Some((_, body)) if status_of(&response) == Some(200) => Ok(body.to_owned()),
            _ => {
                self.value(&address, &response)?;
                bail!("{address} does not answer like NANO's admin API");
            }
        }
    }

    /// Asks, and gives what a success says.
    fn ask(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> anyhow::Result<Value> {
        self.ask_within(method, path, body, PATIENCE)
    }

    fn ask_within(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, &[u8])>,
        patience: Duration,
    ) -> anyhow::Result<Value> {
        let address = self.address()?;
        let (kind, content) = body.unwrap_or(("", b""));
        let head = self.head(method, "1.1", path, body.map(|_| (kind, content.len())))?;
        let response = exchange(&address, head.as_bytes(), content, patience)
            .with_context(|| unreachable_at(&address))?;
        self.value(&address, &response)
    }

    /// What a response says, if it is a success.
    fn value(&self, address: &str, response: &[u8]) -> anyhow::Result<Value> {
        let text = String::from_utf8_lossy(response);
        let parsed = status_of(response).zip(text.split_once("\r\n\r\n"));
        let parsed = parsed.and_then(|(status, (_, body))| {
            Some((status, serde_json::from_str::<Value>(body).ok()?))
        });
        let (status, body) =
            parsed.with_context(|| format!("{address} does not answer like NANO's admin API"))?;
        if status < 300 {
            return Ok(body);
        }
        match body["error"]["message"].as_str() {
            Some(message) => bail!("{}", plain(message)),
            None => bail!("{address} answers with status {status}"),
        }
    }
}

/// Where an app answers: its hosts, with the port if it has one of its own, and the paths of these if not all.
fn places_of(app: &Value) -> String {
    let texts = |field: &str| {
        let texts = app[field].as_array().into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned)
    };
    let hosts = texts("hostnames").map(|host| match app["port"].as_u64() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    });
    let places: Vec<_> = hosts.chain(texts("paths")).collect();
    places.join(" ")
}

/// Whether a text has the form of an address, wherever that leads.
fn is_address(text: &str) -> bool {
    if let Some(path) = text.strip_prefix("unix:") {
        return !path.is_empty();
    }
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok()
    })
}

fn unreachable_at(address: &str) -> String {
    format!(
        "cannot reach the admin API at {address}: is there a nano with \"admin\" in its configuration? (--admin names another address)"
    )
}

fn status_of(response: &[u8]) -> Option<u16> {
    let line = response.split(|byte| *byte == b'\r').next()?;
    let status = line.split(|byte| *byte == b' ').nth(1)?;
    std::str::from_utf8(status).ok()?.parse().ok()
}

/// Sends a request, and reads all that comes back.
fn exchange(address: &str, head: &[u8], body: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let mut connection = Connection::open(address, patience)?;
    connection.write_all(head)?;
    // Whoever refuses a request may not read all of it, and says why.
    let sent = connection.write_all(body);
    let mut response = Vec::new();
    match connection.read_to_end(&mut response) {
        Err(error) if response.is_empty() => return Err(sent.err().unwrap_or(error)),
        Err(error) if connection.is_spent() => return Err(error),
        _ => {}
    }
    Ok(response)
}

fn path_of(app: &str) -> anyhow::Result<String> {
    if !is_app_name(app) {
        bail!(
            "{app:?} is no name for an app: use {} (--name)",
            app_names()
        );
    }
    Ok(format!("/admin/apps/{app}"))
}

/// Says what has changed.
fn tell(change: &Value) {
    let mut is_any = false;
    for what in ["added", "replaced", "adjusted", "removed"] {
        for app in change[what].as_array().into_iter().flatten() {
            is_any = true;
            print(&format!("{what:8} {}", app.as_str().unwrap_or_default()));
        }
    }
    for refused in change["refused"].as_array().into_iter().flatten() {
        is_any = true;
        let text = |name: &str| refused[name].as_str().unwrap_or_default();
        print(&format!("refused  {}: {}", text("app"), text("reason")));
    }
    if !is_any {
        print("nothing has changed");
    }
}

/// What is in a folder, but what is hidden and `node_modules`: a gzipped tar archive. Links are followed within the folder.
fn archive(root: &Folder) -> anyhow::Result<Vec<u8>> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut archive = tar::Builder::new(gzip);
    archive.follow_symlinks(true);
    let mut left = vec![PathBuf::new()];
    while let Some(folder) = left.pop() {
        let mut entries =
            std::fs::read_dir(root.root().join(&folder))?.collect::<io::Result<Vec<_>>>()?;
        // The same folder gives the same archive.
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") || name == "node_modules" {
                continue;
            }
            let path = folder.join(&name);
            // A link to a folder above would have no end.
            if entry.file_type()?.is_dir() {
                left.push(path);
                continue;
            }
            let content = match root.read(&path, MAX_UNPACKED) {
                Ok(content) => Some(content),
                // A folder behind a link, a pipe.
                Err(FileError::NoFile) => None,
                Err(error) => bail!("{}: {error}", path.display()),
            };
            if let Some(content) = content {
                let mut header = tar::Header::new_gnu();
                header.set_size(content.len() as u64);
                header.set_mode(0o644);
                archive.append_data(&mut header, &path, content.as_slice())?;
            }
            if archive.get_ref().get_ref().len() as u64 > MAX_ARCHIVE {
                bail!(
                    "its archive has more than {} MiB, which the admin API does not take",
                    MAX_ARCHIVE >> 20
                );
            }
        }
    }
    Ok(archive.into_inner()?.finish()?)
}

#[cfg(test)]
mod tests {
    use super::{places_of, plain};

    #[test]
    fn apps_of_one_host_are_told_apart() {
        let app = serde_json::json!({ "hostnames": ["a.test", "b.test"], "paths": ["/api/*"] });
        assert_eq!(places_of(&app), "a.test b.test /api/*");
        let app = serde_json::json!({ "hostnames": ["*"], "paths": [], "port": 9000 });
        assert_eq!(places_of(&app), "*:9000");
    }

    #[test]
    fn what_a_server_says_is_no_command_for_the_terminal() {
        assert_eq!(plain("a\tb\nc ü"), "a\tb\nc ü");
        assert_eq!(
            plain("\u{1b}[2J\u{9b}\u{7f}\r"),
            "\\u{1b}[2J\\u{9b}\\u{7f}\\u{d}"
        );
        assert_eq!(plain("\u{202e}x"), "\\u{202e}x");
    }
}
