//! The blob URL store, and the members of `URL` that fill it: <https://w3c.github.io/FileAPI/#url>. It is an instance's own, and ends with
//! it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use nano_engine::State;
use nano_engine::external_memory::ExternalMemory;
use nano_webidl::{Error, Fallible, Ref, Scope, require_room, room};

use super::blob::Blob;
use crate::bindings::url::FileapiUrlMethods;
use crate::environment::Environment;
use crate::url::UrlRecord;
use crate::url::url::{Url, parse};
use crate::webcrypto::crypto::random_uuid;

/// About what an entry takes beside its URL and what the blob keeps: a place in the tree, and a block of the allocator.
const ENTRY: usize = 192;

/// <https://w3c.github.io/FileAPI/#blob-url-entry>. Its environment is the instance.
pub(crate) struct BlobUrlEntry {
    pub(crate) blob: Blob,
    /// Whoever holds it: a request may do so when it is no longer in the store.
    _memory: ExternalMemory,
}

/// <https://w3c.github.io/FileAPI/#BlobURLStore>: an extension of the isolate, once there is an entry.
#[derive(Default)]
struct BlobUrlStore(RefCell<BTreeMap<Box<str>, Rc<BlobUrlEntry>>>);

/// <https://w3c.github.io/FileAPI/#blob-url-resolve>: the entry of a URL when it is parsed, whatever its fragment.
pub(crate) fn resolve(scope: &Scope, url: &UrlRecord) -> Option<Rc<BlobUrlEntry>> {
    if url.protocol() != "blob:" {
        return None;
    }
    let store = State::from_scope(scope).try_extension::<BlobUrlStore>()?;
    let without_fragment = url.href().split('#').next()?;
    store.0.borrow().get(without_fragment).cloned()
}

impl FileapiUrlMethods for Url {
    // https://w3c.github.io/FileAPI/#dfn-createObjectURL
    fn create_object_url<'s>(
        scope: &mut Scope<'s, '_>,
        obj: Ref<'s, Blob>,
    ) -> Fallible<v8::Local<'s, v8::String>> {
        // https://w3c.github.io/FileAPI/#unicodeBlobURL; step 4 leaves to us what an opaque origin becomes.
        let uuid = random_uuid()?;
        let origin = Environment::of(scope).origin();
        let origin = origin.as_deref().unwrap_or("null");
        let url = format!("blob:{origin}/{}", String::from_utf8_lossy(&uuid));
        let bytes = ENTRY + url.len() + obj.own_memory();
        require_room(scope, bytes)?;
        let result = v8::String::new(scope, &url).ok_or(Error::Thrown)?;
        // https://w3c.github.io/FileAPI/#add-an-entry
        let entry = Rc::new(BlobUrlEntry {
            blob: obj.value().clone(),
            _memory: ExternalMemory::new(bytes),
        });
        let state = State::from_scope(scope);
        if state.try_extension::<BlobUrlStore>().is_none() {
            state.set_extension(BlobUrlStore::default());
        }
        let store: &BlobUrlStore = state.extension();
        store.0.borrow_mut().insert(url.into(), entry);
        Ok(result)
    }

    // https://w3c.github.io/FileAPI/#dfn-revokeObjectURL
    fn revoke_object_url<'s>(
        scope: &mut Scope<'s, '_>,
        url: v8::Local<'s, v8::String>,
    ) -> Fallible<()> {
        let Some(store) = State::from_scope(scope).try_extension::<BlobUrlStore>() else {
            return Ok(());
        };
        // 1. to 5. One with a fragment is in no store.
        if let Some(url) = parse(&room::text(scope, url)?, None) {
            store.0.borrow_mut().remove(url.href());
        }
        Ok(())
    }
}
