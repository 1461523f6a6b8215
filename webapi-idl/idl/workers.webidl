// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/)
// Date: 2026-11-28

/** A transform stream that hands on bytes as they are; its readable side is a byte stream. */
[Exposed=Worker, Implementation=Script]
interface IdentityTransformStream : TransformStream {
  constructor(optional QueuingStrategy writableStrategy = {});
};

// DEPARTURE: Workers take a bigint, too.
/** Hands on so many bytes, neither more nor fewer: a body that is its readable side has a Content-Length. */
[Exposed=Worker, Implementation=Script]
interface FixedLengthStream : IdentityTransformStream {
  constructor([EnforceRange] unsigned long long expectedLength, optional QueuingStrategy writableStrategy = {});
};
