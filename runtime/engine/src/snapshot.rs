//! Baking the startup snapshot, and checking that a baked one belongs to this program.
//!
//! The bytes are V8's blob followed by a trailer of ours: V8 checks its own version, but not that the table of external
//! references is the one that the blob was baked with, and would call wrong functions.

use std::borrow::Cow;

use crate::embedding::{Baker, Embedding};
use crate::{entry, hardening, platform};

/// Marks the end of a snapshot, and the version of the trailer.
const MAGIC: &[u8; 8] = b"NANOSNP1";
/// Magic, length of the table, fingerprint, V8's version, numbers of templates and objects.
const TRAILER: usize = 8 * 6;

/// Bakes the snapshot of an embedding. Needs a process of its own, or to be the first thing that V8 does in one.
///
/// Ends the process if `embedding.bake` fails, and panics where the result would not be usable: a snapshot that cannot be rehashed would have the same hash seed everywhere.
pub fn bake(embedding: &'static Embedding) -> Vec<u8> {
    platform::initialize();
    let references = references(embedding);
    let mut isolate = v8::Isolate::snapshot_creator(Some(Cow::Borrowed(references)), None);
    isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
    (embedding.prepare)(&mut isolate);
    let counts = {
        v8::scope!(let scope, &mut isolate);
        // V8 wants a default context; it does not keep the global proxy of that one, so ours is a second.
        let plain = v8::Context::new(scope, v8::ContextOptions::default());
        scope.set_default_context(plain);
        let global_template = embedding.global_template.map(|make| make(scope));
        let options = v8::ContextOptions {
            global_template,
            ..Default::default()
        };
        let context = v8::Context::new(scope, options);
        let mut baker = Baker::new();
        {
            let scope = &mut v8::ContextScope::new(scope, context);
            v8::tc_scope!(let scope, scope);
            let baked = hardening::bake(scope).and_then(|restored| {
                (embedding.bake)(scope, &mut baker)?;
                // After the embedding's own, whose indices start at 0.
                let index = scope.add_context_data(context, restored);
                assert_eq!(
                    index,
                    baker.counts().1,
                    "objects are added through the baker only"
                );
                Some(())
            });
            if baked.is_none() || scope.has_caught() {
                // A report of an error is made for the isolate's state, which there is none of yet.
                let report = scope.message().map(|message| {
                    let text = message.get(scope).to_rust_string_lossy(scope);
                    let line = message.get_line_number(scope).unwrap_or_default();
                    format!("{text} (line {line} of the script)")
                });
                let report = report.unwrap_or_else(|| "nothing was thrown".to_owned());
                // Unwinding would drop an isolate that cannot be dropped before it has made a blob.
                eprintln!("baking the snapshot failed: {report}");
                std::process::exit(1);
            }
            // A snapshot holds no queued microtasks.
            scope.perform_microtask_checkpoint();
        }
        context.clear_all_slots();
        let index = scope.add_context(context);
        assert_eq!(index, CONTEXT, "the embedding's context is the only one");
        baker.counts()
    };
    let blob = isolate
        .create_blob(v8::FunctionCodeHandling::Keep)
        .filter(|blob| blob.is_valid())
        .unwrap_or_else(|| panic!("V8 made no blob that it accepts"));
    assert!(
        blob.can_be_rehashed(),
        "the snapshot cannot be rehashed: it must hold no ES module, only classic scripts and functions"
    );
    let mut bytes = blob.to_vec();
    bytes.extend(trailer(references.len(), (embedding.fingerprint)(), counts));
    bytes
}

/// The index of the embedding's context.
pub(crate) const CONTEXT: usize = 0;

fn trailer(
    references: usize,
    fingerprint: u64,
    (templates, objects): (usize, usize),
) -> [u8; TRAILER] {
    let numbers = [
        references as u64,
        fingerprint,
        v8_version(),
        templates as u64,
        objects as u64,
    ];
    let mut bytes = [0; TRAILER];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes[TRAILER - 8..].copy_from_slice(MAGIC);
    bytes
}

fn v8_version() -> u64 {
    fingerprint([v8::V8::get_version()])
}

/// A number for a list of names in order, the same on every machine and in every build (FNV-1a).
pub fn fingerprint<'a>(names: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for name in names {
        for byte in name.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    hash
}

/// The embedding's table with the terminator that V8 wants; lives as long as the process.
pub(crate) fn references(embedding: &Embedding) -> &'static [v8::ExternalReference] {
    let mut references = (embedding.external_references)();
    references.extend(hardening::external_references());
    references.push(entry::lazy_reference());
    references.push(v8::ExternalReference {
        pointer: std::ptr::null_mut(),
    });
    references.leak()
}

/// A snapshot that fits this program.
pub(crate) struct Loaded {
    /// Blob and trailer.
    pub(crate) bytes: &'static [u8],
    /// What V8 reads.
    pub(crate) blob: &'static [u8],
    /// How many templates and objects the baker was given.
    pub(crate) templates: usize,
    pub(crate) objects: usize,
}

impl Loaded {
    pub(crate) fn check(
        bytes: &'static [u8],
        embedding: &Embedding,
        references: &[v8::ExternalReference],
    ) -> Result<Self, String> {
        let Some((blob, trailer)) = bytes
            .split_last_chunk::<TRAILER>()
            .filter(|(_, t)| t.ends_with(MAGIC))
        else {
            return Err(format!(
                "its last bytes are not {:?}",
                String::from_utf8_lossy(MAGIC)
            ));
        };
        let (numbers, _) = trailer.as_chunks();
        let number = |i: usize| u64::from_le_bytes(numbers[i]);
        let expected = [
            ("external references", references.len() as u64),
            (
                "a fingerprint of the references of",
                (embedding.fingerprint)(),
            ),
            ("a fingerprint of V8's version of", v8_version()),
        ];
        for (i, (what, expected)) in expected.into_iter().enumerate() {
            if number(i) != expected {
                return Err(format!(
                    "it has {what} {}, the program has {expected}",
                    number(i)
                ));
            }
        }
        if !v8::StartupData::from(blob).is_valid() {
            return Err("V8 does not accept it".into());
        }
        Ok(Self {
            bytes,
            blob,
            templates: number(3) as usize,
            objects: number(4) as usize,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_of_other_programs_are_refused() {
        static EMBEDDING: Embedding = Embedding::EMPTY;
        let references = references(&EMBEDDING);
        let check = |bytes: Vec<u8>| {
            Loaded::check(bytes.leak(), &EMBEDDING, references)
                .err()
                .expect("refused")
        };
        let with = |trailer: [u8; TRAILER]| [&[0; 64], &trailer[..]].concat();
        assert!(check(vec![]).contains("last bytes"));
        assert!(check(vec![0; 1000]).contains("last bytes"));
        let count = references.len();
        let said = check(with(trailer(count + 6, 0, (0, 0))));
        let expected = format!("external references {}, the program has {count}", count + 6);
        assert!(said.contains(&expected), "{said}");
        let said = check(with(trailer(count, 9, (0, 0))));
        assert!(said.contains("fingerprint of the references of 9"));
        let mut other_v8 = trailer(count, 0, (0, 0));
        other_v8[16] ^= 1;
        assert!(check(with(other_v8)).contains("V8's version"));
    }

    #[test]
    fn fingerprints_tell_order_and_borders() {
        assert_ne!(fingerprint(["a", "b"]), fingerprint(["b", "a"]));
        assert_ne!(fingerprint(["ab"]), fingerprint(["a", "b"]));
        assert_eq!(fingerprint(["ab", "c"]), fingerprint(["ab", "c"]));
    }
}
