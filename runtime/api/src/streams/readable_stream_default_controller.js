// `ReadableStreamDefaultController`, its internal methods and abstract operations.

import { PromisePrototypeThen, TypeErrorConstructor } from "../script/primordials.js";
import { PlatformObject, resolvedWithUndefined } from "../script/webidl.js";
import { promiseResolvedWith, queueMicrotaskSteps } from "./promises.js";
import { QueueWithSizes } from "./queue_with_sizes.js";
import { readableStreamClose, readableStreamError, readableStreamFulfillReadRequest } from "./readable_stream_operations.js";

/** https://streams.spec.whatwg.org/#rs-default-controller-class */
export class ReadableStreamDefaultControllerImpl extends PlatformObject {
  // Which of the two kinds of controllers this is.
  isByteController = false;
  stream = undefined;
  // The pull and cancel algorithms; undefined after ReadableStreamDefaultControllerClearAlgorithms.
  source = undefined;
  // `(thisArg, chunk) => number`; undefined for the algorithm that returns 1.
  sizeAlgorithm = undefined;
  highWaterMark = 0;
  queue = new QueueWithSizes();
  started = false;
  closeRequested = false;
  pulling = false;
  pullAgain = false;
  // The reactions to a pull's promise, made on the first pull and used for all.
  onPullFulfilled = undefined;
  onPullRejected = undefined;

  // https://streams.spec.whatwg.org/#rs-default-controller-desired-size
  get desiredSize() {
    return readableStreamDefaultControllerGetDesiredSize(this);
  }

  // https://streams.spec.whatwg.org/#rs-default-controller-close
  close() {
    if (!readableStreamDefaultControllerCanCloseOrEnqueue(this)) {
      throw new TypeErrorConstructor("Cannot close a ReadableStream that is closing, closed or errored");
    }
    readableStreamDefaultControllerClose(this);
  }

  // https://streams.spec.whatwg.org/#rs-default-controller-enqueue
  enqueue(chunk) {
    if (!readableStreamDefaultControllerCanCloseOrEnqueue(this)) {
      throw new TypeErrorConstructor("Cannot enqueue a chunk into a ReadableStream that is closing, closed or errored");
    }
    readableStreamDefaultControllerEnqueue(this, chunk);
  }

  // https://streams.spec.whatwg.org/#rs-default-controller-error
  error(error) {
    readableStreamDefaultControllerError(this, error);
  }

  // [[CancelSteps]]: https://streams.spec.whatwg.org/#rs-default-controller-private-cancel
  cancelSteps(reason) {
    this.queue.reset();
    const result = this.source.cancel(reason);
    clearAlgorithms(this);
    return result;
  }

  // [[PullSteps]]: https://streams.spec.whatwg.org/#rs-default-controller-private-pull
  pullSteps(readRequest) {
    if (this.hasChunks) {
      readRequest.chunkSteps(this.takeChunk());
    } else {
      this.stream.reader.readRequests.append(readRequest);
      callPullIfNeeded(this);
    }
  }

  /** Whether a read can have a chunk at once. */
  get hasChunks() {
    return !this.queue.isEmpty;
  }

  /** Steps 2.1 to 2.3 of [[PullSteps]]: the next chunk, after everything that its leaving the queue brings about. */
  takeChunk() {
    const chunk = this.queue.dequeue();
    if (this.closeRequested && this.queue.isEmpty) {
      clearAlgorithms(this);
      readableStreamClose(this.stream);
    } else {
      callPullIfNeeded(this);
    }
    return chunk;
  }

  // [[ReleaseSteps]]: https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultcontroller-releasesteps
  releaseSteps() {}
}

/** What a built-in source's pull algorithm may return; it has to call `endPull` of this file when it is done. */
export const pullEndsLater = { __proto__: null };

/**
 * Beyond the standard, a pull algorithm may return undefined where it is done and no promise has to say so, or `pullEndsLater`.
 * https://streams.spec.whatwg.org/#readable-stream-default-controller-call-pull-if-needed
 */
function callPullIfNeeded(controller) {
  // 1. and 2.
  if (!shouldCallPull(controller)) return;
  // 3. If controller.[[pulling]] is true, set controller.[[pullAgain]] to true and return.
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  // 5. and 6.
  controller.pulling = true;
  const pullPromise = controller.source.pull(controller);
  if (pullPromise === undefined) {
    controller.pulling = false;
    return;
  }
  if (controller.onPullFulfilled === undefined) makePullReactions(controller);
  if (pullPromise !== pullEndsLater) PromisePrototypeThen(pullPromise, controller.onPullFulfilled, controller.onPullRejected);
}

/** Ends a pull for which `pullEndsLater` was returned, in a microtask, as if a promise had been fulfilled. */
export function endPull(controller) {
  queueMicrotaskSteps(controller.onPullFulfilled);
}

function makePullReactions(controller) {
  // 7. Upon fulfillment of pullPromise,
  controller.onPullFulfilled = () => {
    controller.pulling = false;
    if (controller.pullAgain) {
      controller.pullAgain = false;
      callPullIfNeeded(controller);
    }
  };
  // 8. Upon rejection of pullPromise with reason e,
  controller.onPullRejected = (error) => readableStreamDefaultControllerError(controller, error);
}

// https://streams.spec.whatwg.org/#readable-stream-default-controller-should-call-pull
function shouldCallPull(controller) {
  // 1. to 3.
  const stream = controller.stream;
  if (!readableStreamDefaultControllerCanCloseOrEnqueue(controller) || !controller.started) return false;
  // 4. Somebody waits for a chunk. (A stream with this controller has default readers only.)
  if (stream.reader !== undefined && stream.reader.readRequests.length > 0) return true;
  // 5. to 8.
  return controller.highWaterMark - controller.queue.totalSize > 0;
}

// https://streams.spec.whatwg.org/#readable-stream-default-controller-clear-algorithms
function clearAlgorithms(controller) {
  controller.source = undefined;
  controller.sizeAlgorithm = undefined;
}

// https://streams.spec.whatwg.org/#readable-stream-default-controller-close
export function readableStreamDefaultControllerClose(controller) {
  // 1.
  if (!readableStreamDefaultControllerCanCloseOrEnqueue(controller)) return;
  // 3. Set controller.[[closeRequested]] to true.
  controller.closeRequested = true;
  // 4. If controller.[[queue]] is empty,
  if (controller.queue.isEmpty) {
    clearAlgorithms(controller);
    readableStreamClose(controller.stream);
  }
}

// https://streams.spec.whatwg.org/#readable-stream-default-controller-enqueue
export function readableStreamDefaultControllerEnqueue(controller, chunk) {
  // 1.
  if (!readableStreamDefaultControllerCanCloseOrEnqueue(controller)) return;
  const stream = controller.stream;
  // 3. Whoever waits gets the chunk.
  if (stream.reader !== undefined && stream.reader.readRequests.length > 0) {
    readableStreamFulfillReadRequest(stream, chunk, false);
  } else if (controller.sizeAlgorithm === undefined) {
    controller.queue.enqueue(chunk, 1);
  } else {
    // 4. An exception of the size algorithm or for a bad size errors the stream.
    try {
      const sizeAlgorithm = controller.sizeAlgorithm;
      controller.queue.enqueue(chunk, sizeAlgorithm(undefined, chunk));
    } catch (error) {
      readableStreamDefaultControllerError(controller, error);
      throw error;
    }
  }
  // 5.
  callPullIfNeeded(controller);
}

// https://streams.spec.whatwg.org/#readable-stream-default-controller-error
export function readableStreamDefaultControllerError(controller, error) {
  const stream = controller.stream;
  // 2. If stream.[[state]] is not "readable", return.
  if (stream.state !== "readable") return;
  // 3. to 5.
  controller.queue.reset();
  clearAlgorithms(controller);
  readableStreamError(stream, error);
}

// https://streams.spec.whatwg.org/#readable-stream-default-controller-get-desired-size
export function readableStreamDefaultControllerGetDesiredSize(controller) {
  const state = controller.stream.state;
  if (state === "errored") return null;
  if (state === "closed") return 0;
  return controller.highWaterMark - controller.queue.totalSize;
}

// https://streams.spec.whatwg.org/#rs-default-controller-has-backpressure
export function readableStreamDefaultControllerHasBackpressure(controller) {
  return !shouldCallPull(controller);
}

// https://streams.spec.whatwg.org/#readable-stream-default-controller-can-close-or-enqueue
export function readableStreamDefaultControllerCanCloseOrEnqueue(controller) {
  return !controller.closeRequested && controller.stream.state === "readable";
}

// https://streams.spec.whatwg.org/#set-up-readable-stream-default-controller
export function setUpReadableStreamDefaultController(stream, controller, source, highWaterMark, sizeAlgorithm) {
  // 2. to 8. (The other slots have their values already.)
  controller.stream = stream;
  controller.sizeAlgorithm = sizeAlgorithm;
  controller.highWaterMark = highWaterMark;
  controller.source = source;
  stream.controller = controller;
  // 9. Let startResult be the result of performing startAlgorithm. (This might throw an exception.)
  const startResult = source.start(controller);
  // 10. Let startPromise be a promise resolved with startResult.
  const startPromise = promiseResolvedWith(startResult);
  PromisePrototypeThen(
    startPromise,
    // 11. Upon fulfillment of startPromise,
    () => {
      controller.started = true;
      callPullIfNeeded(controller);
    },
    // 12. Upon rejection of startPromise with reason r,
    (reason) => readableStreamDefaultControllerError(controller, reason),
  );
}

// https://streams.spec.whatwg.org/#set-up-readable-stream-default-controller-from-underlying-source
export function setUpReadableStreamDefaultControllerFromUnderlyingSource(
  stream,
  underlyingSource,
  underlyingSourceDict,
  highWaterMark,
  sizeAlgorithm,
) {
  const source = new AppUnderlyingSource(underlyingSource, underlyingSourceDict);
  setUpReadableStreamDefaultController(stream, new ReadableStreamDefaultControllerImpl(), source, highWaterMark, sizeAlgorithm);
}

/** The algorithms of an underlying source that an app gave, for both kinds of controllers: steps 2 to 7 of the operation above. */
export class AppUnderlyingSource {
  constructor(underlyingSource, { start, pull, cancel }) {
    this.underlyingSource = underlyingSource;
    this.startCallback = start;
    this.pullCallback = pull;
    this.cancelCallback = cancel;
  }

  start(controller) {
    const start = this.startCallback;
    return start === undefined ? undefined : start(this.underlyingSource, controller);
  }

  pull(controller) {
    const pull = this.pullCallback;
    return pull === undefined ? undefined : pull(this.underlyingSource, controller);
  }

  cancel(reason) {
    const cancel = this.cancelCallback;
    return cancel === undefined ? resolvedWithUndefined : cancel(this.underlyingSource, reason);
  }
}
