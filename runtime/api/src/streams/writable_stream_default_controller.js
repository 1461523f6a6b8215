// `WritableStreamDefaultController`, its internal methods and abstract operations.

import { PromisePrototypeThen } from "../script/primordials.js";
import { PlatformObject, resolvedWithUndefined } from "../script/webidl.js";
import { AbortSignalImpl } from "../dom/abort_signal.js";
import { promiseResolvedWith } from "./promises.js";
import { QueueWithSizes } from "./queue_with_sizes.js";
import {
  writableStreamCloseQueuedOrInFlight,
  writableStreamDealWithRejection,
  writableStreamFinishErroring,
  writableStreamFinishInFlightClose,
  writableStreamFinishInFlightCloseWithError,
  writableStreamFinishInFlightWrite,
  writableStreamFinishInFlightWriteWithError,
  writableStreamStartErroring,
  writableStreamUpdateBackpressure,
} from "./writable_stream_operations.js";

/** The value in the queue that stands for the request to close. https://streams.spec.whatwg.org/#close-sentinel */
const closeSentinel = { __proto__: null };

/** https://streams.spec.whatwg.org/#ws-default-controller-class */
export class WritableStreamDefaultControllerImpl extends PlatformObject {
  // The signal of [[abortController]]. Nobody can see it before `signal` is read, so it is made then.
  abortSignal = undefined;
  // Whether and why abort was signaled.
  abortSignaled = false;
  abortReason = undefined;
  stream = undefined;
  // The write, close and abort algorithms; undefined after WritableStreamDefaultControllerClearAlgorithms.
  sink = undefined;
  // `(thisArg, chunk) => number`; undefined for the algorithm that returns 1.
  sizeAlgorithm = undefined;
  highWaterMark = 0;
  queue = new QueueWithSizes();
  started = false;
  // The reactions to a write's promise, made on the first write and used for all.
  onWriteFulfilled = undefined;
  onWriteRejected = undefined;

  // https://streams.spec.whatwg.org/#ws-default-controller-signal
  get signal() {
    if (this.abortSignal === undefined) {
      this.abortSignal = new AbortSignalImpl();
      if (this.abortSignaled) this.abortSignal.signalAbort(this.abortReason);
    }
    return this.abortSignal;
  }

  // https://streams.spec.whatwg.org/#ws-default-controller-error
  error(error) {
    if (this.stream.state === "writable") writableStreamDefaultControllerError(this, error);
  }

  /** https://dom.spec.whatwg.org/#abortcontroller-signal-abort on [[abortController]] */
  signalAbort(reason) {
    if (this.abortSignaled) return;
    this.abortSignaled = true;
    this.abortReason = reason;
    if (this.abortSignal !== undefined) this.abortSignal.signalAbort(reason);
  }

  // [[AbortSteps]]: https://streams.spec.whatwg.org/#ws-default-controller-private-abort
  abortSteps(reason) {
    const result = this.sink.abort(reason);
    clearWritableAlgorithms(this);
    return result;
  }

  // [[ErrorSteps]]: https://streams.spec.whatwg.org/#ws-default-controller-private-error
  errorSteps() {
    this.queue.reset();
  }
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller
export function setUpWritableStreamDefaultController(stream, controller, sink, highWaterMark, sizeAlgorithm) {
  // 3. to 12. (The other slots have their values already.)
  controller.stream = stream;
  stream.controller = controller;
  controller.sizeAlgorithm = sizeAlgorithm;
  controller.highWaterMark = highWaterMark;
  controller.sink = sink;
  // 13. and 14.
  writableStreamUpdateBackpressure(stream, getBackpressure(controller));
  // 15. Let startResult be the result of performing startAlgorithm. (This may throw an exception.)
  const startResult = sink.start(controller);
  // 16. Let startPromise be a promise resolved with startResult.
  const startPromise = promiseResolvedWith(startResult);
  PromisePrototypeThen(
    startPromise,
    // 17. Upon fulfillment of startPromise,
    () => {
      controller.started = true;
      advanceQueueIfNeeded(controller);
    },
    // 18. Upon rejection of startPromise with reason r,
    (reason) => {
      controller.started = true;
      writableStreamDealWithRejection(stream, reason);
    },
  );
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller-from-underlying-sink
export function setUpWritableStreamDefaultControllerFromUnderlyingSink(
  stream,
  underlyingSink,
  underlyingSinkDict,
  highWaterMark,
  sizeAlgorithm,
) {
  const sink = new AppUnderlyingSink(underlyingSink, underlyingSinkDict);
  setUpWritableStreamDefaultController(stream, new WritableStreamDefaultControllerImpl(), sink, highWaterMark, sizeAlgorithm);
}

/** The algorithms of an underlying sink that an app gave: steps 2 to 9 of the operation above. */
class AppUnderlyingSink {
  constructor(underlyingSink, { start, write, close, abort }) {
    this.underlyingSink = underlyingSink;
    this.startCallback = start;
    this.writeCallback = write;
    this.closeCallback = close;
    this.abortCallback = abort;
  }

  start(controller) {
    const start = this.startCallback;
    return start === undefined ? undefined : start(this.underlyingSink, controller);
  }

  write(chunk, controller) {
    const write = this.writeCallback;
    return write === undefined ? resolvedWithUndefined : write(this.underlyingSink, chunk, controller);
  }

  close() {
    const close = this.closeCallback;
    return close === undefined ? resolvedWithUndefined : close(this.underlyingSink);
  }

  abort(reason) {
    const abort = this.abortCallback;
    return abort === undefined ? resolvedWithUndefined : abort(this.underlyingSink, reason);
  }
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-advance-queue-if-needed
function advanceQueueIfNeeded(controller) {
  const stream = controller.stream;
  // 2. and 3.
  if (!controller.started || stream.inFlightWriteRequest !== undefined) return;
  // 6. If state is "erroring", perform ! WritableStreamFinishErroring(stream) and return.
  if (stream.state === "erroring") {
    writableStreamFinishErroring(stream);
    return;
  }
  // 7. to 10.
  if (controller.queue.isEmpty) return;
  const value = controller.queue.peek();
  if (value === closeSentinel) processClose(controller);
  else processWrite(controller, value);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-clear-algorithms
function clearWritableAlgorithms(controller) {
  controller.sink = undefined;
  controller.sizeAlgorithm = undefined;
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-close
export function writableStreamDefaultControllerClose(controller) {
  controller.queue.enqueue(closeSentinel, 0);
  advanceQueueIfNeeded(controller);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-error
function writableStreamDefaultControllerError(controller, error) {
  clearWritableAlgorithms(controller);
  writableStreamStartErroring(controller.stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-error-if-needed
export function writableStreamDefaultControllerErrorIfNeeded(controller, error) {
  if (controller.stream.state === "writable") writableStreamDefaultControllerError(controller, error);
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-backpressure
function getBackpressure(controller) {
  return writableStreamDefaultControllerGetDesiredSize(controller) <= 0;
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-chunk-size
export function writableStreamDefaultControllerGetChunkSize(controller, chunk) {
  // 1. The size algorithm is 1 by default, or has been cleared.
  const sizeAlgorithm = controller.sizeAlgorithm;
  if (sizeAlgorithm === undefined) return 1;
  // 2. to 4.
  try {
    return sizeAlgorithm(undefined, chunk);
  } catch (error) {
    writableStreamDefaultControllerErrorIfNeeded(controller, error);
    return 1;
  }
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-get-desired-size
export function writableStreamDefaultControllerGetDesiredSize(controller) {
  return controller.highWaterMark - controller.queue.totalSize;
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-process-close
function processClose(controller) {
  const stream = controller.stream;
  // 2. Perform ! WritableStreamMarkCloseRequestInFlight(stream).
  stream.inFlightCloseRequest = stream.closeRequest;
  stream.closeRequest = undefined;
  // 3. to 6.
  controller.queue.dequeue();
  const sinkClosePromise = controller.sink.close();
  clearWritableAlgorithms(controller);
  // 7. and 8.
  PromisePrototypeThen(
    sinkClosePromise,
    () => writableStreamFinishInFlightClose(stream),
    (reason) => writableStreamFinishInFlightCloseWithError(stream, reason),
  );
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-process-write
function processWrite(controller, chunk) {
  const stream = controller.stream;
  // 2. Perform ! WritableStreamMarkFirstWriteRequestInFlight(stream).
  stream.inFlightWriteRequest = stream.writeRequests.takeFirst();
  // 3.
  const sinkWritePromise = controller.sink.write(chunk, controller);
  if (controller.onWriteFulfilled === undefined) makeWriteReactions(controller);
  PromisePrototypeThen(sinkWritePromise, controller.onWriteFulfilled, controller.onWriteRejected);
}

function makeWriteReactions(controller) {
  const stream = controller.stream;
  // 4. Upon fulfillment of sinkWritePromise,
  controller.onWriteFulfilled = () => {
    writableStreamFinishInFlightWrite(stream);
    controller.queue.dequeue();
    updateBackpressureWhileWritable(controller);
    advanceQueueIfNeeded(controller);
    // A pipe goes on where there is room; nothing else is going on in this microtask.
    const writer = stream.writer;
    if (writer !== undefined && writer.onReady !== undefined && !stream.backpressure) writer.onReady();
  };
  // 5. Upon rejection of sinkWritePromise with reason,
  controller.onWriteRejected = (reason) => {
    if (stream.state === "writable") clearWritableAlgorithms(controller);
    writableStreamFinishInFlightWriteWithError(stream, reason);
  };
}

// https://streams.spec.whatwg.org/#writable-stream-default-controller-write
export function writableStreamDefaultControllerWrite(controller, chunk, chunkSize) {
  // 1. and 2.
  try {
    controller.queue.enqueue(chunk, chunkSize);
  } catch (error) {
    writableStreamDefaultControllerErrorIfNeeded(controller, error);
    return;
  }
  // 3. to 5.
  updateBackpressureWhileWritable(controller);
  advanceQueueIfNeeded(controller);
}

function updateBackpressureWhileWritable(controller) {
  const stream = controller.stream;
  if (!writableStreamCloseQueuedOrInFlight(stream) && stream.state === "writable") {
    writableStreamUpdateBackpressure(stream, getBackpressure(controller));
  }
}
