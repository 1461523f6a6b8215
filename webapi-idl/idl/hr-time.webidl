// Source: High Resolution Time (https://w3c.github.io/hr-time/)
// Date: 2026-07-01

typedef double DOMHighResTimeStamp;

/** A clock that never goes back. */
[Section=sec-performance, Exposed=(Window,Worker)]
interface Performance : EventTarget {
    /** Milliseconds since `timeOrigin`. */
    DOMHighResTimeStamp now();
    /** When the app's instance started, in milliseconds since the Unix epoch. */
    readonly attribute DOMHighResTimeStamp timeOrigin;
    /** An object with the times, for JSON. */
    [Default] object toJSON();
};

partial interface mixin WindowOrWorkerGlobalScope {
  /** A clock that never goes back. */
  [Section=the-performance-attribute, Replaceable, Throws] readonly attribute Performance performance;
};
