// Abstract operations on writers: https://streams.spec.whatwg.org/#ws-writer-abstract-ops

import { PromiseReject, PromiseResolve, TypeErrorConstructor } from "../script/primordials.js";
import {
  newAlreadyClosingError,
  writableStreamClose,
  writableStreamCloseQueuedOrInFlight,
} from "./writable_stream_operations.js";
import {
  writableStreamDefaultControllerGetChunkSize,
  writableStreamDefaultControllerGetDesiredSize,
  writableStreamDefaultControllerWrite,
} from "./writable_stream_default_controller.js";

/** The error of a writer that has no stream any more. */
export function newWriterReleasedError() {
  return new TypeErrorConstructor("This writer has released its lock on the stream; get a new writer from the stream");
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-close-with-error-propagation
export function writableStreamDefaultWriterCloseWithErrorPropagation(writer) {
  const stream = writer.stream;
  // 4. to 6.
  if (writableStreamCloseQueuedOrInFlight(stream) || stream.state === "closed") return PromiseResolve(undefined);
  if (stream.state === "errored") return PromiseReject(stream.storedError);
  // 7.
  return writableStreamClose(stream);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-get-desired-size
export function writableStreamDefaultWriterGetDesiredSize(writer) {
  const stream = writer.stream;
  if (stream.state === "errored" || stream.state === "erroring") return null;
  if (stream.state === "closed") return 0;
  return writableStreamDefaultControllerGetDesiredSize(stream.controller);
}

// https://streams.spec.whatwg.org/#writable-stream-default-writer-release
export function writableStreamDefaultWriterRelease(writer) {
  const stream = writer.stream;
  // 4. to 6.
  const releasedError = newWriterReleasedError();
  writer.readyPromise.ensureRejected(releasedError);
  writer.closedPromise.ensureRejected(releasedError);
  // 7. and 8.
  stream.writer = undefined;
  writer.stream = undefined;
}

/**
 * Writes `chunk` and settles `writeRequest`, an object with `resolve(undefined)` and `reject(e)`, as the standard settles the promise
 * that it returns. https://streams.spec.whatwg.org/#writable-stream-default-writer-write
 */
export function writableStreamDefaultWriterWrite(writer, chunk, writeRequest) {
  const stream = writer.stream;
  const controller = stream.controller;
  // 4. This can run the app's code.
  const chunkSize = writableStreamDefaultControllerGetChunkSize(controller, chunk);
  // 5. If stream is not equal to writer.[[stream]], return a promise rejected with a TypeError exception.
  if (stream !== writer.stream) {
    writeRequest.reject(newWriterReleasedError());
    return;
  }
  // 6. to 9.
  if (stream.state !== "writable" || writableStreamCloseQueuedOrInFlight(stream)) {
    writeRequest.reject(reasonNotToWrite(stream));
    return;
  }
  // 11. to 13.
  stream.writeRequests.append(writeRequest);
  writableStreamDefaultControllerWrite(controller, chunk, chunkSize);
}

function reasonNotToWrite(stream) {
  if (stream.state === "errored") return stream.storedError;
  if (writableStreamCloseQueuedOrInFlight(stream)) return newAlreadyClosingError();
  if (stream.state === "closed") return new TypeErrorConstructor("Cannot write to a WritableStream that is closed");
  return stream.storedError;
}

// https://streams.spec.whatwg.org/#set-up-writable-stream-default-writer
export function setUpWritableStreamDefaultWriter(writer, stream) {
  // 1. If ! IsWritableStreamLocked(stream) is true, throw a TypeError exception.
  if (stream.writer !== undefined) {
    throw new TypeErrorConstructor("Cannot get a writer of a WritableStream that is locked to another writer; release that writer's lock first");
  }
  // 2. and 3.
  writer.stream = stream;
  stream.writer = writer;
  // 4. to 8. Both promises are pending where nothing is done here.
  const { readyPromise, closedPromise } = writer;
  if (stream.state === "writable") {
    if (writableStreamCloseQueuedOrInFlight(stream) || !stream.backpressure) readyPromise.resolve();
  } else if (stream.state === "erroring") {
    readyPromise.reject(stream.storedError);
  } else if (stream.state === "closed") {
    readyPromise.resolve();
    closedPromise.resolve();
  } else {
    readyPromise.reject(stream.storedError);
    closedPromise.reject(stream.storedError);
  }
}
