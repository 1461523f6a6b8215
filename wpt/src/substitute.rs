//! The server-side substitutions of `.sub.` files: <https://web-platform-tests.org/tools/wptserve/docs/pipes.html#built-in-pipes>.

use crate::Ports;

/// Replaces `{{host}}`, `{{ports[http][0]}}`, `{{hosts[alt][]}}`, `{{domains[www]}}` and their like with what [`crate::Server`]
/// serves under. Other expressions stay as they are.
pub(crate) fn substitute(source: &str, ports: &Ports) -> String {
    let mut output = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else {
            break;
        };
        output.push_str(&rest[..start]);
        let whole = &rest[start..start + length + 2];
        match value(whole[2..length].trim(), ports) {
            Some(value) => output.push_str(&value),
            None => output.push_str(whole),
        }
        rest = &rest[start + length + 2..];
    }
    output.push_str(rest);
    output
}

/// The value of one expression.
fn value(expression: &str, ports: &Ports) -> Option<String> {
    if expression == "host" {
        return Some("localhost".to_owned());
    }
    let (name, indexes) = expression.split_once('[')?;
    let indexes: Vec<&str> = indexes.strip_suffix(']')?.split("][").collect();
    match (name, indexes.as_slice()) {
        ("ports", ["http", "0"]) => Some(ports.http.to_string()),
        ("ports", ["http", "1"]) => Some(ports.http_second.to_string()),
        ("ports", ["https", "0"]) => Some(ports.https.to_string()),
        ("ports", ["https", "1"]) => Some((ports.https + 1).to_string()),
        ("ports", ["ws", "0"]) => Some(ports.ws.to_string()),
        ("ports", ["wss", "0"]) => Some((ports.ws + 1).to_string()),
        // The server checks no subdomains, so that nobody needs entries in /etc/hosts.
        ("hosts", ["", subdomain]) | ("domains", [subdomain]) => {
            Some(subdomain_of(subdomain, "localhost"))
        }
        ("hosts", ["alt", subdomain]) => Some(subdomain_of(subdomain, "127.0.0.1")),
        _ => None,
    }
}

fn subdomain_of(subdomain: &str, host: &str) -> String {
    if subdomain.is_empty() {
        host.to_owned()
    } else {
        format!("{subdomain}.{host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_hosts_and_ports() {
        let ports = Ports {
            http: 1,
            http_second: 2,
            https: 3,
            ws: 5,
        };
        assert_eq!(
            substitute(
                "{{host}}:{{ports[http][0]}} {{ports[http][1]}} {{ports[https][1]}} {{ports[wss][0]}}",
                &ports
            ),
            "localhost:1 2 4 6"
        );
        assert_eq!(
            substitute(
                "{{hosts[alt][]}} {{domains[www1]}} {{hosts[][www]}}",
                &ports
            ),
            "127.0.0.1 www1.localhost www.localhost"
        );
        assert_eq!(
            substitute("a {{GET[x]}} b {{ unfinished", &ports),
            "a {{GET[x]}} b {{ unfinished"
        );
    }
}
