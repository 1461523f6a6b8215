//! A message on its way in: of one frame or several, folded or not.

use bytes::Bytes;
use nano_worker::{SocketCharge, SocketEnd, SocketMessage};

use crate::deflate::{INFLATER, Inflater};
use crate::fault::Fault;
use crate::frame::Kind;

/// A message's place grows by so much at least.
const LEAST: usize = 256;
/// What is unfolded at a time.
const PIECE: usize = 16 << 10;
/// A message takes so much besides its bytes.
const OVERHEAD: usize = 128;

/// A message of which not all has come.
pub(crate) struct Incoming {
    is_text: bool,
    content: Vec<u8>,
    /// How much of a text has been seen to be UTF-8.
    checked: usize,
    is_compressed: bool,
    /// Of a compressed message.
    inflater: Option<Inflater>,
    limit: usize,
    /// `None` where nobody pays: nobody hears the message.
    charge: Option<Box<dyn SocketCharge>>,
}

impl Incoming {
    /// # Errors
    /// There is no room for it.
    pub(crate) async fn begin(
        kind: Kind,
        is_compressed: bool,
        limit: usize,
        end: &SocketEnd,
    ) -> Result<Self, Fault> {
        let mut incoming = Self {
            is_text: kind == Kind::Text,
            content: Vec::new(),
            checked: 0,
            is_compressed,
            inflater: None,
            limit,
            charge: end.charge(),
        };
        incoming.pay(OVERHEAD).await?;
        if is_compressed {
            incoming.pay(INFLATER).await?;
            incoming.inflater = Some(Inflater::new());
        }
        Ok(incoming)
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.is_compressed
    }

    async fn pay(&mut self, bytes: usize) -> Result<(), Fault> {
        if !self.try_pay(bytes)
            && let Some(charge) = &mut self.charge
            && !charge.grow(bytes).await
        {
            return Err(Fault::no_room());
        }
        Ok(())
    }

    /// Pays at once, or says that it cannot.
    fn try_pay(&mut self, bytes: usize) -> bool {
        let charge = self.charge.as_mut();
        charge.is_none_or(|charge| charge.try_grow(bytes))
    }

    /// Makes room for so many bytes, after which `rest` are known to follow, and, unless that `is_all`, others may.
    ///
    /// # Errors
    /// The message would be larger than its limit, or there is no memory for it.
    pub(crate) async fn room(
        &mut self,
        bytes: usize,
        rest: u64,
        is_all: bool,
    ) -> Result<&mut Vec<u8>, Fault> {
        let wanted = self.content.len().saturating_add(bytes);
        let all = (wanted as u64).saturating_add(rest);
        if all > self.limit as u64 {
            return Err(Fault::too_big());
        }
        let there = self.content.capacity();
        if wanted > there {
            // Twice as much as there was, but no more than will come for all that is known: to grow costs more than a small frame may.
            let doubled = there.saturating_mul(2).max(LEAST).min(self.limit);
            let most = match is_all {
                true => usize::try_from(all).unwrap_or(self.limit).max(LEAST),
                false => self.limit,
            };
            let mut place = doubled.min(most).max(wanted);
            if !self.try_pay(place - there) {
                place = wanted;
                self.pay(place - there).await?;
            }
            self.content.reserve_exact(place - self.content.len());
        }
        Ok(&mut self.content)
    }

    /// Bytes have been added to [`room`](Self::room).
    ///
    /// # Errors
    /// They are none of a text.
    pub(crate) fn added(&mut self) -> Result<(), Fault> {
        if !self.is_text {
            return Ok(());
        }
        match std::str::from_utf8(&self.content[self.checked..]) {
            Ok(_) => self.checked = self.content.len(),
            // The rest of the last character may come.
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Fault::not_utf8()),
        }
        Ok(())
    }

    /// Unfolds bytes of the message. Returns how many they have become.
    ///
    /// # Errors
    /// They are corrupt; or as for [`room`](Self::room) and [`added`](Self::added).
    pub(crate) async fn unfold(&mut self, mut input: &[u8]) -> Result<usize, Fault> {
        let before = self.content.len();
        let Some(mut inflater) = self.inflater.take() else {
            return Ok(0);
        };
        loop {
            let begin = self.content.len();
            // A small message should not take a large place. At the limit, one byte more tells a message of that size from one that is
            // larger.
            let expected = input.len().saturating_mul(4).clamp(LEAST, PIECE);
            let piece = expected.min(self.limit - begin);
            let step = if piece == 0 {
                let step = inflater.step(input, &mut [0])?;
                if step.written > 0 {
                    return Err(Fault::too_big());
                }
                step
            } else {
                let content = self.room(piece, 0, false).await?;
                content.resize(begin + piece, 0);
                let step = inflater.step(input, &mut content[begin..]);
                content.truncate(begin + step.as_ref().map_or(0, |step| step.written));
                step?
            };
            self.added()?;
            input = &input[step.read..];
            if input.is_empty() && (piece == 0 || step.written < piece) {
                break;
            }
            if step.read == 0 && step.written == 0 {
                return Err(Fault::corrupt());
            }
            // What is unfolded is a thousand times as much: others on this thread have their turns.
            tokio::task::yield_now().await;
        }
        self.inflater = Some(inflater);
        Ok(self.content.len() - before)
    }

    /// All of it has come.
    ///
    /// # Errors
    /// It is none that ends here.
    pub(crate) async fn end(mut self) -> Result<SocketMessage, Fault> {
        if let Some(inflater) = &self.inflater {
            let tail = inflater.tail();
            self.unfold(tail).await?;
            if let (Some(inflater), Some(charge)) = (self.inflater.take(), &mut self.charge) {
                drop(inflater);
                charge.give_back(INFLATER);
            }
        }
        if self.is_text && self.checked < self.content.len() {
            return Err(Fault::not_utf8());
        }
        let bytes = match self.charge {
            Some(charge) => Bytes::from_owner(Charged {
                content: self.content,
                _charge: charge,
            }),
            None => Bytes::from(self.content),
        };
        Ok(match self.is_text {
            true => SocketMessage::Text(bytes),
            false => SocketMessage::Binary(bytes),
        })
    }
}

/// Content that somebody pays for.
struct Charged {
    content: Vec<u8>,
    _charge: Box<dyn SocketCharge>,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}
