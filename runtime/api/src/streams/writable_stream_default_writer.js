// `WritableStreamDefaultWriter`.

import { PromiseReject } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { Deferred, LazyPromise } from "./promises.js";
import {
  newAlreadyClosingError,
  writableStreamAbort,
  writableStreamClose,
  writableStreamCloseQueuedOrInFlight,
} from "./writable_stream_operations.js";
import {
  newWriterReleasedError,
  setUpWritableStreamDefaultWriter,
  writableStreamDefaultWriterGetDesiredSize,
  writableStreamDefaultWriterRelease,
  writableStreamDefaultWriterWrite,
} from "./writable_stream_writer_operations.js";

/** https://streams.spec.whatwg.org/#default-writer-class */
export class WritableStreamDefaultWriterImpl extends PlatformObject {
  closedPromise = new LazyPromise();
  readyPromise = new LazyPromise();
  stream = undefined;
  // What a pipe does when [[readyPromise]] was fulfilled. It needs no promise for that.
  onReady = undefined;

  // https://streams.spec.whatwg.org/#default-writer-constructor
  constructor_(stream) {
    setUpWritableStreamDefaultWriter(this, stream);
  }

  // https://streams.spec.whatwg.org/#default-writer-closed
  get closed() {
    return this.closedPromise.promise;
  }

  // https://streams.spec.whatwg.org/#default-writer-desired-size
  get desiredSize() {
    if (this.stream === undefined) throw newWriterReleasedError();
    return writableStreamDefaultWriterGetDesiredSize(this);
  }

  // https://streams.spec.whatwg.org/#default-writer-ready
  get ready() {
    return this.readyPromise.promise;
  }

  // https://streams.spec.whatwg.org/#default-writer-abort
  abort(reason) {
    if (this.stream === undefined) return PromiseReject(newWriterReleasedError());
    return writableStreamAbort(this.stream, reason);
  }

  // https://streams.spec.whatwg.org/#default-writer-close
  close() {
    const stream = this.stream;
    if (stream === undefined) return PromiseReject(newWriterReleasedError());
    if (writableStreamCloseQueuedOrInFlight(stream)) return PromiseReject(newAlreadyClosingError());
    return writableStreamClose(stream);
  }

  // https://streams.spec.whatwg.org/#default-writer-release-lock
  releaseLock() {
    if (this.stream !== undefined) writableStreamDefaultWriterRelease(this);
  }

  // https://streams.spec.whatwg.org/#default-writer-write
  write(chunk) {
    if (this.stream === undefined) return PromiseReject(newWriterReleasedError());
    const writeRequest = new Deferred();
    writableStreamDefaultWriterWrite(this, chunk, writeRequest);
    return writeRequest.promise;
  }
}
