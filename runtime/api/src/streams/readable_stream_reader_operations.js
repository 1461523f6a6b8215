// Abstract operations on readers: https://streams.spec.whatwg.org/#rs-reader-abstract-ops

import { TypeErrorConstructor } from "../script/primordials.js";
import { Deferred } from "./promises.js";
import { readableByteStreamControllerReadAhead } from "./readable_byte_stream_controller.js";
import { readableByteStreamControllerPullInto } from "./readable_byte_stream_pull_into.js";
import { readableStreamCancel } from "./readable_stream_operations.js";

/** What `read()` resolves with: a `ReadableStreamReadResult` as a JavaScript object. */
export function newReadResult(value, done) {
  return { done, value }; // safe: for apps
}

/** The read request and the read-into request behind a `read()` that returned a promise. */
export class PromiseReadRequest extends Deferred {
  chunkSteps(chunk) {
    this.resolve(newReadResult(chunk, false));
  }

  closeSteps(chunk) {
    this.resolve(newReadResult(chunk, true));
  }

  errorSteps(error) {
    this.reject(error);
  }
}

// https://streams.spec.whatwg.org/#generic-reader-closed
export function readableStreamReaderGenericClosed(reader) {
  const controller = reader.stream?.controller;
  // A body that breaks off is to be noticed also while nobody reads.
  if (controller?.endNeedsPull) readableByteStreamControllerReadAhead(controller);
  return reader.closedPromise.promise;
}

// https://streams.spec.whatwg.org/#readable-stream-reader-generic-cancel
export function readableStreamReaderGenericCancel(reader, reason) {
  return readableStreamCancel(reader.stream, reason);
}

// https://streams.spec.whatwg.org/#readable-stream-reader-generic-initialize
function readableStreamReaderGenericInitialize(reader, stream) {
  reader.stream = stream;
  stream.reader = reader;
  // 3. to 5. [[closedPromise]] is pending, unless the stream has ended.
  if (stream.state === "closed") reader.closedPromise.resolve();
  else if (stream.state === "errored") reader.closedPromise.reject(stream.storedError);
}

/**
 * ReadableStreamReaderGenericRelease, and what both kinds of readers do after it.
 * https://streams.spec.whatwg.org/#readable-stream-reader-generic-release
 */
function releaseReader(reader) {
  const stream = reader.stream;
  // 4. to 6.
  reader.closedPromise.ensureRejected(newReleasedError());
  // 7. Perform ! stream.[[controller]].[[ReleaseSteps]]().
  stream.controller.releaseSteps();
  // 8. and 9.
  stream.reader = undefined;
  reader.stream = undefined;
  if (reader.readRequests.length > 0) errorReadRequests(reader, newReleasedError());
}

// https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultreaderrelease
export function readableStreamDefaultReaderRelease(reader) {
  releaseReader(reader);
}

// https://streams.spec.whatwg.org/#abstract-opdef-readablestreambyobreaderrelease
export function readableStreamBYOBReaderRelease(reader) {
  releaseReader(reader);
}

/** The error of a reader that has no stream, or has none any more. */
export function newReleasedError() {
  return new TypeErrorConstructor("This reader has released its lock on the stream; get a new reader from the stream");
}

// https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaultreadererrorreadrequests and
// https://streams.spec.whatwg.org/#abstract-opdef-readablestreambyobreadererrorreadintorequests
export function errorReadRequests(reader, error) {
  const readRequests = reader.takeReadRequests();
  while (readRequests.length > 0) readRequests.takeFirst().errorSteps(error);
}

// https://streams.spec.whatwg.org/#readable-stream-default-reader-read
export function readableStreamDefaultReaderRead(reader, readRequest) {
  const stream = reader.stream;
  // 3. Set stream.[[disturbed]] to true.
  stream.disturbed = true;
  // 4. to 6.
  if (stream.state === "readable") stream.controller.pullSteps(readRequest);
  else if (stream.state === "closed") readRequest.closeSteps(undefined);
  else readRequest.errorSteps(stream.storedError);
}

// https://streams.spec.whatwg.org/#readable-stream-byob-reader-read
export function readableStreamBYOBReaderRead(reader, view, min, readIntoRequest) {
  const stream = reader.stream;
  // 3. Set stream.[[disturbed]] to true.
  stream.disturbed = true;
  // 4. and 5.
  if (stream.state === "errored") readIntoRequest.errorSteps(stream.storedError);
  else readableByteStreamControllerPullInto(stream.controller, view, min, readIntoRequest);
}

// https://streams.spec.whatwg.org/#set-up-readable-stream-byob-reader
export function setUpReadableStreamBYOBReader(reader, stream) {
  // 1. If ! IsReadableStreamLocked(stream) is true, throw a TypeError exception.
  throwIfLocked(stream);
  // 2. If stream.[[controller]] does not implement ReadableByteStreamController, throw a TypeError exception.
  if (!stream.controller.isByteController) {
    throw new TypeErrorConstructor("A BYOB reader needs a readable byte stream, but this stream's underlying source has no type: \"bytes\"");
  }
  // 3.
  readableStreamReaderGenericInitialize(reader, stream);
}

// https://streams.spec.whatwg.org/#set-up-readable-stream-default-reader
export function setUpReadableStreamDefaultReader(reader, stream) {
  // 1. If ! IsReadableStreamLocked(stream) is true, throw a TypeError exception.
  throwIfLocked(stream);
  // 2.
  readableStreamReaderGenericInitialize(reader, stream);
}

function throwIfLocked(stream) {
  if (stream.reader !== undefined) {
    throw new TypeErrorConstructor("Cannot get a reader of a ReadableStream that is locked to another reader; release that reader's lock first");
  }
}
