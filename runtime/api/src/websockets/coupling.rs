//! A WebSocket that an app gives to the client of a request, which is not over as long as there is somebody at each end.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nano_engine::Handle;
use nano_webidl::{Fallible, Ref, Scope, script};
use nano_worker::{RequestId, SocketEnd};

use super::native_socket::NativeSocket;
use crate::environment::request_context;

/// Keeps a request from being over.
pub(crate) struct Guard {
    request: RequestId,
    isolate: Handle,
    /// What else ends with it.
    kept: Box<dyn Any + Send>,
}

impl Guard {
    pub(crate) fn new(request: RequestId, isolate: Handle, kept: impl Any + Send) -> Self {
        Self {
            request,
            isolate,
            kept: Box::new(kept),
        }
    }

    /// The request is over.
    fn release(self) {
        let Self {
            request,
            isolate,
            kept,
        } = self;
        isolate.post(Box::new(move |scope| {
            request_context::over(scope, request);
            drop(kept);
        }));
    }
}

/// What the two ends of a pair have in common.
#[derive(Default)]
pub(super) struct Coupling {
    guard: Mutex<Option<Guard>>,
    /// Which of them the app hears by.
    heard: [AtomicBool; 2],
}

impl Coupling {
    fn set(&self, guard: Guard) {
        *self.guard.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
    }

    /// The app hears by this end, or does no more.
    pub(super) fn hears(&self, side: usize, hears: bool) {
        self.heard[side].store(hears, Ordering::SeqCst);
        if !hears {
            self.release();
        }
    }

    /// The other end than this is gone: where the app hears of that, the request is over then.
    fn left(&self, side: usize) {
        if !self.heard[1 - side].load(Ordering::SeqCst) {
            self.release();
        }
    }

    fn release(&self) {
        let guard = self
            .guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(guard) = guard {
            guard.release();
        }
    }
}

/// Takes the end of a WebSocket that the app gives away, with what makes its guard. `None` if the app has it no more to give.
pub(crate) fn give<'s>(
    scope: &mut Scope<'s, '_>,
    socket: v8::Local<'s, v8::Object>,
) -> Fallible<Option<Given>> {
    let native = script::call(scope, "giveSocket", &[socket.into()])?;
    let Some(native) = Ref::<NativeSocket>::from_value(scope, native) else {
        return Ok(None);
    };
    Ok(native.value().take())
}

/// See [`give`].
pub(crate) struct Given {
    pub(super) end: SocketEnd,
    pub(super) coupling: Option<(Arc<Coupling>, usize)>,
}

impl Given {
    /// The end, as long as which, and the app's own if it has that, there is the guard.
    pub(crate) fn guarded(self, guard: Guard) -> SocketEnd {
        match self.coupling {
            Some((coupling, side)) => {
                coupling.set(guard);
                self.end.at_end(move || coupling.left(side));
            }
            None => self.end.at_end(move || guard.release()),
        }
        self.end
    }
}
