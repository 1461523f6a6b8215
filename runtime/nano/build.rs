//! Has the linker lead some of V8's questions to `src/heaps.rs`. Not by `.cargo/config.toml`, as all programs but this one do without.

/// `v8::internal::Heap::CanExpandOldGeneration(size_t) const` and
/// `v8::internal::Heap::IsOldGenerationExpansionAllowed(size_t, const base::LockGuard<base::Mutex>&) const`.
const LED: [&str; 2] = [
    "_ZNK2v88internal4Heap22CanExpandOldGenerationEm",
    "_ZNK2v88internal4Heap31IsOldGenerationExpansionAllowedEmRKNS_4base9LockGuardINS2_5MutexEEE",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        for function in LED {
            println!("cargo::rustc-link-arg-bins=-Wl,--wrap={function}");
        }
    }
}
