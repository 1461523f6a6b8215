//! How many types of WebAssembly an app may name.
//!
//! V8 keeps each type that a module or a tag names in one table for the whole process, so that types of different modules can be
//! compared. It forgets none, also where a module turns out not to be valid, takes some 12 bytes for a field, and ends the process
//! at two million types, on whatever thread it is.
//!
//! So the bytes of type sections and of tags' signatures are counted before V8 sees them, for as long as the process lives: for
//! each app, whatever instances it has had, and for all. What an app has named before costs nothing more, and what others have, not
//! the process. A type takes two bytes at least, and a parameter, a result or a field one: so V8's bound is not reached.
//!
//! DEPARTURE: <https://webassembly.github.io/spec/js-api/#limits> has a bound for the types of a module, and none for all.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex, PoisonError};

use wasmparser::BinaryReader;

use super::wasm::with_bytes;
use crate::entry;
use crate::state::State;

/// Bytes of one app. Large programs with garbage-collected types have some tens of thousands.
pub const MAX_OF_APP: usize = 256 << 10;
/// Bytes of all apps: at most a million types, half of what V8 bears.
pub const MAX_OF_ALL: usize = 2 << 20;
/// An app may have as much as one part in so many of what is left to all: however many apps take what they can get, there is some
/// for the next.
const SHARE: usize = 4;
/// A part is kept for apps that have no more than a little, and is not shared out.
const RESERVE: usize = MAX_OF_ALL / 4;
const LITTLE: usize = 4 << 10;

/// Signatures that have been named, by their hashes, and the bytes that they have together.
#[derive(Default)]
struct Named {
    hashes: HashSet<u64>,
    bytes: usize,
}

impl Named {
    fn add(&mut self, hash: u64, bytes: usize) {
        if self.hashes.insert(hash) {
            self.bytes += bytes;
        }
    }
}

#[derive(Default)]
struct Table {
    all: Named,
    apps: HashMap<Box<str>, Named>,
}

/// The process's, as V8's is. Keyed at random: nobody can choose signatures whose hashes are the same.
static TABLE: LazyLock<(RandomState, Mutex<Table>)> = LazyLock::new(Default::default);

/// Why an app may name no more types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "the types of all modules and tags of an app may have {max} bytes for as long as the process runs; this app's have {of_app}, \
         and these are {more} more. Use the same modules and tags again, in place of new ones",
        max = MAX_OF_APP
    )]
    App { of_app: usize, more: usize },
    #[error(
        "the types of all modules and tags of all apps may have {max} bytes for as long as the process runs, of which {of_all} are \
         used, and an app may have a part of the rest; this app's have {of_app}, and these are {more} more. Use fewer types, or \
         restart the process",
        max = MAX_OF_ALL
    )]
    All {
        of_all: usize,
        of_app: usize,
        more: usize,
    },
    #[error("there is no memory to count the types of modules and tags")]
    Memory,
}

impl Table {
    /// Counts a signature of an app's, if it may be named. Allocates nothing that was not asked for before.
    fn admit(&mut self, app: &str, hash: u64, bytes: usize) -> Result<(), Refusal> {
        if !self.apps.contains_key(app) {
            self.apps.try_reserve(1).map_err(|_| Refusal::Memory)?;
            self.apps.insert(app.into(), Named::default());
        }
        let Some(own) = self.apps.get_mut(app) else {
            return Err(Refusal::Memory);
        };
        if own.hashes.contains(&hash) {
            return Ok(());
        }
        let (of_app, of_all) = (own.bytes, self.all.bytes);
        let sum = of_app.saturating_add(bytes);
        if sum > MAX_OF_APP {
            return Err(Refusal::App {
                of_app,
                more: bytes,
            });
        }
        let share = (MAX_OF_ALL - RESERVE).saturating_sub(of_all) / SHARE;
        let fits = sum <= share.max(LITTLE) && of_all + bytes <= MAX_OF_ALL;
        if !fits && !self.all.hashes.contains(&hash) {
            return Err(Refusal::All {
                of_all,
                of_app,
                more: bytes,
            });
        }
        own.hashes.try_reserve(1).map_err(|_| Refusal::Memory)?;
        self.all
            .hashes
            .try_reserve(1)
            .map_err(|_| Refusal::Memory)?;
        own.add(hash, bytes);
        self.all.add(hash, bytes);
        Ok(())
    }
}

/// Counts what an app names: whether a tag does, and the signature or the type section.
fn admit(app: &str, is_tag: bool, signature: &[u8]) -> Result<(), Refusal> {
    let (hasher, table) = &*TABLE;
    let hash = hasher.hash_one((is_tag, signature));
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    table.admit(app, hash, signature.len())
}

/// Counts what a module names, of which V8 reads nothing before.
pub(super) fn admit_module(app: &str, module: &[u8]) -> Result<(), Refusal> {
    type_sections(module).try_for_each(|section| admit(app, false, section))
}

/// `countTypes(bytesOrSignature)` of `hardening.js`: why these may not be named, or `undefined`.
pub(super) unsafe extern "C" fn count_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe { entry::function(info, count) }
}

fn count<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let app = State::from_scope(scope).shared.name();
    let named = if args.get(0).is_string() {
        // One byte for each type at least, and one for the function's.
        let signature = format!("{} ", args.get(0).to_rust_string_lossy(scope));
        admit(app, true, signature.as_bytes())
    } else {
        with_bytes(args.get(0), |module| admit_module(app, module)).unwrap_or(Ok(()))
    };
    if let Err(refusal) = named
        && let Some(text) = v8::String::new(scope, &refusal.to_string())
    {
        result.set(text.into());
    }
}

fn type_sections(module: &[u8]) -> impl Iterator<Item = &[u8]> {
    /// <https://webassembly.github.io/spec/core/binary/modules.html#sections>
    const TYPES: u8 = 1;
    sections(module, TYPES)
}

/// The contents of a kind of sections, of a module of which the rest may be anything: V8 reads them before it knows. The last may
/// lack its end.
pub(super) fn sections(module: &[u8], kind: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = module.get(HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let mut reader = BinaryReader::new(rest, 0);
        let id = reader.read_u8().ok()?;
        let length = reader.read_var_u32().ok()? as usize;
        let content = &rest[rest.len() - reader.bytes_remaining()..];
        let (section, after) = content.split_at(length.min(content.len()));
        rest = after;
        Some((id, section))
    })
    .filter(move |(id, section)| *id == kind && !section.is_empty())
    .map(|(_, section)| section)
}

/// Magic and version.
const HEADER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_pays_once_and_no_more_than_its_share() {
        let mut table = Table::default();
        assert_eq!(table.admit("a", 1, MAX_OF_APP - 10), Ok(()));
        assert_eq!(table.admit("a", 1, MAX_OF_APP - 10), Ok(()), "again");
        let refusal = Refusal::App {
            of_app: MAX_OF_APP - 10,
            more: 11,
        };
        assert_eq!(table.admit("a", 2, 11), Err(refusal));
        assert_eq!(table.admit("a", 3, 10), Ok(()));
        let before = table.all.bytes;
        assert_eq!(table.admit("b", 1, MAX_OF_APP - 10), Ok(()), "as a's");
        assert_eq!(table.all.bytes, before, "V8 has it");
    }

    #[test]
    fn apps_that_take_what_they_get_leave_some_to_the_next() {
        let mut table = Table::default();
        let mut hash = 0;
        for app in 0..30 {
            for bytes in [1 << 16, 1 << 12, 1 << 8, 1 << 4] {
                loop {
                    hash += 1;
                    if table.admit(&format!("app {app}"), hash, bytes).is_err() {
                        break;
                    }
                }
            }
        }
        assert!(table.all.bytes > MAX_OF_ALL / 2, "{}", table.all.bytes);
        for small in 0..100 {
            hash += 1;
            assert_eq!(table.admit(&format!("small {small}"), hash, 300), Ok(()));
        }
        assert!(table.all.bytes <= MAX_OF_ALL);
        let refused = table.admit("large", 0, MAX_OF_APP);
        assert!(matches!(refused, Err(Refusal::All { .. })), "{refused:?}");
    }

    #[test]
    fn type_sections_are_found_in_what_is_left() {
        let sections = |rest: &[u8]| {
            let module = [b"\0asm\x01\0\0\0", rest].concat();
            let found: Vec<Vec<u8>> = type_sections(&module).map(<[u8]>::to_vec).collect();
            found
        };
        let types: &[u8] = &[1, 2, 7, 8];
        assert_eq!(sections(types), [[7, 8]]);
        // After a custom section whose name is no text, before garbage, twice, and cut off.
        assert_eq!(
            sections(&[&[0, 2, 1, 0xff], types, &[99]].concat()),
            [[7, 8]]
        );
        assert_eq!(sections(&[types, types].concat()), [[7, 8], [7, 8]]);
        assert_eq!(sections(&[1, 100, 7, 8]), [[7, 8]]);
        for none in [
            &[][..],
            &[1],
            &[1, 0],
            &[1, 0x80],
            &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 7],
        ] {
            assert!(sections(none).is_empty(), "{none:?}");
        }
        assert_eq!(type_sections(b"\0asm").count(), 0);
    }
}
