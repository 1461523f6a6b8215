// Pull-into descriptors: the buffers that wait to be filled by the source of a byte stream.
// https://streams.spec.whatwg.org/#rbs-controller-abstract-ops

import { List } from "../script/list.js";
import {
  ArrayBufferPrototypeGetByteLength,
  MathMin,
  RangeErrorConstructor,
  TypeErrorConstructor,
  Uint8ArrayConstructor,
} from "../script/primordials.js";
import {
  cloneArrayBuffer,
  copyBytes,
  elementSizeOf,
  transferArrayBuffer,
  viewBuffer,
  viewByteLength,
  viewByteOffset,
  viewConstructor,
} from "./buffers.js";
import {
  enqueueChunkToQueue,
  readableByteStreamControllerCallPullIfNeeded,
  readableByteStreamControllerError,
  readableByteStreamControllerHandleQueueDrain,
} from "./readable_byte_stream_controller.js";
import { ReadableStreamBYOBRequestImpl } from "./readable_stream_byob_request.js";
import { pendingReadIntoRequests, readableStreamFulfillReadRequest, readableStreamHasBYOBReader } from "./readable_stream_operations.js";

/** https://streams.spec.whatwg.org/#pull-into-descriptor */
export class PullIntoDescriptor {
  constructor(buffer, bufferByteLength, byteOffset, byteLength, minimumFill, elementSize, constructor, readerType) {
    this.buffer = buffer;
    this.bufferByteLength = bufferByteLength;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.bytesFilled = 0;
    this.minimumFill = minimumFill;
    this.elementSize = elementSize;
    this.viewConstructor = constructor;
    // "default", "byob", or "none" after the reader has released its lock.
    this.readerType = readerType;
  }
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-pull-into
export function readableByteStreamControllerPullInto(controller, view, min, readIntoRequest) {
  const stream = controller.stream;
  // 2. to 8.
  const constructor = viewConstructor(view);
  const elementSize = elementSizeOf(constructor);
  const minimumFill = min * elementSize;
  const byteOffset = viewByteOffset(view);
  const byteLength = viewByteLength(view);
  // 9. to 11.
  let buffer;
  try {
    buffer = transferArrayBuffer(viewBuffer(view));
  } catch (error) {
    readIntoRequest.errorSteps(error);
    return;
  }
  // 12.
  const bufferByteLength = ArrayBufferPrototypeGetByteLength(buffer);
  const descriptor = new PullIntoDescriptor(buffer, bufferByteLength, byteOffset, byteLength, minimumFill, elementSize, constructor, "byob");
  // 13. If controller.[[pendingPullIntos]] is not empty, this one waits for its turn.
  if (controller.pendingPullIntos.length > 0) {
    controller.pendingPullIntos.append(descriptor);
    stream.reader.readRequests.append(readIntoRequest);
    return;
  }
  // 14. If stream.[[state]] is "closed", the reader gets its buffer back, with nothing in it.
  if (stream.state === "closed") {
    readIntoRequest.closeSteps(new constructor(buffer, byteOffset, 0));
    return;
  }
  // 15. If controller.[[queueTotalSize]] > 0,
  if (controller.queueTotalSize > 0) {
    if (fillPullIntoDescriptorFromQueue(controller, descriptor)) {
      const filledView = convertPullIntoDescriptor(descriptor);
      readableByteStreamControllerHandleQueueDrain(controller);
      readIntoRequest.chunkSteps(filledView);
      return;
    }
    if (controller.closeRequested) {
      const error = new TypeErrorConstructor("The stream closes before it has given enough bytes for one element of the view, or for min");
      readableByteStreamControllerError(controller, error);
      readIntoRequest.errorSteps(error);
      return;
    }
  }
  // 16. to 18.
  controller.pendingPullIntos.append(descriptor);
  stream.reader.readRequests.append(readIntoRequest);
  readableByteStreamControllerCallPullIfNeeded(controller);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond
export function readableByteStreamControllerRespond(controller, bytesWritten) {
  const firstDescriptor = controller.pendingPullIntos.peek();
  // 4. and 5.
  if (controller.stream.state === "closed") {
    if (bytesWritten !== 0) throw new TypeErrorConstructor(`The stream is closed, so bytesWritten must be 0, but is ${bytesWritten}`);
  } else {
    if (bytesWritten === 0) throw new TypeErrorConstructor("bytesWritten must be at least 1; to end the stream, call close() first");
    if (firstDescriptor.bytesFilled + bytesWritten > firstDescriptor.byteLength) {
      throw new RangeErrorConstructor(
        `bytesWritten is ${bytesWritten}, but the view has only room for ${firstDescriptor.byteLength - firstDescriptor.bytesFilled} bytes`,
      );
    }
  }
  // 6. and 7.
  firstDescriptor.buffer = transferArrayBuffer(firstDescriptor.buffer);
  respondInternal(controller, bytesWritten);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-with-new-view
export function readableByteStreamControllerRespondWithNewView(controller, view) {
  const firstDescriptor = controller.pendingPullIntos.peek();
  const byteLength = viewByteLength(view);
  // 5. and 6.
  if (controller.stream.state === "closed") {
    if (byteLength !== 0) throw new TypeErrorConstructor(`The stream is closed, so the view must be empty, but has ${byteLength} bytes`);
  } else if (byteLength === 0) {
    throw new TypeErrorConstructor("The view must have at least one byte; to end the stream, call close() first");
  }
  // 7. to 9.
  const buffer = viewBuffer(view);
  const expectedOffset = firstDescriptor.byteOffset + firstDescriptor.bytesFilled;
  if (expectedOffset !== viewByteOffset(view)) {
    throw new RangeErrorConstructor(
      `The view must begin at byte ${expectedOffset} of its buffer as the request's view does, but begins at ${viewByteOffset(view)}`,
    );
  }
  const bufferByteLength = ArrayBufferPrototypeGetByteLength(buffer);
  if (firstDescriptor.bufferByteLength !== bufferByteLength) {
    throw new RangeErrorConstructor(
      `The view's buffer must have the length of the request's, ${firstDescriptor.bufferByteLength}, but has ${bufferByteLength} bytes`,
    );
  }
  if (firstDescriptor.bytesFilled + byteLength > firstDescriptor.byteLength) {
    throw new RangeErrorConstructor(
      `The view has ${byteLength} bytes, but the request's view has only room for ${firstDescriptor.byteLength - firstDescriptor.bytesFilled}`,
    );
  }
  // 10. to 12.
  firstDescriptor.buffer = transferArrayBuffer(buffer);
  respondInternal(controller, byteLength);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-internal
function respondInternal(controller, bytesWritten) {
  const firstDescriptor = controller.pendingPullIntos.peek();
  // 3. Perform ! ReadableByteStreamControllerInvalidateBYOBRequest(controller).
  readableByteStreamControllerInvalidateBYOBRequest(controller);
  // 4. to 6.
  if (controller.stream.state === "closed") respondInClosedState(controller, firstDescriptor);
  else respondInReadableState(controller, bytesWritten, firstDescriptor);
  // 7.
  readableByteStreamControllerCallPullIfNeeded(controller);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-closed-state
function respondInClosedState(controller, firstDescriptor) {
  // 2.
  if (firstDescriptor.readerType === "none") controller.pendingPullIntos.takeFirst();
  // 3. and 4. If ! ReadableStreamHasBYOBReader(stream) is true,
  const stream = controller.stream;
  if (!readableStreamHasBYOBReader(stream)) return;
  const filledPullIntos = new List();
  for (let i = pendingReadIntoRequests(stream); i > 0; i--) filledPullIntos.append(controller.pendingPullIntos.takeFirst());
  commitPullIntoDescriptors(stream, filledPullIntos);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-respond-in-readable-state
function respondInReadableState(controller, bytesWritten, descriptor) {
  // 2.
  descriptor.bytesFilled += bytesWritten;
  // 3. If pullIntoDescriptor's reader type is "none", its bytes go to whoever reads next.
  if (descriptor.readerType === "none") {
    enqueueDetachedPullIntoToQueue(controller, descriptor);
    fulfillPullIntosFromQueue(controller);
    return;
  }
  // 4. A read() that is not yet filled up to its minimum stays at the head of the queue.
  if (descriptor.bytesFilled < descriptor.minimumFill) return;
  // 5.
  controller.pendingPullIntos.takeFirst();
  // 6. to 8. A part of an element goes back into the queue.
  const remainderSize = descriptor.bytesFilled % descriptor.elementSize;
  if (remainderSize > 0) {
    const end = descriptor.byteOffset + descriptor.bytesFilled;
    enqueueClonedChunkToQueue(controller, descriptor.buffer, end - remainderSize, remainderSize);
  }
  descriptor.bytesFilled -= remainderSize;
  // 9. to 11.
  const filledPullIntos = processPullIntoDescriptorsUsingQueue(controller);
  commitPullIntoDescriptor(controller.stream, descriptor);
  commitPullIntoDescriptors(controller.stream, filledPullIntos);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-commit-pull-into-descriptor
function commitPullIntoDescriptor(stream, descriptor) {
  // 3. to 7. Default and BYOB readers share the name of their list of requests, so one operation fulfills both.
  const done = stream.state === "closed";
  readableStreamFulfillReadRequest(stream, convertPullIntoDescriptor(descriptor), done);
}

function commitPullIntoDescriptors(stream, descriptors) {
  for (let i = 0; i < descriptors.length; i++) commitPullIntoDescriptor(stream, descriptors[i]);
}

/** Fills pending pull-into descriptors from the queue and gives their views to the reader. */
export function fulfillPullIntosFromQueue(controller) {
  commitPullIntoDescriptors(controller.stream, processPullIntoDescriptorsUsingQueue(controller));
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-process-pull-into-descriptors-using-queue
function processPullIntoDescriptorsUsingQueue(controller) {
  const filledPullIntos = new List();
  while (controller.pendingPullIntos.length > 0 && controller.queueTotalSize > 0) {
    const descriptor = controller.pendingPullIntos.peek();
    if (fillPullIntoDescriptorFromQueue(controller, descriptor)) {
      controller.pendingPullIntos.takeFirst();
      filledPullIntos.append(descriptor);
    }
  }
  return filledPullIntos;
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-convert-pull-into-descriptor
function convertPullIntoDescriptor(descriptor) {
  const buffer = transferArrayBuffer(descriptor.buffer);
  return new descriptor.viewConstructor(buffer, descriptor.byteOffset, descriptor.bytesFilled / descriptor.elementSize);
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-fill-pull-into-descriptor-from-queue
function fillPullIntoDescriptorFromQueue(controller, descriptor) {
  // 1. to 4.
  const maxBytesToCopy = MathMin(controller.queueTotalSize, descriptor.byteLength - descriptor.bytesFilled);
  const maxBytesFilled = descriptor.bytesFilled + maxBytesToCopy;
  let remaining = maxBytesToCopy;
  let ready = false;
  // 7. to 9. With at least the minimum, only whole elements are copied.
  const maxAlignedBytes = maxBytesFilled - (maxBytesFilled % descriptor.elementSize);
  if (maxAlignedBytes >= descriptor.minimumFill) {
    remaining = maxAlignedBytes - descriptor.bytesFilled;
    ready = true;
  }
  // 10. and 11.
  const queue = controller.queue;
  while (remaining > 0) {
    const head = queue.peek();
    const bytesToCopy = MathMin(remaining, head.byteLength);
    // `copyBytes` throws a RangeError where the standard asserts CanCopyDataBlockBytes.
    copyBytes(descriptor.buffer, descriptor.byteOffset + descriptor.bytesFilled, head.buffer, head.byteOffset, bytesToCopy);
    if (head.byteLength === bytesToCopy) {
      queue.takeFirst();
    } else {
      head.byteOffset += bytesToCopy;
      head.byteLength -= bytesToCopy;
    }
    controller.queueTotalSize -= bytesToCopy;
    descriptor.bytesFilled += bytesToCopy;
    remaining -= bytesToCopy;
  }
  // 13.
  return ready;
}

// https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerenqueueclonedchunktoqueue
function enqueueClonedChunkToQueue(controller, buffer, byteOffset, byteLength) {
  let clone;
  try {
    clone = cloneArrayBuffer(buffer, byteOffset, byteLength);
  } catch (error) {
    readableByteStreamControllerError(controller, error);
    throw error;
  }
  enqueueChunkToQueue(controller, clone, 0, byteLength);
}

// https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollerenqueuedetachedpullintotoqueue
export function enqueueDetachedPullIntoToQueue(controller, descriptor) {
  if (descriptor.bytesFilled > 0) enqueueClonedChunkToQueue(controller, descriptor.buffer, descriptor.byteOffset, descriptor.bytesFilled);
  controller.pendingPullIntos.takeFirst();
}

// https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamcontrollergetbyobrequest
export function readableByteStreamControllerGetBYOBRequest(controller) {
  if (controller.currentBYOBRequest === null && controller.pendingPullIntos.length > 0) {
    const descriptor = controller.pendingPullIntos.peek();
    const byobRequest = new ReadableStreamBYOBRequestImpl();
    byobRequest.controller = controller;
    byobRequest.view = new Uint8ArrayConstructor(
      descriptor.buffer,
      descriptor.byteOffset + descriptor.bytesFilled,
      descriptor.byteLength - descriptor.bytesFilled,
    );
    controller.currentBYOBRequest = byobRequest;
  }
  return controller.currentBYOBRequest;
}

// https://streams.spec.whatwg.org/#readable-byte-stream-controller-invalidate-byob-request
export function readableByteStreamControllerInvalidateBYOBRequest(controller) {
  const byobRequest = controller.currentBYOBRequest;
  if (byobRequest === null) return;
  byobRequest.controller = undefined;
  byobRequest.view = null;
  controller.currentBYOBRequest = null;
}
