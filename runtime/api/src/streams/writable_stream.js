// `WritableStream`: the public members. The abstract operations are in writable_stream_operations.js and its neighbours.

import { PromiseReject, RangeErrorConstructor, TypeErrorConstructor } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { convert_UnderlyingSink } from "nano:bindings";
import { Deque } from "./deque.js";
import { extractHighWaterMark, extractSizeAlgorithm } from "./queuing_strategies.js";
import { setUpWritableStreamDefaultControllerFromUnderlyingSink } from "./writable_stream_default_controller.js";
import {
  acquireWritableStreamDefaultWriter,
  newAlreadyClosingError,
  writableStreamAbort,
  writableStreamClose,
  writableStreamCloseQueuedOrInFlight,
} from "./writable_stream_operations.js";

/** https://streams.spec.whatwg.org/#ws-class */
export class WritableStreamImpl extends PlatformObject {
  backpressure = false;
  // Deferred promises of `close()`: one that waits in the queue, one that the sink is working on.
  closeRequest = undefined;
  inFlightCloseRequest = undefined;
  controller = undefined;
  // A write request is an object with `resolve(undefined)` and `reject(e)`: the one that the sink is working on, and the waiting ones.
  inFlightWriteRequest = undefined;
  writeRequests = new Deque();
  // A PendingAbortRequest.
  pendingAbortRequest = undefined;
  // "writable", "closed", "erroring" or "errored".
  state = "writable";
  storedError = undefined;
  // A WritableStreamDefaultWriterImpl, while the stream is locked.
  writer = undefined;

  // https://streams.spec.whatwg.org/#ws-constructor
  constructor_(underlyingSink = null, strategy) {
    // 2. Let underlyingSinkDict be underlyingSink, converted to an IDL value of type UnderlyingSink.
    const underlyingSinkDict = convert_UnderlyingSink(underlyingSink, "Failed to construct 'WritableStream'");
    // 3. If underlyingSinkDict["type"] exists, throw a RangeError exception.
    if ("type" in underlyingSinkDict) {
      throw new RangeErrorConstructor("An underlying sink must not have a type: there is only one kind of WritableStream");
    }
    // 5. to 7.
    const sizeAlgorithm = extractSizeAlgorithm(strategy);
    const highWaterMark = extractHighWaterMark(strategy, 1);
    setUpWritableStreamDefaultControllerFromUnderlyingSink(this, underlyingSink, underlyingSinkDict, highWaterMark, sizeAlgorithm);
  }

  // https://streams.spec.whatwg.org/#ws-locked
  get locked() {
    return this.writer !== undefined;
  }

  // https://streams.spec.whatwg.org/#ws-abort
  abort(reason) {
    if (this.writer !== undefined) return PromiseReject(newLockedToWriterError("abort"));
    return writableStreamAbort(this, reason);
  }

  // https://streams.spec.whatwg.org/#ws-close
  close() {
    if (this.writer !== undefined) return PromiseReject(newLockedToWriterError("close"));
    if (writableStreamCloseQueuedOrInFlight(this)) return PromiseReject(newAlreadyClosingError());
    return writableStreamClose(this);
  }

  // https://streams.spec.whatwg.org/#ws-get-writer
  getWriter() {
    return acquireWritableStreamDefaultWriter(this);
  }
}

function newLockedToWriterError(operation) {
  return new TypeErrorConstructor(`Cannot ${operation} a WritableStream that is locked to a writer; use the writer, or release its lock first`);
}
