// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/)
// Date: 2026-11-28

/** A transform stream that hands on bytes as they are; its readable side is a byte stream. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#identitytransformstream", Exposed=Worker, Implementation=Script, Lazy=identity_streams]
interface IdentityTransformStream : TransformStream {
  /** A new stream; the strategy says how much may wait in it. */
  constructor(optional QueuingStrategy writableStrategy = {});
};

// DEPARTURE: Workers take a bigint, too.
/** Hands on so many bytes, neither more nor fewer: a body that is its readable side has a Content-Length. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream", Exposed=Worker, Implementation=Script, Lazy=identity_streams]
interface FixedLengthStream : IdentityTransformStream {
  /** A stream of so many bytes. */
  constructor([EnforceRange] unsigned long long expectedLength, optional QueuingStrategy writableStrategy = {});
};

// As in Workers, it is no global, but `crypto.DigestStream`.
// DEPARTURE: `bytesWritten` is a number, which a bigint is in newer versions of Workers.
/** Digests what is written to it; only the digest is kept. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors", LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=digest_stream]
interface DigestStream : WritableStream {
  /**
   * A stream that digests by this algorithm.
   * @throws {DOMException} "NotSupportedError", if there is no such algorithm for digests
   * @throws {DOMException} "OperationError", if its parameters are not valid
   */
  constructor(AlgorithmIdentifier algorithm);
  /**
   * The digest, once the stream is closed.
   * @throws {TypeError} if a chunk is no bytes and no string
   * @throws {any} what the stream was aborted with
   */
  readonly attribute Promise<ArrayBuffer> digest;
  /** How many bytes have been digested. */
  readonly attribute unsigned long long bytesWritten;
};

partial interface Crypto {
  /** The class of writable streams that digest what is written to them. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors", SameObject, Throws] readonly attribute object DigestStream;
};

/** Who compresses a response's body, where its Content-Encoding is gzip, br or deflate: NANO, when it is sent ("automatic"), or the app, which has ("manual"). */
[Section="https://developers.cloudflare.com/workers/runtime-apis/response/#the-encodebody-option"] enum ResponseEncodeBody {
  /** The body is plain; NANO compresses it as `Content-Encoding` says. */
  "automatic",
  /** The body is compressed already, as `Content-Encoding` says. */
  "manual"
};

// DEPARTURE: in Workers "automatic" is what is not given. Whoever compresses by himself, as programs for other runtimes do, would have to say so.
partial dictionary ResponseInit {
  /** Who compresses the body where Content-Encoding says that it is. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/response/#the-encodebody-option"] ResponseEncodeBody encodeBody = "manual";
};

// Of https://wicg.github.io/scheduling-apis/#sec-scheduler, `postTask` and `yield` are not there.
/** What has to do with time. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/scheduler/", Exposed=Worker, Implementation=Script, Lazy=scheduler]
interface Scheduler {
  /**
   * A promise that resolves after so many milliseconds.
   * @throws {any} the reason of the signal
   * @throws {QuotaExceededError} if the app has as many timers as it may
   */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/scheduler/#syntax"] Promise<undefined> wait(double delay, optional SchedulerWaitOptions options = {});
};

/** How to wait. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/scheduler/#parameters"] dictionary SchedulerWaitOptions {
  /** Ends the waiting. */
  AbortSignal signal;
};

partial interface mixin WindowOrWorkerGlobalScope {
  /** Workers' `scheduler.wait()`. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/scheduler/", SameObject, Throws] readonly attribute Scheduler scheduler;
};

partial interface CacheStorage {
  /** The cache that is there without a name. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/cache/#accessing-cache"] readonly attribute Cache default;
};
