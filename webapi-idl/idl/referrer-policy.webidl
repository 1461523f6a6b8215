// Source: Referrer Policy (https://w3c.github.io/webappsec-referrer-policy/)
// Date: 2026-07-01

/** How much of an address is sent along as that of the referrer. */
enum ReferrerPolicy {
  "",
  "no-referrer",
  "no-referrer-when-downgrade",
  "same-origin",
  "origin",
  "strict-origin",
  "origin-when-cross-origin",
  "strict-origin-when-cross-origin",
  "unsafe-url"
};
