//! What is tested.

/// The folders, and beginnings of files' names, of the tests that `cargo test -p conformance` runs.
///
/// Only what NANO wants to pass is here. A test that does not apply, though its folder does, is `omit` in the expectations.
pub const SUITES: &[&str] = &[
    "FileAPI",
    "WebCryptoAPI/digest",
    "WebCryptoAPI/getRandomValues",
    "WebCryptoAPI/idlharness.https",
    "WebCryptoAPI/randomUUID",
    "console",
    "dom/abort",
    "dom/events",
    "encoding",
    "fetch/api/abort",
    "fetch/api/basic",
    "fetch/api/body",
    "fetch/api/headers",
    "fetch/api/idlharness",
    "fetch/api/redirect",
    "fetch/api/request",
    "fetch/api/response",
    "fetch/content-encoding",
    "fetch/data-urls",
    "hr-time",
    "html/webappapis/atob",
    "html/webappapis/microtask-queuing",
    "html/webappapis/structured-clone",
    "html/webappapis/timers",
    "streams",
    "url",
    "webidl/ecmascript-binding",
    "webmessaging/Channel_",
    "webmessaging/MessageEvent",
    "webmessaging/MessagePort",
    "webmessaging/message-channels",
];
