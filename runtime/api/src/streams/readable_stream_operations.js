// Abstract operations on readable streams:
// https://streams.spec.whatwg.org/#rs-abstract-ops and https://streams.spec.whatwg.org/#rs-abstract-ops-used-by-controllers
//
// A *read request* is an object with `chunkSteps(chunk)`, `closeSteps()` and `errorSteps(e)`; a *read-into request* differs in that
// its `closeSteps(chunk)` may get a chunk.
//
// An underlying source, whoever made it, is an object with `start(controller)`, `pull(controller)` and `cancel(reason)`: what the
// standard calls the start, pull and cancel algorithms.

import { PromisePrototypeThen, PromiseReject, PromiseResolve } from "../script/primordials.js";
import { doNothing } from "./promises.js";
import { ReadableStreamImpl } from "./readable_stream.js";
import { ReadableStreamBYOBReaderImpl } from "./readable_stream_byob_reader.js";
import { ReadableByteStreamControllerImpl } from "./readable_byte_stream_controller.js";
import { setUpReadableByteStreamController } from "./readable_byte_stream_setup.js";
import { ReadableStreamDefaultControllerImpl, setUpReadableStreamDefaultController } from "./readable_stream_default_controller.js";
import { ReadableStreamDefaultReaderImpl } from "./readable_stream_default_reader.js";
import { errorReadRequests, setUpReadableStreamBYOBReader, setUpReadableStreamDefaultReader } from "./readable_stream_reader_operations.js";

// https://streams.spec.whatwg.org/#acquire-readable-stream-byob-reader
export function acquireReadableStreamBYOBReader(stream) {
  const reader = new ReadableStreamBYOBReaderImpl();
  setUpReadableStreamBYOBReader(reader, stream);
  return reader;
}

// https://streams.spec.whatwg.org/#acquire-readable-stream-reader
export function acquireReadableStreamDefaultReader(stream) {
  const reader = new ReadableStreamDefaultReaderImpl();
  setUpReadableStreamDefaultReader(reader, stream);
  return reader;
}

/** `sizeAlgorithm` is undefined for the one that always returns 1. https://streams.spec.whatwg.org/#create-readable-stream */
export function createReadableStream(source, highWaterMark, sizeAlgorithm) {
  const stream = new ReadableStreamImpl();
  setUpReadableStreamDefaultController(stream, new ReadableStreamDefaultControllerImpl(), source, highWaterMark, sizeAlgorithm);
  return stream;
}

// https://streams.spec.whatwg.org/#abstract-opdef-createreadablebytestream
export function createReadableByteStream(source) {
  const stream = new ReadableStreamImpl();
  setUpReadableByteStreamController(stream, new ReadableByteStreamControllerImpl(), source, 0, undefined);
  return stream;
}

// https://streams.spec.whatwg.org/#readable-stream-cancel
export function readableStreamCancel(stream, reason) {
  // 1. Set stream.[[disturbed]] to true.
  stream.disturbed = true;
  // 2. and 3.
  if (stream.state === "closed") return PromiseResolve(undefined);
  if (stream.state === "errored") return PromiseReject(stream.storedError);
  // 4. Perform ! ReadableStreamClose(stream).
  readableStreamClose(stream);
  // 5. and 6. The read-into requests of a BYOB reader close without a chunk.
  const reader = stream.reader;
  if (reader !== undefined && reader.isBYOB) closeReadRequests(reader);
  // 7. Let sourceCancelPromise be ! stream.[[controller]].[[CancelSteps]](reason).
  const sourceCancelPromise = stream.controller.cancelSteps(reason);
  // 8. Return the result of reacting to sourceCancelPromise with a fulfillment step that returns undefined.
  return PromisePrototypeThen(sourceCancelPromise, doNothing);
}

// https://streams.spec.whatwg.org/#readable-stream-close
export function readableStreamClose(stream) {
  // 2. Set stream.[[state]] to "closed".
  stream.state = "closed";
  // 3. and 4.
  const reader = stream.reader;
  if (reader === undefined) return;
  // 5. Resolve reader.[[closedPromise]] with undefined.
  reader.closedPromise.resolve();
  // 6. If reader implements ReadableStreamDefaultReader, perform each read request's close steps.
  if (!reader.isBYOB) closeReadRequests(reader);
}

function closeReadRequests(reader) {
  const readRequests = reader.takeReadRequests();
  while (readRequests.length > 0) readRequests.takeFirst().closeSteps(undefined);
}

// https://streams.spec.whatwg.org/#readable-stream-error
export function readableStreamError(stream, error) {
  // 2. and 3.
  stream.state = "errored";
  stream.storedError = error;
  // 4. and 5.
  const reader = stream.reader;
  if (reader === undefined) return;
  // 6. and 7. Reject reader.[[closedPromise]] with e.
  reader.closedPromise.reject(error);
  // 8. and 9.
  errorReadRequests(reader, error);
}

// https://streams.spec.whatwg.org/#readable-stream-fulfill-read-request and
// https://streams.spec.whatwg.org/#readable-stream-fulfill-read-into-request
export function readableStreamFulfillReadRequest(stream, chunk, done) {
  const readRequest = stream.reader.readRequests.takeFirst();
  if (done) readRequest.closeSteps(chunk);
  else readRequest.chunkSteps(chunk);
}

/** The number of requests that wait in the stream's default reader; 0 where it has none. */
export function pendingReadRequests(stream) {
  const reader = stream.reader;
  return reader !== undefined && !reader.isBYOB ? reader.readRequests.length : 0;
}

/** The number of requests that wait in the stream's BYOB reader; 0 where it has none. */
export function pendingReadIntoRequests(stream) {
  const reader = stream.reader;
  return reader !== undefined && reader.isBYOB ? reader.readRequests.length : 0;
}

// https://streams.spec.whatwg.org/#readable-stream-has-default-reader
export function readableStreamHasDefaultReader(stream) {
  return stream.reader !== undefined && !stream.reader.isBYOB;
}

// https://streams.spec.whatwg.org/#readable-stream-has-byob-reader
export function readableStreamHasBYOBReader(stream) {
  return stream.reader !== undefined && stream.reader.isBYOB;
}
