// `IdentityTransformStream`, as in Workers: bytes go through it as they are.

import { IdentityEnds } from "./identity_ends.js";
import { extractHighWaterMark, extractSizeAlgorithm } from "./queuing_strategies.js";
import { ReadableByteStreamControllerImpl } from "./readable_byte_stream_controller.js";
import { setUpReadableByteStreamController } from "./readable_byte_stream_setup.js";
import { ReadableStreamImpl } from "./readable_stream.js";
import { TransformStreamImpl } from "./transform_stream.js";
import { createWritableStream } from "./writable_stream_operations.js";

/** https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#identitytransformstream */
export class IdentityTransformStreamImpl extends TransformStreamImpl {
  constructor_(writableStrategy) {
    this.setUp_(undefined, writableStrategy);
  }

  /** `length`: how many bytes there will be, where that is known. */
  setUp_(length, writableStrategy) {
    const highWaterMark = extractHighWaterMark(writableStrategy, 1);
    const sizeAlgorithm = extractSizeAlgorithm(writableStrategy);
    const ends = new IdentityEnds(length);
    this.readable = new ReadableStreamImpl();
    setUpReadableByteStreamController(this.readable, new ReadableByteStreamControllerImpl(), ends, 0, undefined);
    ends.controller = this.readable.controller;
    this.writable = createWritableStream(ends.sink, highWaterMark, sizeAlgorithm);
    ends.writable = this.writable;
  }
}
