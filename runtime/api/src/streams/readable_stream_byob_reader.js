// `ReadableStreamBYOBReader`: reads bytes into buffers that the reader brings.

import {
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeGetDetached,
  PromiseReject,
  RangeErrorConstructor,
  TypeErrorConstructor,
} from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { viewBuffer, viewByteLength, viewElementCount } from "./buffers.js";
import { Deque } from "./deque.js";
import { LazyPromise } from "./promises.js";
import {
  newReleasedError,
  PromiseReadRequest,
  readableStreamBYOBReaderRead,
  readableStreamBYOBReaderRelease,
  readableStreamReaderGenericCancel,
  readableStreamReaderGenericClosed,
  setUpReadableStreamBYOBReader,
} from "./readable_stream_reader_operations.js";

/** https://streams.spec.whatwg.org/#byob-reader-class */
export class ReadableStreamBYOBReaderImpl extends PlatformObject {
  // Which of the two kinds of readers this is.
  isBYOB = true;
  closedPromise = new LazyPromise();
  stream = undefined;
  // The standard's [[readIntoRequests]], under the name that both kinds of readers share.
  readRequests = new Deque();

  // https://streams.spec.whatwg.org/#byob-reader-constructor
  constructor_(stream) {
    setUpReadableStreamBYOBReader(this, stream);
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

  // https://streams.spec.whatwg.org/#byob-reader-read
  read(view, options) {
    // 1. to 3. The view must have room.
    const buffer = viewBuffer(view);
    if (ArrayBufferPrototypeGetDetached(buffer)) {
      return PromiseReject(new TypeErrorConstructor("read() needs a view on an ArrayBuffer that is not detached"));
    }
    if (viewByteLength(view) === 0 || ArrayBufferPrototypeGetByteLength(buffer) === 0) {
      return PromiseReject(new TypeErrorConstructor("read() needs a view with room for at least one element, but its length is 0"));
    }
    // 4. to 6. The minimum must fit.
    const min = options.min;
    if (min === 0) return PromiseReject(new TypeErrorConstructor("The option min of read() must be at least 1"));
    const room = viewElementCount(view);
    if (min > room) {
      return PromiseReject(new RangeErrorConstructor(`The option min of read() is ${min}, but the view has only room for ${room}`));
    }
    // 7.
    if (this.stream === undefined) return PromiseReject(newReleasedError());
    // 8. to 11.
    const readIntoRequest = new PromiseReadRequest();
    readableStreamBYOBReaderRead(this, view, min, readIntoRequest);
    return readIntoRequest.promise;
  }

  // https://streams.spec.whatwg.org/#byob-reader-release-lock
  releaseLock() {
    if (this.stream !== undefined) readableStreamBYOBReaderRelease(this);
  }

  /** The waiting read-into requests, which the caller now has to settle. */
  takeReadRequests() {
    const readRequests = this.readRequests;
    this.readRequests = new Deque();
    return readRequests;
  }
}
