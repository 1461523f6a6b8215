//! The field "admin": where the process is operated.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::fields::{self, Admin};
use super::reader::{Fields, Located};

/// Where the admin API is, and who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// Where it listens.
    pub listen: AdminAddress,
    /// Who knows it may use the API. `None`: whoever reaches it.
    pub token: Option<Token>,
    /// The folder for what the API changes. `None`: that is forgotten when the process ends.
    pub state: Option<PathBuf>,
}

/// Where the admin API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminAddress {
    /// An IP address and a port; port 0 is one that is free.
    Tcp(SocketAddr),
    /// A socket in the file system, for the user that NANO runs as.
    Unix(PathBuf),
}

impl AdminAddress {
    /// Where nothing else is said: reached from this machine only.
    pub const DEFAULT: Self = Self::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8090));

    /// Whether other machines reach it.
    fn is_public(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }
}

impl fmt::Display for AdminAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A secret that is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The secret itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn for_tests(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A token that has fewer characters can be guessed.
const MIN_TOKEN: usize = 16;

/// Reads the field "admin", and what says where it listens. `folder` is what paths are relative to.
pub(super) fn read_admin<'a>(
    root: &Fields<'a, fields::Configuration>,
    folder: &Path,
) -> Option<(AdminConfig, Located<'a>)> {
    let value = root.get(&fields::Configuration::ADMIN)?;
    let fields = value.object::<Admin>()?;
    let listen = match fields.read(Admin::LISTEN) {
        None => AdminAddress::DEFAULT,
        Some(listen) => parse_address(&listen, folder)?,
    };
    let token = match fields.read(Admin::TOKEN) {
        None => None,
        Some(token) => Some(read_token(&token, folder)?),
    };
    if token.is_none() && listen.is_public() {
        let help = "add a \"token\", such as \"${NANO_ADMIN_TOKEN}\", or listen on 127.0.0.1 or on \"unix:admin.sock\"";
        value.fault(
            format!("without a token, whoever reaches {listen} could change what is served"),
            help.to_owned(),
        );
        return None;
    }
    let state = match fields.read(Admin::STATE) {
        None => None,
        Some(state) => {
            state.file_name()?;
            Some(folder.join(state.expanded()?))
        }
    };
    let place = fields.get(&Admin::LISTEN).unwrap_or(value);
    let admin = AdminConfig {
        listen,
        token,
        state,
    };
    Some((admin, place))
}

fn parse_address(listen: &Located<'_>, folder: &Path) -> Option<AdminAddress> {
    let text = listen.expanded()?;
    if let Some(path) = text.strip_prefix("unix:")
        && !path.is_empty()
        && !path.contains('\0')
    {
        let path = folder.join(path);
        // unix(7): some hundred bytes.
        if let Err(error) = std::os::unix::net::SocketAddr::from_pathname(&path) {
            listen.fault(
                format!("no Unix socket can be at {}: {error}", path.display()),
                "choose a shorter path, such as \"unix:/run/nano/admin.sock\"".to_owned(),
            );
            return None;
        }
        return Some(AdminAddress::Unix(path));
    }
    if let Ok(address) = text.parse() {
        return Some(AdminAddress::Tcp(address));
    }
    listen.fault(
        format!("expected an IP address and a port, or a Unix socket, found {text:?}"),
        "write \"127.0.0.1:8090\", \"[::1]:8090\" or \"unix:admin.sock\"".to_owned(),
    );
    None
}

fn read_token(token: &Located<'_>, folder: &Path) -> Option<Token> {
    let text = token.clone().private().text_or_file(folder)?;
    // What a bearer token may consist of: RFC 6750, section 2.1.
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if text.len() < MIN_TOKEN || !text.bytes().all(is_legal) {
        // The text itself is a secret.
        token.fault(
            format!(
                "expected at least {MIN_TOKEN} letters, digits and characters of -._~+/=, found {} bytes{}",
                text.len(),
                if text.bytes().all(is_legal) { "" } else { ", others among them" }
            ),
            "make one: head -c 24 /dev/urandom | base64".to_owned(),
        );
        return None;
    }
    Some(Token(text))
}
