//! WPT's own server, for tests that fetch.

use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::Tree;

/// The ports that the server listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Plain HTTP.
    pub http: u16,
    /// Plain HTTP: another origin.
    pub http_second: u16,
    /// HTTPS; the next port is another origin.
    pub https: u16,
    /// WebSockets; the next port is for secure ones.
    pub ws: u16,
}

impl Ports {
    /// Ports that nothing listens on at this moment.
    ///
    /// # Errors
    /// Where the operating system gives none.
    pub fn free() -> Result<Self> {
        let single = || -> Result<TcpListener> { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?) };
        // Two ports in a row: the second of a pair may be taken, so try a few pairs.
        let pair = || -> Result<(TcpListener, TcpListener)> {
            for _ in 0..64 {
                let first = single()?;
                if let Some(next) = first.local_addr()?.port().checked_add(1)
                    && let Ok(second) = TcpListener::bind((Ipv4Addr::LOCALHOST, next))
                {
                    return Ok((first, second));
                }
            }
            bail!("found no two free ports in a row")
        };
        // All are held until all are chosen, so that they differ.
        let (http, http_second, https, ws) = (single()?, single()?, pair()?, pair()?);
        let port = |listener: &TcpListener| -> Result<u16> { Ok(listener.local_addr()?.port()) };
        Ok(Self {
            http: port(&http)?,
            http_second: port(&http_second)?,
            https: port(&https.0)?,
            ws: port(&ws.0)?,
        })
    }
}

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
}

impl Server {
    /// Starts the server for the tree and waits until it answers.
    ///
    /// # Errors
    /// Where it does not start, with what it wrote.
    pub fn start(tree: &Tree, ports: &Ports) -> Result<Self> {
        let mut log =
            tempfile::tempfile().context("cannot make a file for the log of the WPT server")?;
        let (mut command, _configuration) = command(tree, ports)?;
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log.try_clone()?))
            // The server has child processes; they end with its group.
            .process_group(0)
            .spawn()
            .context("cannot start the WPT server, a Python 3 program")?;
        let mut server = Self { process };

        let deadline = Instant::now() + Duration::from_secs(60);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.http));
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if let Some(status) = server.process.try_wait()? {
                bail!(
                    "the WPT server ended with {status} instead of listening on port {}; it wrote:\n{}",
                    ports.http,
                    tail(&mut log)
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "the WPT server did not listen on port {} within a minute; it wrote:\n{}",
                    ports.http,
                    tail(&mut log)
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Ok(group) = libc::pid_t::try_from(self.process.id()) else {
            return;
        };
        // SAFETY: kill() has no preconditions; the group is the server's own, which lives until it is waited for below.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        // Without this the process would stay as a zombie; how it ended is known.
        let _ = self.process.wait();
    }
}

/// The command that serves the tree, and the file it reads, if any, which must live until then.
fn command(tree: &Tree, ports: &Ports) -> Result<(Command, Option<tempfile::NamedTempFile>)> {
    let mut command = Command::new("python3");
    // A script beside the tree serves it without WPT's virtual environment.
    let starter = tree.root().with_file_name("wpt-serve");
    if starter.is_file() {
        command.arg(starter).arg("--root").arg(tree.root());
        for (option, port) in [
            ("--http", ports.http),
            ("--http2nd", ports.http_second),
            ("--https", ports.https),
            ("--ws", ports.ws),
        ] {
            command.arg(option).arg(port.to_string());
        }
        return Ok((command, None));
    }
    let configuration = serde_json::json!({
        "browser_host": "localhost",
        "alternate_hosts": { "alt": "127.0.0.1" },
        "check_subdomains": false,
        "ports": {
            "http": [ports.http, ports.http_second],
            "https": [ports.https, ports.https + 1],
            "ws": [ports.ws],
            "wss": [ports.ws + 1],
        },
    });
    let mut file = tempfile::Builder::new()
        .suffix(".json")
        .tempfile()
        .context("cannot make the configuration of the WPT server")?;
    file.write_all(configuration.to_string().as_bytes())?;
    command
        .arg(tree.root().join("wpt"))
        .args(["serve", "--no-h2", "--config"])
        .arg(file.path());
    Ok((command, Some(file)))
}

/// The last lines of a log.
fn tail(log: &mut File) -> String {
    use std::io::{Read, Seek, SeekFrom};
    let mut text = String::new();
    if log
        .seek(SeekFrom::Start(0))
        .and_then(|_| log.read_to_string(&mut text))
        .is_err()
    {
        return "(nothing readable)".to_owned();
    }
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ() {
        let ports = Ports::free().unwrap();
        let mut all = vec![
            ports.http,
            ports.http_second,
            ports.https,
            ports.https + 1,
            ports.ws,
            ports.ws + 1,
        ];
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6, "{ports:?}");
    }
}
