// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/)
// Date: 2026-11-28

/** A transform stream that hands on bytes as they are; its readable side is a byte stream. */
[Exposed=Worker, Implementation=Script, Lazy=identity_streams]
interface IdentityTransformStream : TransformStream {
  constructor(optional QueuingStrategy writableStrategy = {});
};

// DEPARTURE: Workers take a bigint, too.
/** Hands on so many bytes, neither more nor fewer: a body that is its readable side has a Content-Length. */
[Exposed=Worker, Implementation=Script, Lazy=identity_streams]
interface FixedLengthStream : IdentityTransformStream {
  constructor([EnforceRange] unsigned long long expectedLength, optional QueuingStrategy writableStrategy = {});
};

// As in Workers, it is no global, but `crypto.DigestStream`: https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors
// DEPARTURE: `bytesWritten` is a number, which a bigint is in newer versions of Workers.
/** Digests what is written to it; only the digest is kept. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=digest_stream]
interface DigestStream : WritableStream {
  /**
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
  [SameObject, Throws] readonly attribute object DigestStream;
};

/** Who compresses a response's body, where its Content-Encoding is gzip, br or deflate: NANO, when it is sent ("automatic"), or the app, which has ("manual"). */
enum ResponseEncodeBody { "automatic", "manual" };

// DEPARTURE: in Workers "automatic" is what is not given. Whoever compresses by himself, as programs for other runtimes do, would have to say so.
partial dictionary ResponseInit {
  ResponseEncodeBody encodeBody = "manual";
};

// Of https://wicg.github.io/scheduling-apis/#sec-scheduler, `postTask` and `yield` are not there.
/** What has to do with time. */
[Exposed=Worker, Implementation=Script, Lazy=scheduler]
interface Scheduler {
  /**
   * A promise that resolves after so many milliseconds.
   * @throws {any} the reason of the signal
   * @throws {QuotaExceededError} if the app has as many timers as it may
   */
  Promise<undefined> wait(double delay, optional SchedulerWaitOptions options = {});
};

/** How to wait. */
dictionary SchedulerWaitOptions {
  /** Ends the waiting. */
  AbortSignal signal;
};

partial interface mixin WindowOrWorkerGlobalScope {
  /** Workers' `scheduler.wait()`. */
  [SameObject, Throws] readonly attribute Scheduler scheduler;
};

// https://developers.cloudflare.com/workers/runtime-apis/cache/#accessing-cache
partial interface CacheStorage {
  /** The cache that is there without a name. */
  readonly attribute Cache default;
};
