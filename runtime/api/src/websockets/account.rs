//! What messages for an app's WebSockets take of its memory.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use nano_engine::Handle;
use nano_engine::external_memory::Reservation;
use nano_worker::{SocketAccount, SocketCharge};

/// Up to this size nobody waits for the process to have room.
const SMALL: usize = 64 << 10;

/// An isolate pays.
struct Account(Handle);

struct Charge {
    isolate: Handle,
    reservation: Reservation,
    bytes: usize,
}

/// What makes this isolate pay.
pub(super) fn of(isolate: Handle) -> Arc<dyn SocketAccount> {
    Arc::new(Account(isolate))
}

impl SocketAccount for Account {
    fn charge(&self) -> Box<dyn SocketCharge> {
        Box::new(Charge {
            reservation: self.0.reservation(),
            isolate: self.0.clone(),
            bytes: 0,
        })
    }
}

impl Charge {
    fn take(&mut self, bytes: usize) -> bool {
        let fits = self.reservation.try_grow(bytes);
        self.bytes += if fits { bytes } else { 0 };
        fits
    }
}

impl SocketCharge for Charge {
    fn try_grow(&mut self, bytes: usize) -> bool {
        let has_room = bytes <= SMALL || {
            let room = self.isolate.process_room(bytes, None).now_or_never();
            room.flatten().is_some()
        };
        has_room && self.take(bytes)
    }

    fn grow(&mut self, bytes: usize) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            // It is about to be taken, so who has room for it need not keep it.
            let room = self.isolate.process_room(bytes, None).await;
            if room.is_none() {
                return false;
            }
            drop(room);
            if self.take(bytes) {
                return true;
            }
            self.isolate.collect_garbage().await;
            self.take(bytes)
        })
    }

    fn give_back(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.reservation.set(self.bytes);
    }
}
