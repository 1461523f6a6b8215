// The two ends of a transform stream: the sink behind its writable side and the source behind its readable side.
// https://streams.spec.whatwg.org/#ts-default-sink-abstract-ops and https://streams.spec.whatwg.org/#ts-default-source-abstract-ops

import { PromisePrototypeThen } from "../script/primordials.js";
import { Deferred, thenAlso } from "./promises.js";
import { pullEndsLater, readableStreamDefaultControllerClose, readableStreamDefaultControllerError } from "./readable_stream_default_controller.js";
import { transformStreamSetBackpressure, transformStreamUnblockWrite } from "./transform_stream.js";
import { clearTransformAlgorithms, performTransform } from "./transform_stream_default_controller.js";
import { writableStreamDefaultControllerErrorIfNeeded } from "./writable_stream_default_controller.js";

/** The underlying sink of the writable side. */
export class TransformSink {
  constructor(stream, startPromise) {
    this.stream = stream;
    this.startPromise = startPromise;
    // The chunk that waits for the readable side. A sink writes one chunk at a time, so there is never more than one.
    this.waitingChunk = undefined;
    this.writeWaitingChunk = undefined;
  }

  start() {
    return this.startPromise;
  }

  // https://streams.spec.whatwg.org/#transform-stream-default-sink-write-algorithm
  write(chunk) {
    const stream = this.stream;
    // 4.
    if (!stream.backpressure) return performTransform(stream.controller, chunk);
    // 3. If stream.[[backpressure]] is true, wait for the change.
    this.waitingChunk = chunk;
    this.writeWaitingChunk ??= () => {
      const waitingChunk = this.waitingChunk;
      this.waitingChunk = undefined;
      const writable = stream.writable;
      if (writable.state === "erroring") throw writable.storedError;
      return performTransform(stream.controller, waitingChunk);
    };
    return thenAlso(stream.backpressureChangePromise.promise, this.writeWaitingChunk);
  }

  // https://streams.spec.whatwg.org/#transform-stream-default-sink-abort-algorithm
  abort(reason) {
    const { controller, readable } = this.stream;
    // 2.
    if (controller.finishPromise !== undefined) return controller.finishPromise;
    // 4. to 6.
    const finish = beginToFinish(controller);
    const cancelPromise = controller.cancelAlgorithm(reason);
    clearTransformAlgorithms(controller);
    // 7.
    PromisePrototypeThen(
      cancelPromise,
      () => {
        if (readable.state === "errored") {
          finish.reject(readable.storedError);
        } else {
          readableStreamDefaultControllerError(readable.controller, reason);
          finish.resolve(undefined);
        }
      },
      (error) => {
        readableStreamDefaultControllerError(readable.controller, error);
        finish.reject(error);
      },
    );
    // 8.
    return finish.promise;
  }

  // https://streams.spec.whatwg.org/#transform-stream-default-sink-close-algorithm
  close() {
    const { controller, readable } = this.stream;
    // 2.
    if (controller.finishPromise !== undefined) return controller.finishPromise;
    // 4. to 6.
    const finish = beginToFinish(controller);
    const flushPromise = controller.flushAlgorithm();
    clearTransformAlgorithms(controller);
    // 7.
    PromisePrototypeThen(
      flushPromise,
      () => {
        if (readable.state === "errored") {
          finish.reject(readable.storedError);
        } else {
          readableStreamDefaultControllerClose(readable.controller);
          finish.resolve(undefined);
        }
      },
      (error) => {
        readableStreamDefaultControllerError(readable.controller, error);
        finish.reject(error);
      },
    );
    // 8.
    return finish.promise;
  }
}

/** The underlying source of the readable side. */
export class TransformSource {
  constructor(stream, startPromise) {
    this.stream = stream;
    this.startPromise = startPromise;
  }

  start() {
    return this.startPromise;
  }

  // https://streams.spec.whatwg.org/#transform-stream-default-source-pull
  pull() {
    // 3. and 4. The pull ends when the backpressure changes again.
    transformStreamSetBackpressure(this.stream, false);
    this.stream.pullEndsWithBackpressureChange = true;
    return pullEndsLater;
  }

  // https://streams.spec.whatwg.org/#transform-stream-default-source-cancel
  cancel(reason) {
    const stream = this.stream;
    const { controller, writable } = stream;
    // 2.
    if (controller.finishPromise !== undefined) return controller.finishPromise;
    // 4. to 6.
    const finish = beginToFinish(controller);
    const cancelPromise = controller.cancelAlgorithm(reason);
    clearTransformAlgorithms(controller);
    // 7.
    PromisePrototypeThen(
      cancelPromise,
      () => {
        if (writable.state === "errored") {
          finish.reject(writable.storedError);
        } else {
          writableStreamDefaultControllerErrorIfNeeded(writable.controller, reason);
          transformStreamUnblockWrite(stream);
          finish.resolve(undefined);
        }
      },
      (error) => {
        writableStreamDefaultControllerErrorIfNeeded(writable.controller, error);
        transformStreamUnblockWrite(stream);
        finish.reject(error);
      },
    );
    // 8.
    return finish.promise;
  }
}

/** Sets controller.[[finishPromise]] to a new promise. */
function beginToFinish(controller) {
  const finish = new Deferred();
  controller.finishPromise = finish.promise;
  return finish;
}
