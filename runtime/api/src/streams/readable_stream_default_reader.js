// `ReadableStreamDefaultReader`: reads the chunks that the source gives.

import { PromiseReject, PromiseResolve } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { Deque } from "./deque.js";
import { LazyPromise } from "./promises.js";
import {
  newReadResult,
  newReleasedError,
  PromiseReadRequest,
  readableStreamDefaultReaderRelease,
  readableStreamReaderGenericCancel,
  readableStreamReaderGenericClosed,
  setUpReadableStreamDefaultReader,
} from "./readable_stream_reader_operations.js";

/** https://streams.spec.whatwg.org/#default-reader-class */
export class ReadableStreamDefaultReaderImpl extends PlatformObject {
  // Which of the two kinds of readers this is.
  isBYOB = false;
  closedPromise = new LazyPromise();
  stream = undefined;
  readRequests = new Deque();

  // https://streams.spec.whatwg.org/#default-reader-constructor
  constructor_(stream) {
    setUpReadableStreamDefaultReader(this, stream);
  }

  // https://streams.spec.whatwg.org/#generic-reader-closed
  get closed() {
    return readableStreamReaderGenericClosed(this);
  }

  // https://streams.spec.whatwg.org/#generic-reader-cancel
  cancel(reason) {
    if (this.stream === undefined) return PromiseReject(newReleasedError());
    return readableStreamReaderGenericCancel(this, reason);
  }

  // https://streams.spec.whatwg.org/#default-reader-read, with ReadableStreamDefaultReaderRead written out
  read() {
    const stream = this.stream;
    if (stream === undefined) return PromiseReject(newReleasedError());
    stream.disturbed = true;
    if (stream.state === "readable") {
      const controller = stream.controller;
      // A chunk that is there already needs no read request and no resolving functions.
      if (controller.hasChunks) return PromiseResolve(newReadResult(controller.takeChunk(), false));
      const readRequest = new PromiseReadRequest();
      controller.pullSteps(readRequest);
      return readRequest.promise;
    }
    if (stream.state === "closed") return PromiseResolve(newReadResult(undefined, true));
    return PromiseReject(stream.storedError);
  }

  // https://streams.spec.whatwg.org/#default-reader-release-lock
  releaseLock() {
    if (this.stream !== undefined) readableStreamDefaultReaderRelease(this);
  }

  /** The waiting read requests, which the caller now has to settle. */
  takeReadRequests() {
    const readRequests = this.readRequests;
    this.readRequests = new Deque();
    return readRequests;
  }
}
