// Source: Referrer Policy (https://w3c.github.io/webappsec-referrer-policy/)
// Date: 2026-07-01

/** How much of an address is sent along as that of the referrer. */
enum ReferrerPolicy {
  /** As is usual: as with "strict-origin-when-cross-origin". */
  "",
  /** Nothing. */
  "no-referrer",
  /** The whole address, but nothing from HTTPS to HTTP. */
  "no-referrer-when-downgrade",
  /** The whole address to the same origin, and nothing to others. */
  "same-origin",
  /** The origin alone. */
  "origin",
  /** The origin alone, and nothing from HTTPS to HTTP. */
  "strict-origin",
  /** The whole address to the same origin, and the origin alone to others. */
  "origin-when-cross-origin",
  /** The whole address to the same origin, the origin alone to others, and nothing from HTTPS to HTTP. */
  "strict-origin-when-cross-origin",
  /** The whole address. */
  "unsafe-url"
};
