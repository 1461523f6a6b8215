//! Frames: <https://www.rfc-editor.org/rfc/rfc6455#section-5>.

use std::io::Cursor;

use bytes::{Buf as _, BytesMut};
use nano_worker::{CloseFrame, MAX_CLOSE_REASON};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::connection::Role;
use crate::fault::Fault;

/// The most bytes of a control frame.
pub(crate) const MAX_CONTROL: usize = 125;
/// The most bytes of a frame's head.
pub(crate) const MAX_HEAD: usize = 14;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) is_final: bool,
    /// Of the first frame of a message: it is compressed.
    pub(crate) is_compressed: bool,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) length: u64,
}

impl Kind {
    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Takes a head off the front of a buffer; `None` if not all of it is there.
///
/// # Errors
/// It is none, or one that this side must not be sent.
pub(crate) fn take_head(
    buffer: &mut BytesMut,
    role: Role,
    may_compress: bool,
) -> Result<Option<Head>, Fault> {
    let mut cursor = Cursor::new(&buffer[..]);
    let parsed = FrameHeader::parse(&mut cursor)
        .map_err(|_| Fault::protocol("a frame has an unknown opcode"))?;
    let Some((header, length)) = parsed else {
        return Ok(None);
    };
    let size = usize::try_from(cursor.position()).unwrap_or(MAX_HEAD);
    let kind = match header.opcode {
        OpCode::Data(Data::Continue) => Kind::Continuation,
        OpCode::Data(Data::Text) => Kind::Text,
        OpCode::Data(Data::Binary) => Kind::Binary,
        OpCode::Control(Control::Close) => Kind::Close,
        OpCode::Control(Control::Ping) => Kind::Ping,
        OpCode::Control(Control::Pong) => Kind::Pong,
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            return Err(Fault::protocol("a frame has an unknown opcode"));
        }
    };
    // 5.2: the minimal number of bytes must be used to encode the length.
    if size != header.len(length) || length > i64::MAX as u64 {
        return Err(Fault::protocol(
            "a frame's length is not written as it must be",
        ));
    }
    // RFC 7692, section 6: the bit is set on the first fragment of a message only.
    let may_have_rsv1 = may_compress && matches!(kind, Kind::Text | Kind::Binary);
    if header.rsv2 || header.rsv3 || (header.rsv1 && !may_have_rsv1) {
        return Err(Fault::protocol(
            "a frame has a bit that nothing was agreed on",
        ));
    }
    // 5.5: control frames are short, and not fragmented.
    if kind.is_control() && (!header.is_final || length > MAX_CONTROL as u64) {
        return Err(Fault::protocol("a control frame is fragmented or too long"));
    }
    // 5.1: a server must close where a frame is not masked, and a client where one is.
    if header.mask.is_some() != (role == Role::Server) {
        return Err(Fault::protocol(match role {
            Role::Server => "a client's frame is not masked",
            Role::Client => "a server's frame is masked",
        }));
    }
    buffer.advance(size);
    Ok(Some(Head {
        kind,
        is_final: header.is_final,
        is_compressed: header.rsv1,
        mask: header.mask,
        length,
    }))
}

/// Adds a head to what is about to be sent.
pub(crate) fn put_head(out: &mut Vec<u8>, head: &Head) {
    let header = FrameHeader {
        is_final: head.is_final,
        rsv1: head.is_compressed,
        rsv2: false,
        rsv3: false,
        opcode: match head.kind {
            Kind::Continuation => OpCode::Data(Data::Continue),
            Kind::Text => OpCode::Data(Data::Text),
            Kind::Binary => OpCode::Data(Data::Binary),
            Kind::Close => OpCode::Control(Control::Close),
            Kind::Ping => OpCode::Control(Control::Ping),
            Kind::Pong => OpCode::Control(Control::Pong),
        },
        mask: head.mask,
    };
    // A vector takes all that is written.
    let _ = header.format(head.length, out);
}

/// Masks bytes, or takes the mask off: those of a frame from `offset` on.
pub(crate) fn mask(bytes: &mut [u8], mut mask: [u8; 4], offset: u64) {
    mask.rotate_left((offset % 4) as usize);
    let wide = u64::from_ne_bytes([
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ]);
    let (eights, rest) = bytes.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// What a close frame says: <https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1>.
///
/// # Errors
/// It says nothing that it may.
pub(crate) fn read_close(payload: &[u8]) -> Result<CloseFrame, Fault> {
    match payload {
        [] => Ok(CloseFrame::default()),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(Fault::protocol(
                    "a close frame's number is none that is sent",
                ));
            }
            let reason = std::str::from_utf8(reason).map_err(|_| Fault::not_utf8())?;
            Ok(CloseFrame {
                code: Some(code),
                reason: reason.into(),
            })
        }
        _ => Err(Fault::protocol("a close frame has half a number")),
    }
}

/// A close frame's payload.
pub(crate) fn close_payload(frame: &CloseFrame) -> Vec<u8> {
    let Some(code) = frame.code else {
        return Vec::new();
    };
    let end = frame.reason.floor_char_boundary(MAX_CLOSE_REASON);
    [&code.to_be_bytes()[..], &frame.reason.as_bytes()[..end]].concat()
}
