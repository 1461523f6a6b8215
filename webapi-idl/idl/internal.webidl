// Source: NANO
// Date: 2026-07-01

// `[Internal] namespace`s: how built-in scripts reach Rust. Apps never see them; scripts import them from `nano:native`.
