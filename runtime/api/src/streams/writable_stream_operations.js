// Abstract operations on writable streams:
// https://streams.spec.whatwg.org/#ws-abstract-ops and https://streams.spec.whatwg.org/#ws-abstract-ops-used-by-controllers
//
// An underlying sink, whoever made it, is an object with `start(controller)`, `write(chunk, controller)`, `close()` and `abort(reason)`:
// what the standard calls the start, write, close and abort algorithms.

import { PromisePrototypeThen, PromiseReject, PromiseResolve, TypeErrorConstructor } from "../script/primordials.js";
import { Deque } from "./deque.js";
import { Deferred } from "./promises.js";
import { WritableStreamImpl } from "./writable_stream.js";
import {
  setUpWritableStreamDefaultController,
  WritableStreamDefaultControllerImpl,
  writableStreamDefaultControllerClose,
} from "./writable_stream_default_controller.js";
import { WritableStreamDefaultWriterImpl } from "./writable_stream_default_writer.js";
import { setUpWritableStreamDefaultWriter } from "./writable_stream_writer_operations.js";

// https://streams.spec.whatwg.org/#acquire-writable-stream-default-writer
export function acquireWritableStreamDefaultWriter(stream) {
  const writer = new WritableStreamDefaultWriterImpl();
  setUpWritableStreamDefaultWriter(writer, stream);
  return writer;
}

/** `sizeAlgorithm` is undefined for the one that always returns 1. https://streams.spec.whatwg.org/#create-writable-stream */
export function createWritableStream(sink, highWaterMark, sizeAlgorithm) {
  const stream = new WritableStreamImpl();
  setUpWritableStreamDefaultController(stream, new WritableStreamDefaultControllerImpl(), sink, highWaterMark, sizeAlgorithm);
  return stream;
}

/** https://streams.spec.whatwg.org/#pending-abort-request */
class PendingAbortRequest {
  constructor(reason, wasAlreadyErroring) {
    this.deferred = new Deferred();
    this.reason = reason;
    this.wasAlreadyErroring = wasAlreadyErroring;
  }
}

// https://streams.spec.whatwg.org/#writable-stream-abort
export function writableStreamAbort(stream, reason) {
  // 1.
  if (stream.state === "closed" || stream.state === "errored") return PromiseResolve(undefined);
  // 2. Signal abort on stream.[[controller]].[[abortController]] with reason.
  stream.controller.signalAbort(reason);
  // 3. and 4. That ran the app's code, so look again.
  const state = stream.state;
  if (state === "closed" || state === "errored") return PromiseResolve(undefined);
  // 5.
  if (stream.pendingAbortRequest !== undefined) return stream.pendingAbortRequest.deferred.promise;
  // 7. to 10.
  const wasAlreadyErroring = state === "erroring";
  const request = new PendingAbortRequest(wasAlreadyErroring ? undefined : reason, wasAlreadyErroring);
  stream.pendingAbortRequest = request;
  // 11. and 12.
  if (!wasAlreadyErroring) writableStreamStartErroring(stream, reason);
  return request.deferred.promise;
}

// https://streams.spec.whatwg.org/#writable-stream-close
export function writableStreamClose(stream) {
  // 2.
  const state = stream.state;
  if (state === "closed" || state === "errored") {
    return PromiseReject(new TypeErrorConstructor(`Cannot close a WritableStream that is ${state}`));
  }
  // 5. and 6.
  const request = new Deferred();
  stream.closeRequest = request;
  // 7. and 8.
  const writer = stream.writer;
  if (writer !== undefined && stream.backpressure && state === "writable") writer.readyPromise.resolve();
  // 9. and 10.
  writableStreamDefaultControllerClose(stream.controller);
  return request.promise;
}

export function newAlreadyClosingError() {
  return new TypeErrorConstructor("This WritableStream is being closed already");
}

// https://streams.spec.whatwg.org/#writable-stream-close-queued-or-in-flight
export function writableStreamCloseQueuedOrInFlight(stream) {
  return stream.closeRequest !== undefined || stream.inFlightCloseRequest !== undefined;
}

// https://streams.spec.whatwg.org/#writable-stream-deal-with-rejection
export function writableStreamDealWithRejection(stream, error) {
  if (stream.state === "writable") writableStreamStartErroring(stream, error);
  else writableStreamFinishErroring(stream);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-erroring
export function writableStreamFinishErroring(stream) {
  // 3. and 4.
  stream.state = "errored";
  stream.controller.errorSteps();
  // 5. to 7. Reject all write requests.
  const storedError = stream.storedError;
  const writeRequests = stream.writeRequests;
  stream.writeRequests = new Deque();
  while (writeRequests.length > 0) writeRequests.takeFirst().reject(storedError);
  // 8. to 10.
  const abortRequest = stream.pendingAbortRequest;
  if (abortRequest === undefined) {
    rejectCloseAndClosedPromiseIfNeeded(stream);
    return;
  }
  stream.pendingAbortRequest = undefined;
  // 11. If abortRequest's was already erroring is true, reject its promise with storedError.
  if (abortRequest.wasAlreadyErroring) {
    abortRequest.deferred.reject(storedError);
    rejectCloseAndClosedPromiseIfNeeded(stream);
    return;
  }
  // 12. to 14.
  PromisePrototypeThen(
    stream.controller.abortSteps(abortRequest.reason),
    () => {
      abortRequest.deferred.resolve(undefined);
      rejectCloseAndClosedPromiseIfNeeded(stream);
    },
    (reason) => {
      abortRequest.deferred.reject(reason);
      rejectCloseAndClosedPromiseIfNeeded(stream);
    },
  );
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close
export function writableStreamFinishInFlightClose(stream) {
  // 2. and 3.
  stream.inFlightCloseRequest.resolve(undefined);
  stream.inFlightCloseRequest = undefined;
  // 6. If state is "erroring", the error was too late to prevent the successful completion of the close operation.
  if (stream.state === "erroring") {
    stream.storedError = undefined;
    if (stream.pendingAbortRequest !== undefined) {
      stream.pendingAbortRequest.deferred.resolve(undefined);
      stream.pendingAbortRequest = undefined;
    }
  }
  // 7. to 9.
  stream.state = "closed";
  if (stream.writer !== undefined) stream.writer.closedPromise.resolve();
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error
export function writableStreamFinishInFlightCloseWithError(stream, error) {
  // 2. and 3.
  stream.inFlightCloseRequest.reject(error);
  stream.inFlightCloseRequest = undefined;
  // 5.
  if (stream.pendingAbortRequest !== undefined) {
    stream.pendingAbortRequest.deferred.reject(error);
    stream.pendingAbortRequest = undefined;
  }
  // 6.
  writableStreamDealWithRejection(stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write
export function writableStreamFinishInFlightWrite(stream) {
  stream.inFlightWriteRequest.resolve(undefined);
  stream.inFlightWriteRequest = undefined;
}

// https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-write-with-error
export function writableStreamFinishInFlightWriteWithError(stream, error) {
  stream.inFlightWriteRequest.reject(error);
  stream.inFlightWriteRequest = undefined;
  writableStreamDealWithRejection(stream, error);
}

// https://streams.spec.whatwg.org/#writable-stream-has-operation-marked-in-flight
function hasOperationMarkedInFlight(stream) {
  return stream.inFlightWriteRequest !== undefined || stream.inFlightCloseRequest !== undefined;
}

// https://streams.spec.whatwg.org/#writable-stream-reject-close-and-closed-promise-if-needed
function rejectCloseAndClosedPromiseIfNeeded(stream) {
  // 2.
  if (stream.closeRequest !== undefined) {
    stream.closeRequest.reject(stream.storedError);
    stream.closeRequest = undefined;
  }
  // 3. and 4.
  if (stream.writer !== undefined) stream.writer.closedPromise.reject(stream.storedError);
}

// https://streams.spec.whatwg.org/#writable-stream-start-erroring
export function writableStreamStartErroring(stream, reason) {
  // 5. and 6.
  stream.state = "erroring";
  stream.storedError = reason;
  // 7. and 8.
  if (stream.writer !== undefined) stream.writer.readyPromise.ensureRejected(reason);
  // 9.
  if (!hasOperationMarkedInFlight(stream) && stream.controller.started) writableStreamFinishErroring(stream);
}

// https://streams.spec.whatwg.org/#writable-stream-update-backpressure
export function writableStreamUpdateBackpressure(stream, backpressure) {
  if (backpressure === stream.backpressure) return;
  stream.backpressure = backpressure;
  // 4.
  const writer = stream.writer;
  if (writer === undefined) return;
  if (backpressure) writer.readyPromise.replaceWithPending();
  else writer.readyPromise.resolve();
}
