// `TransformStream` and the abstract operations on it: https://streams.spec.whatwg.org/#ts-abstract-ops
//
// A transformer, whoever made it, is an object with `transform(chunk, controller)`, `flush(controller)` and `cancel(reason)`: what the
// standard calls the transform, flush and cancel algorithms. They return promises, or undefined where they are done.

import { RangeErrorConstructor } from "../script/primordials.js";
import { PlatformObject, resolvedWithUndefined } from "../script/webidl.js";
import { convert_Transformer } from "nano:bindings";
import { Deferred, LazyPromise, resolveWith } from "./promises.js";
import { extractHighWaterMark, extractSizeAlgorithm } from "./queuing_strategies.js";
import { createReadableStream } from "./readable_stream_operations.js";
import { endPull, readableStreamDefaultControllerError } from "./readable_stream_default_controller.js";
import {
  AppTransformer,
  clearTransformAlgorithms,
  setUpTransformStreamDefaultController,
} from "./transform_stream_default_controller.js";
import { TransformSink, TransformSource } from "./transform_stream_ends.js";
import { writableStreamDefaultControllerErrorIfNeeded } from "./writable_stream_default_controller.js";
import { createWritableStream } from "./writable_stream_operations.js";

/** https://streams.spec.whatwg.org/#ts-class */
export class TransformStreamImpl extends PlatformObject {
  backpressure = undefined;
  backpressureChangePromise = new LazyPromise();
  // Whether a pull of the readable side waits for [[backpressureChangePromise]]. It needs no promise for that.
  pullEndsWithBackpressureChange = false;
  // A TransformStreamDefaultControllerImpl; undefined in a transferred stream.
  controller = undefined;
  // https://streams.spec.whatwg.org/#ts-readable
  readable = undefined;
  // https://streams.spec.whatwg.org/#ts-writable
  writable = undefined;

  // https://streams.spec.whatwg.org/#ts-constructor
  constructor_(transformer = null, writableStrategy, readableStrategy) {
    // 2. Let transformerDict be transformer, converted to an IDL value of type Transformer.
    const transformerDict = convert_Transformer(transformer, "Failed to construct 'TransformStream'");
    // 3. and 4.
    if ("readableType" in transformerDict || "writableType" in transformerDict) {
      throw new RangeErrorConstructor("A transformer must not have a readableType or writableType: there is only one kind of TransformStream");
    }
    // 5. to 8.
    const readableHighWaterMark = extractHighWaterMark(readableStrategy, 0);
    const readableSizeAlgorithm = extractSizeAlgorithm(readableStrategy);
    const writableHighWaterMark = extractHighWaterMark(writableStrategy, 1);
    const writableSizeAlgorithm = extractSizeAlgorithm(writableStrategy);
    // 9. to 11.
    const start = transformerDict.start;
    const startDeferred = start === undefined ? undefined : new Deferred();
    const startPromise = start === undefined ? resolvedWithUndefined : startDeferred.promise;
    initializeTransformStream(this, startPromise, writableHighWaterMark, writableSizeAlgorithm, readableHighWaterMark, readableSizeAlgorithm);
    setUpTransformStreamDefaultController(this, new AppTransformer(transformer, transformerDict));
    // 12. and 13.
    if (start !== undefined) resolveWith(startDeferred, start(transformer, this.controller));
  }
}

/**
 * Sets up a new `TransformStream` with a transformer of a built-in script.
 * https://streams.spec.whatwg.org/#transformstream-set-up
 */
export function createTransformStream(transformer) {
  const stream = new TransformStreamImpl();
  // The high water marks are 1 and 0, as the constructor has them by default.
  initializeTransformStream(stream, resolvedWithUndefined, 1, undefined, 0, undefined);
  setUpTransformStreamDefaultController(stream, transformer);
  return stream;
}

// https://streams.spec.whatwg.org/#initialize-transform-stream
function initializeTransformStream(
  stream,
  startPromise,
  writableHighWaterMark,
  writableSizeAlgorithm,
  readableHighWaterMark,
  readableSizeAlgorithm,
) {
  // 1. to 5.
  stream.writable = createWritableStream(new TransformSink(stream, startPromise), writableHighWaterMark, writableSizeAlgorithm);
  // 6. to 8.
  stream.readable = createReadableStream(new TransformSource(stream, startPromise), readableHighWaterMark, readableSizeAlgorithm);
  // 9. and 10.
  transformStreamSetBackpressure(stream, true);
}

// https://streams.spec.whatwg.org/#transform-stream-error
export function transformStreamError(stream, error) {
  readableStreamDefaultControllerError(stream.readable.controller, error);
  transformStreamErrorWritableAndUnblockWrite(stream, error);
}

// https://streams.spec.whatwg.org/#transform-stream-error-writable-and-unblock-write
export function transformStreamErrorWritableAndUnblockWrite(stream, error) {
  clearTransformAlgorithms(stream.controller);
  writableStreamDefaultControllerErrorIfNeeded(stream.writable.controller, error);
  transformStreamUnblockWrite(stream);
}

// https://streams.spec.whatwg.org/#transform-stream-set-backpressure
export function transformStreamSetBackpressure(stream, backpressure) {
  // 2. and 3.
  stream.backpressureChangePromise.resolve();
  stream.backpressureChangePromise.replaceWithPending();
  if (stream.pullEndsWithBackpressureChange) {
    stream.pullEndsWithBackpressureChange = false;
    endPull(stream.readable.controller);
  }
  // 4.
  stream.backpressure = backpressure;
}

// https://streams.spec.whatwg.org/#transform-stream-unblock-write
export function transformStreamUnblockWrite(stream) {
  if (stream.backpressure) transformStreamSetBackpressure(stream, false);
}
