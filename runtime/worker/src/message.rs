//! The HTTP messages that cross the border between a host and an app.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{Body, SocketEnd, SortedFields, Trace};

/// A request for an app.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method, as sent.
    pub method: Method,
    /// The absolute URL that `request.url` shows: scheme, the `Host` header, and the request target.
    pub url: String,
    /// End-to-end header fields.
    pub headers: Fields,
    /// The body.
    pub body: Body,
    /// The trace that it is a part of.
    pub trace: Option<Arc<Trace>>,
    /// Those of the header fields that say which client it is from, as the host knows it. Calls of other apps that are made for it have
    /// them, too; one that is made for no client's request has none.
    pub origin: Option<Arc<Fields>>,
}

/// Header fields in one piece of memory, in the order of their arrival per name.
///
/// A request object lives until it is collected, long after its answer. What it holds on to should be small, and none of the
/// connection's buffers, which a [`HeaderMap`] is made of.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Box<[u8]>);

impl Fields {
    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (HeaderName, &[u8])> {
        // They were names when they were put in.
        self.pairs()
            .map_while(|(name, value)| Some((HeaderName::from_bytes(name).ok()?, value)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pairs().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of a name.
    pub fn values<'f, 'n>(
        &'f self,
        name: &'n HeaderName,
    ) -> impl Iterator<Item = &'f [u8]> + use<'f, 'n> {
        let wanted = name.as_str().as_bytes();
        let own = self.pairs().filter(move |(name, _)| *name == wanted);
        own.map(|(_, value)| value)
    }

    fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || Some((take(&mut rest)?, take(&mut rest)?)))
    }

    /// They themselves, sorted by their names.
    pub fn sorted(&self) -> SortedFields<'_> {
        self.pairs().collect()
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// The first value of a name.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.values(name).next()
    }
}

/// The bytes of a length, native-endian.
const LENGTH: usize = size_of::<u32>();

/// Takes a length and as many bytes off the front.
#[inline]
fn take<'f>(rest: &mut &'f [u8]) -> Option<&'f [u8]> {
    let (length, after) = rest.split_first_chunk::<LENGTH>()?;
    let (bytes, after) = after.split_at_checked(u32::from_ne_bytes(*length) as usize)?;
    *rest = after;
    Some(bytes)
}

/// Appends what [`take`] takes.
#[inline]
fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    // A host limits the whole head to far less than 4 GiB.
    bytes.extend_from_slice(&(part.len() as u32).to_ne_bytes());
    bytes.extend_from_slice(part);
}

impl From<&HeaderMap> for Fields {
    fn from(map: &HeaderMap) -> Self {
        Self::joined(map, &Self::default())
    }
}

impl<'f> FromIterator<(&'f HeaderName, &'f [u8])> for Fields {
    fn from_iter<T: IntoIterator<Item = (&'f HeaderName, &'f [u8])>>(fields: T) -> Self {
        let mut bytes = Vec::new();
        for (name, value) in fields {
            put(&mut bytes, name.as_str().as_bytes());
            put(&mut bytes, value);
        }
        Self(bytes.into())
    }
}

impl Fields {
    /// A map's fields, and some more.
    pub fn joined(map: &HeaderMap, more: &Self) -> Self {
        let mut size = more.size();
        for (name, value) in map {
            size += 2 * LENGTH + name.as_str().len() + value.len();
        }
        let mut bytes = Vec::with_capacity(size);
        for (name, value) in map {
            put(&mut bytes, name.as_str().as_bytes());
            put(&mut bytes, value.as_bytes());
        }
        bytes.extend_from_slice(&more.0);
        Self(bytes.into())
    }
}

impl Fields {
    /// These fields without some, and with others in their place.
    pub fn replaced(&self, is_replaced: impl Fn(&HeaderName) -> bool, by: &Self) -> Self {
        let mut bytes = Vec::with_capacity(self.size() + by.size());
        for (name, value) in self.iter().filter(|(name, _)| !is_replaced(name)) {
            put(&mut bytes, name.as_str().as_bytes());
            put(&mut bytes, value);
        }
        bytes.extend_from_slice(&by.0);
        Self(bytes.into())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |(name, value)| (name, String::from_utf8_lossy(value));
        f.debug_list().entries(self.iter().map(text)).finish()
    }
}

/// An app's response.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status, 200 to 599; 101 with a WebSocket.
    pub status: u16,
    /// `statusText`, where the app set one.
    pub reason: Option<String>,
    /// Header fields in the order of the app's header list; a name may occur more than once (`set-cookie`).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body. For [`Body::Full`] and a stream of known length the sender states `content-length`.
    pub body: Body,
    /// What the connection becomes after the response's head.
    pub socket: Option<SocketEnd>,
}

/// Names one request in logs and in the `x-request-id` header: 16 hexadecimal digits, unique in the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// The two digits of each byte.
static DIGITS: [[u8; 2]; 256] = {
    let digit = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < digits.len() {
        digits[byte] = [digit[byte >> 4], digit[byte & 0xF]];
        byte += 1;
    }
    digits
};

/// The digits of a [`RequestId`].
#[derive(Clone, Copy)]
pub struct Hex([u8; 16]);

impl Hex {
    /// The digits as text.
    pub fn as_str(&self) -> &str {
        // They are ASCII, so this is never the default.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl RequestId {
    /// Writes the number as `Display` does, for those who do it often.
    pub fn to_hex(self) -> Hex {
        let mut digits = [0; 16];
        for (two, byte) in digits.chunks_exact_mut(2).zip(self.0.to_be_bytes()) {
            two.copy_from_slice(&DIGITS[usize::from(byte)]);
        }
        Hex(digits)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_hex().as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_sixteen_digits() {
        let id = RequestId(0x0123_4567_89ab_cdef);
        assert_eq!(id.to_string(), "0123456789abcdef");
        assert_eq!(RequestId(7).to_string(), format!("{:016x}", 7));
    }

    #[test]
    fn fields_come_out_as_they_went_in() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("host", "a.test"),
            ("x-own", ""),
            ("accept", "a"),
            ("accept", "b"),
        ] {
            map.append(name, HeaderValue::from_static(value));
        }
        map.append("x-bytes", HeaderValue::from_bytes(&[0xE9]).unwrap());
        let fields = Fields::from(&map);
        let out: HeaderMap = fields
            .iter()
            .map(|(name, value)| (name, HeaderValue::from_bytes(value).unwrap()))
            .collect();
        assert_eq!(
            out,
            HeaderMap::from_iter(map.iter().map(|(n, v)| (n.clone(), v.clone())))
        );
        let accepted: Vec<_> = fields
            .iter()
            .filter(|(name, _)| name == "accept")
            .map(|(_, v)| v)
            .collect();
        assert_eq!(accepted, [b"a", b"b"]);
        assert_eq!(fields.get(&http::header::HOST), Some(&b"a.test"[..]));
        assert_eq!(fields.get(&http::header::COOKIE), None);
        assert_eq!(Fields::default().iter().count(), 0);
    }

    #[test]
    fn fields_are_replaced_by_others() {
        let fields = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|&(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            Fields::from(&pairs.collect::<HeaderMap>())
        };
        let before = fields(&[("host", "a.test"), ("x-own", "forged"), ("x-kept", "")]);
        let own = fields(&[("x-own", "told")]);
        let after = before.replaced(|name| name == "x-own", &own);
        assert_eq!(
            after,
            Fields::joined(
                &HeaderMap::from_iter([
                    (http::header::HOST, HeaderValue::from_static("a.test")),
                    (
                        HeaderName::from_static("x-kept"),
                        HeaderValue::from_static("")
                    ),
                ]),
                &own
            )
        );
    }
}
