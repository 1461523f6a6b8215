//! WPT's own server, for tests that fetch.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{Certificates, Tree};

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

/// Below the ports that Linux and macOS hand out (from 32768 and 49152 on).
const OWN: Range<u16> = 20_000..32_000;

impl Ports {
    /// Ports that nothing listens on at this moment, and that the operating system does not hand out by itself: the server
    /// asks it for some more ports, before it listens on all of these.
    ///
    /// # Errors
    /// Where there are none.
    pub fn free() -> Result<Self> {
        let single = || -> Result<TcpListener> {
            // Another run may look at the same time, so each begins somewhere else.
            let somewhere = RandomState::new().hash_one(std::process::id());
            let count = u64::from(OWN.end - OWN.start);
            (0..count)
                .map(|step| OWN.start + (somewhere.wrapping_add(step * 7) % count) as u16)
                .find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
                .with_context(|| format!("found no free port from {} to {}", OWN.start, OWN.end))
        };
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

/// The running server; it ends when this is dropped, or when this process ends in any other way.
#[derive(Debug)]
pub struct Server {
    /// A shell that waits for the end of its input, which this process holds, and then ends its process group.
    guard: Child,
    /// One of each kind.
    ports: [u16; 4],
    log: File,
    /// What the server reads.
    _folder: TempDir,
}

/// Runs its arguments as a program; ends that program's whole process group when the standard input ends.
const GUARD: &str =
    r#"exec 3<&0; ("$@"; kill -KILL 0) </dev/null & cat <&3 >/dev/null; kill -KILL 0"#;

impl Server {
    /// Starts the server for the tree; [`wait_until_ready`](Self::wait_until_ready) says when it answers.
    ///
    /// # Errors
    /// Where there is no program to start.
    pub fn start(tree: &Tree, ports: &Ports, certificates: &Certificates) -> Result<Self> {
        let log =
            tempfile::tempfile().context("cannot make a file for the log of the WPT server")?;
        let folder = tempfile::tempdir().context("cannot make a folder for the WPT server")?;
        let (starter, settings) = (
            folder.path().join("serve.py"),
            folder.path().join("settings.json"),
        );
        std::fs::write(&starter, include_str!("harness/serve.py"))
            .and_then(|()| std::fs::write(&settings, configuration(ports, certificates)))
            .context("cannot write what the WPT server reads")?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "wpt-serve", "python3"])
            .args([starter, settings])
            .current_dir(tree.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log.try_clone()?))
            .process_group(0)
            .spawn()
            .context("cannot start the WPT server, a Python 3 program")?;
        Ok(Self {
            guard,
            ports: [ports.http, ports.https, ports.ws, ports.ws + 1],
            log,
            _folder: folder,
        })
    }

    /// Waits until the server answers.
    ///
    /// # Errors
    /// Where it ends instead, or takes more than a minute, with what it wrote.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        for port in self.ports {
            self.wait_for(port, deadline)?;
        }
        Ok(())
    }

    fn wait_for(&mut self, port: u16, deadline: Instant) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if self.guard.try_wait()?.is_some() {
                bail!(
                    "the WPT server ended instead of listening on port {port}; it wrote:\n{}",
                    self.log_tail()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "the WPT server did not listen on port {port} within a minute; it wrote:\n{}",
                    self.log_tail()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The last lines of what the server wrote.
    fn log_tail(&self) -> String {
        let mut text = String::new();
        let mut log = &self.log;
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
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Without this the guard would stay as a zombie; that it ended by a signal is known.
        let _ = self.guard.wait();
    }
}

/// The server's configuration: <https://web-platform-tests.org/running-tests/from-local-system.html#system-setup>, but with names that
/// need no entries in /etc/hosts. Tests know `localhost`, whose other host is `127.0.0.1`.
fn configuration(ports: &Ports, certificates: &Certificates) -> String {
    serde_json::json!({
        "browser_host": "localhost",
        "alternate_hosts": { "alt": "127.0.0.1" },
        "check_subdomains": false,
        "ports": {
            "http": [ports.http, ports.http_second],
            "https": [ports.https, ports.https + 1],
            "ws": [ports.ws],
            "wss": [ports.ws + 1],
        },
        "ssl": {
            "type": "pregenerated",
            "pregenerated": {
                "host_key_path": certificates.key,
                "host_cert_path": certificates.certificate,
                "ca_cert_path": certificates.authority.file,
            },
        },
    })
    .to_string()
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
        assert!(
            all.iter().all(|port| (OWN.start..=OWN.end).contains(port)),
            "{ports:?}"
        );
    }

    /// A tree whose server is this program.
    fn tree(server: &str) -> (TempDir, Tree) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("resources/testharness.js", ""),
            ("tools/__init__.py", ""),
            ("tools/localpaths.py", ""),
            ("tools/serve/__init__.py", ""),
            ("tools/serve/serve.py", server),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = Tree::at(folder.path().to_owned()).unwrap();
        (folder, tree)
    }

    fn start(tree: &Tree, ports: &Ports) -> Server {
        Server::start(tree, ports, &Certificates::make().unwrap()).unwrap()
    }

    #[test]
    fn a_server_that_ends_says_why() {
        let (_folder, tree) = tree("raise SystemExit('no certificates')");
        let mut server = start(&tree, &Ports::free().unwrap());
        let error = server.wait_until_ready().unwrap_err();
        assert!(error.to_string().contains("no certificates"), "{error}");
    }

    #[test]
    fn the_server_ends_with_its_guard() {
        let program = r#"
import argparse, json, socket, time

def get_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-h2", action="store_true")
    parser.add_argument("--config")
    return parser

def run(config, no_h2):
    with open(config) as file:
        ports = json.load(file)["ports"].values()
    listening = [socket.create_server(("127.0.0.1", port)) for some in ports for port in some]
    time.sleep(60)
"#;
        let (_folder, tree) = tree(program);
        let ports = Ports::free().unwrap();
        let mut server = start(&tree, &ports);
        server.wait_until_ready().unwrap();
        drop(server);
        // The group gets its signal at once; its members may take a moment to be gone.
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, ports.http)).is_ok() {
            assert!(Instant::now() < deadline, "the server still answers");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
