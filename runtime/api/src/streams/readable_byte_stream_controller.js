// `ReadableByteStreamController`, its internal methods, and the abstract operations that change its queue and state.
// Pull-into descriptors are in readable_byte_stream_pull_into.js, the set-up in readable_byte_stream_setup.js.

import {
  ArrayBufferConstructor,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeGetDetached,
  PromisePrototypeThen,
  TypeErrorConstructor,
  Uint8ArrayConstructor,
} from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { transferArrayBuffer, viewBuffer, viewByteLength, viewByteOffset } from "./buffers.js";
import { Deque } from "./deque.js";
import {
  enqueueDetachedPullIntoToQueue,
  PullIntoDescriptor,
  readableByteStreamControllerGetBYOBRequest,
  readableByteStreamControllerInvalidateBYOBRequest,
  fulfillPullIntosFromQueue,
} from "./readable_byte_stream_pull_into.js";
import {
  pendingReadRequests,
  readableStreamClose,
  readableStreamError,
  readableStreamFulfillReadRequest,
  readableStreamHasBYOBReader,
  readableStreamHasDefaultReader,
} from "./readable_stream_operations.js";

/** https://streams.spec.whatwg.org/#rbs-controller-class */
export class ReadableByteStreamControllerImpl extends PlatformObject {
  // Which of the two kinds of controllers this is.
  isByteController = true;
  stream = undefined;
  // The pull and cancel algorithms; undefined after ReadableByteStreamControllerClearAlgorithms.
  source = undefined;
  highWaterMark = 0;
  // Beyond the standard: whether the source learns of its end by pulling only.
  endNeedsPull = false;
  autoAllocateChunkSize = undefined;
  // ByteQueueEntry objects, and the sum of their lengths.
  queue = new Deque();
  queueTotalSize = 0;
  // The standard's [[byobRequest]].
  currentBYOBRequest = null;
  pendingPullIntos = new Deque();
  started = false;
  closeRequested = false;
  pulling = false;
  pullAgain = false;
  // The reactions to a pull's promise, made on the first pull and used for all.
  onPullFulfilled = undefined;
  onPullRejected = undefined;

  // https://streams.spec.whatwg.org/#rbs-controller-byob-request
  get byobRequest() {
    return readableByteStreamControllerGetBYOBRequest(this);
  }

  // https://streams.spec.whatwg.org/#rbs-controller-desired-size
  get desiredSize() {
    return readableByteStreamControllerGetDesiredSize(this);
  }

  // https://streams.spec.whatwg.org/#rbs-controller-close
  close() {
    this.throwUnlessOpen("close");
    readableByteStreamControllerClose(this);
  }

  // https://streams.spec.whatwg.org/#rbs-controller-enqueue
  enqueue(chunk) {
    // 1. and 2. If chunk.[[ByteLength]] or that of its buffer is 0, throw a TypeError exception.
    if (viewByteLength(chunk) === 0 || ArrayBufferPrototypeGetByteLength(viewBuffer(chunk)) === 0) {
      throw new TypeErrorConstructor("A chunk of a readable byte stream must have at least one byte, but is empty or detached");
    }
    // 3. and 4.
    this.throwUnlessOpen("enqueue a chunk into");
    // 5.
    readableByteStreamControllerEnqueue(this, chunk);
  }

  // https://streams.spec.whatwg.org/#rbs-controller-error
  error(error) {
    readableByteStreamControllerError(this, error);
  }

  throwUnlessOpen(operation) {
    if (this.closeRequested || this.stream.state !== "readable") {
      throw new TypeErrorConstructor(`Cannot ${operation} a ReadableStream that is closing, closed or errored`);
    }
  }

  // [[CancelSteps]]: https://streams.spec.whatwg.org/#rbs-controller-private-cancel
  cancelSteps(reason) {
    clearPendingPullIntos(this);
    resetByteQueue(this);
    const result = this.source.cancel(reason);
    clearByteAlgorithms(this);
    return result;
  }

  // [[PullSteps]]: https://streams.spec.whatwg.org/#rbs-controller-private-pull
  pullSteps(readRequest) {
    // 3. If this.[[queueTotalSize]] > 0,
    if (this.hasChunks) {
      readRequest.chunkSteps(this.takeChunk());
      return;
    }
    // 4. and 5. With autoAllocateChunkSize the source fills a buffer of ours.
    const size = this.autoAllocateChunkSize;
    if (size !== undefined) {
      let buffer;
      try {
        buffer = new ArrayBufferConstructor(size);
      } catch (error) {
        readRequest.errorSteps(error);
        return;
      }
      this.pendingPullIntos.append(new PullIntoDescriptor(buffer, size, 0, size, 1, 1, Uint8ArrayConstructor, "default"));
    }
    // 6. and 7.
    this.stream.reader.readRequests.append(readRequest);
    readableByteStreamControllerCallPullIfNeeded(this);
  }

  /** Whether a read can have a chunk at once. */
  get hasChunks() {
    return this.queueTotalSize > 0;
  }

  /**
   * The next chunk as a `Uint8Array`, after everything that its leaving the queue brings about.
   * https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerfillreadrequestfromqueue
   */
  takeChunk() {
    // 2. to 4.
    const entry = this.queue.takeFirst();
    this.queueTotalSize -= entry.byteLength;
    // 5.
    readableByteStreamControllerHandleQueueDrain(this);
    // 6. and 7.
    return new Uint8ArrayConstructor(entry.buffer, entry.byteOffset, entry.byteLength);
  }

  // [[ReleaseSteps]]: https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontroller-releasesteps
  releaseSteps() {
    if (this.pendingPullIntos.length === 0) return;
    const firstPendingPullInto = this.pendingPullIntos.peek();
    firstPendingPullInto.readerType = "none";
    this.pendingPullIntos.empty();
    this.pendingPullIntos.append(firstPendingPullInto);
  }
}

/** https://streams.spec.whatwg.org/#readable-byte-stream-queue-entry */
class ByteQueueEntry {
  constructor(buffer, byteOffset, byteLength) {
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
  }
}

/**
 * Beyond the standard, a built-in source's pull algorithm may return undefined: it is done, and no promise has to say so.
 * https://streams.spec.whatwg.org/#readable-byte-stream-controller-call-pull-if-needed
 */
export function readableByteStreamControllerCallPullIfNeeded(controller) {
  // 1. and 2.
  if (!shouldCallBytePull(controller)) return;
  // 3. If controller.[[pulling]] is true, set controller.[[pullAgain]] to true and return.
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  // 5. and 6.
  for (;;) {
    controller.pulling = true;
    const pullPromise = controller.source.pull(controller);
    if (pullPromise !== undefined) {
      if (controller.onPullFulfilled === undefined) makeBytePullReactions(controller);
      PromisePrototypeThen(pullPromise, controller.onPullFulfilled, controller.onPullRejected);
      return;
    }
    controller.pulling = false;
    if (!controller.pullAgain) return;
    controller.pullAgain = false;
    if (!shouldCallBytePull(controller)) return;
  }
}

/** Beyond the standard: pulls whenever the queue is empty, for whom the end of the source matters and not only its bytes. */
export function readableByteStreamControllerReadAhead(controller) {
  controller.highWaterMark = 1;
  readableByteStreamControllerCallPullIfNeeded(controller);
}

function makeBytePullReactions(controller) {
  // 7. Upon fulfillment of pullPromise,
  controller.onPullFulfilled = () => {
    controller.pulling = false;
    if (controller.pullAgain) {
      controller.pullAgain = false;
      readableByteStreamControllerCallPullIfNeeded(controller);
    }
  };
  // 8. Upon rejection of pullPromise with reason e,
  controller.onPullRejected = (error) => readableByteStreamControllerError(controller, error);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-should-call-pull
function shouldCallBytePull(controller) {
  const stream = controller.stream;
  // 2. to 4.
  if (stream.state !== "readable" || controller.closeRequested || !controller.started) return false;
  // 5. and 6. Somebody waits for bytes.
  if (stream.reader !== undefined && stream.reader.readRequests.length > 0) return true;
  // 7. to 10.
  return controller.highWaterMark - controller.queueTotalSize > 0;
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-clear-algorithms
function clearByteAlgorithms(controller) {
  controller.source = undefined;
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-clear-pending-pull-intos
function clearPendingPullIntos(controller) {
  readableByteStreamControllerInvalidateBYOBRequest(controller);
  controller.pendingPullIntos.empty();
}

// https://streams.spec.whatwg.org/#reset-queue
function resetByteQueue(controller) {
  controller.queue.empty();
  controller.queueTotalSize = 0;
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-close
export function readableByteStreamControllerClose(controller) {
  const stream = controller.stream;
  // 2.
  if (controller.closeRequested || stream.state !== "readable") return;
  // 3. If controller.[[queueTotalSize]] > 0, set controller.[[closeRequested]] to true and return.
  if (controller.queueTotalSize > 0) {
    controller.closeRequested = true;
    return;
  }
  // 4. A reader that waits for whole elements must not be left with a part of one.
  if (controller.pendingPullIntos.length > 0) {
    const firstPendingPullInto = controller.pendingPullIntos.peek();
    if (firstPendingPullInto.bytesFilled % firstPendingPullInto.elementSize !== 0) {
      const error = new TypeErrorConstructor("The stream was closed in the middle of an element of the view that a reader waits for");
      readableByteStreamControllerError(controller, error);
      throw error;
    }
  }
  // 5. and 6.
  clearByteAlgorithms(controller);
  readableStreamClose(stream);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue
export function readableByteStreamControllerEnqueue(controller, chunk) {
  const stream = controller.stream;
  // 2.
  if (controller.closeRequested || stream.state !== "readable") return;
  // 3. to 5.
  const buffer = viewBuffer(chunk);
  const byteOffset = viewByteOffset(chunk);
  const byteLength = viewByteLength(chunk);
  // 6. If ! IsDetachedBuffer(buffer) is true, throw a TypeError exception.
  if (ArrayBufferPrototypeGetDetached(buffer)) {
    throw new TypeErrorConstructor("The chunk's ArrayBuffer is detached; enqueue a view on one that has not been transferred");
  }
  // 7. and following
  enqueueOwnedBytes(controller, transferArrayBuffer(buffer), byteOffset, byteLength);
}

/** Steps 8 to 11 of ReadableByteStreamControllerEnqueue, for a buffer that nobody else uses any more. */
export function enqueueOwnedBytes(controller, transferredBuffer, byteOffset, byteLength) {
  const stream = controller.stream;
  // 8. If controller.[[pendingPullIntos]] is not empty,
  if (controller.pendingPullIntos.length > 0) {
    const firstPendingPullInto = controller.pendingPullIntos.peek();
    if (ArrayBufferPrototypeGetDetached(firstPendingPullInto.buffer)) {
      throw new TypeErrorConstructor("The ArrayBuffer of the BYOB request's view is detached; respond before transferring its buffer");
    }
    readableByteStreamControllerInvalidateBYOBRequest(controller);
    firstPendingPullInto.buffer = transferArrayBuffer(firstPendingPullInto.buffer);
    if (firstPendingPullInto.readerType === "none") enqueueDetachedPullIntoToQueue(controller, firstPendingPullInto);
  }
  // 9. If ! ReadableStreamHasDefaultReader(stream) is true,
  if (readableStreamHasDefaultReader(stream)) {
    processReadRequestsUsingQueue(controller);
    if (pendingReadRequests(stream) === 0) {
      enqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
    } else {
      if (controller.pendingPullIntos.length > 0) controller.pendingPullIntos.takeFirst();
      readableStreamFulfillReadRequest(stream, new Uint8ArrayConstructor(transferredBuffer, byteOffset, byteLength), false);
    }
  } else if (readableStreamHasBYOBReader(stream)) {
    // 10. Otherwise, if ! ReadableStreamHasBYOBReader(stream) is true,
    enqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
    fulfillPullIntosFromQueue(controller);
  } else {
    // 11. Otherwise,
    enqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
  }
  // 12.
  readableByteStreamControllerCallPullIfNeeded(controller);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-enqueue-chunk-to-queue
export function enqueueChunkToQueue(controller, buffer, byteOffset, byteLength) {
  controller.queue.append(new ByteQueueEntry(buffer, byteOffset, byteLength));
  controller.queueTotalSize += byteLength;
}

// https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerprocessreadrequestsusingqueue
function processReadRequestsUsingQueue(controller) {
  const reader = controller.stream.reader;
  while (reader.readRequests.length > 0) {
    if (controller.queueTotalSize === 0) return;
    const readRequest = reader.readRequests.takeFirst();
    readRequest.chunkSteps(controller.takeChunk());
  }
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-error
export function readableByteStreamControllerError(controller, error) {
  const stream = controller.stream;
  // 2. If stream.[[state]] is not "readable", return.
  if (stream.state !== "readable") return;
  // 3. to 6.
  clearPendingPullIntos(controller);
  resetByteQueue(controller);
  clearByteAlgorithms(controller);
  readableStreamError(stream, error);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-get-desired-size
function readableByteStreamControllerGetDesiredSize(controller) {
  const state = controller.stream.state;
  if (state === "errored") return null;
  if (state === "closed") return 0;
  return controller.highWaterMark - controller.queueTotalSize;
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-handle-queue-drain
export function readableByteStreamControllerHandleQueueDrain(controller) {
  if (controller.queueTotalSize === 0 && controller.closeRequested) {
    clearByteAlgorithms(controller);
    readableStreamClose(controller.stream);
  } else {
    readableByteStreamControllerCallPullIfNeeded(controller);
  }
}
