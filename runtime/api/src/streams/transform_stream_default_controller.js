// `TransformStreamDefaultController` and its abstract operations.

import { PromisePrototypeThen, PromiseReject, TypeErrorConstructor } from "../script/primordials.js";
import { PlatformObject, resolvedWithUndefined } from "../script/webidl.js";
import { promiseResolvedWith } from "./promises.js";
import {
  readableStreamDefaultControllerCanCloseOrEnqueue,
  readableStreamDefaultControllerClose,
  readableStreamDefaultControllerEnqueue,
  readableStreamDefaultControllerGetDesiredSize,
  readableStreamDefaultControllerHasBackpressure,
} from "./readable_stream_default_controller.js";
import {
  transformStreamError,
  transformStreamErrorWritableAndUnblockWrite,
  transformStreamSetBackpressure,
} from "./transform_stream.js";

/** https://streams.spec.whatwg.org/#ts-default-controller-class */
export class TransformStreamDefaultControllerImpl extends PlatformObject {
  stream = undefined;
  // The transform, flush and cancel algorithms; undefined after TransformStreamDefaultControllerClearAlgorithms.
  // DEPARTURE: the standard may still perform them then, though they are not there: when a stream with chunks in its queue is
  // cancelled after terminate(), and when a chunk is written during cancel(). We take that as algorithms which do nothing.
  transformer = undefined;
  finishPromise = undefined;
  // The reaction to the promise of a failed transform, made when the first promise comes.
  onTransformRejected = undefined;

  // https://streams.spec.whatwg.org/#ts-default-controller-desired-size
  get desiredSize() {
    return readableStreamDefaultControllerGetDesiredSize(this.stream.readable.controller);
  }

  // https://streams.spec.whatwg.org/#ts-default-controller-enqueue
  enqueue(chunk) {
    transformStreamDefaultControllerEnqueue(this, chunk);
  }

  // https://streams.spec.whatwg.org/#ts-default-controller-error
  error(error) {
    transformStreamError(this.stream, error);
  }

  // https://streams.spec.whatwg.org/#ts-default-controller-terminate
  terminate() {
    transformStreamDefaultControllerTerminate(this);
  }

  /** Performs the flush algorithm; always gives a promise. */
  flushAlgorithm() {
    try {
      return this.transformer?.flush(this) ?? resolvedWithUndefined;
    } catch (error) {
      return PromiseReject(error);
    }
  }

  /**
   * Performs the cancel algorithm; always gives a promise.
   *
   * Web IDL makes a new promise of the one that an app's `cancel()` returns, and so do we: the two microtasks that this takes decide
   * whether an error that `cancel()` signaled on the way has arrived at the writable side.
   */
  cancelAlgorithm(reason) {
    try {
      return promiseResolvedWith(this.transformer?.cancel(reason));
    } catch (error) {
      return PromiseReject(error);
    }
  }
}

// https://streams.spec.whatwg.org/#set-up-transform-stream-default-controller
export function setUpTransformStreamDefaultController(stream, transformer) {
  const controller = new TransformStreamDefaultControllerImpl();
  controller.stream = stream;
  controller.transformer = transformer;
  stream.controller = controller;
}

/**
 * The algorithms of a transformer that an app gave.
 * https://streams.spec.whatwg.org/#set-up-transform-stream-default-controller-from-transformer steps 2 to 7
 */
export class AppTransformer {
  constructor(transformer, { transform, flush, cancel }) {
    this.transformer = transformer;
    this.transformCallback = transform;
    this.flushCallback = flush;
    this.cancelCallback = cancel;
  }

  transform(chunk, controller) {
    const transform = this.transformCallback;
    if (transform !== undefined) return transform(this.transformer, chunk, controller);
    // Without transform() the stream is an identity transform.
    transformStreamDefaultControllerEnqueue(controller, chunk);
    return undefined;
  }

  flush(controller) {
    const flush = this.flushCallback;
    return flush === undefined ? undefined : flush(this.transformer, controller);
  }

  cancel(reason) {
    const cancel = this.cancelCallback;
    return cancel === undefined ? undefined : cancel(this.transformer, reason);
  }
}

// https://streams.spec.whatwg.org/#transform-stream-default-controller-clear-algorithms
export function clearTransformAlgorithms(controller) {
  controller.transformer = undefined;
}

// https://streams.spec.whatwg.org/#transform-stream-default-controller-enqueue
export function transformStreamDefaultControllerEnqueue(controller, chunk) {
  const stream = controller.stream;
  const readableController = stream.readable.controller;
  // 3.
  if (!readableStreamDefaultControllerCanCloseOrEnqueue(readableController)) {
    throw new TypeErrorConstructor("Cannot enqueue a chunk into a TransformStream whose readable side is closing, closed or errored");
  }
  // 4. and 5.
  try {
    readableStreamDefaultControllerEnqueue(readableController, chunk);
  } catch (error) {
    transformStreamErrorWritableAndUnblockWrite(stream, error);
    throw stream.readable.storedError;
  }
  // 6. and 7.
  const backpressure = readableStreamDefaultControllerHasBackpressure(readableController);
  if (backpressure !== stream.backpressure) transformStreamSetBackpressure(stream, true);
}

/** A promise of the end of the transform of `chunk`. https://streams.spec.whatwg.org/#transform-stream-default-controller-perform-transform */
export function performTransform(controller, chunk) {
  // 1.
  let transformPromise;
  try {
    transformPromise = controller.transformer?.transform(chunk, controller);
  } catch (error) {
    transformStreamError(controller.stream, error);
    return PromiseReject(error);
  }
  // A transform that is done needs no reaction.
  if (transformPromise === undefined || transformPromise === resolvedWithUndefined) return resolvedWithUndefined;
  // 2.
  controller.onTransformRejected ??= (error) => {
    transformStreamError(controller.stream, error);
    throw error;
  };
  return PromisePrototypeThen(transformPromise, undefined, controller.onTransformRejected);
}

// https://streams.spec.whatwg.org/#transform-stream-default-controller-terminate
function transformStreamDefaultControllerTerminate(controller) {
  const stream = controller.stream;
  // 2. and 3.
  readableStreamDefaultControllerClose(stream.readable.controller);
  // 4. and 5.
  transformStreamErrorWritableAndUnblockWrite(stream, new TypeErrorConstructor("The TransformStream has been terminated"));
}
