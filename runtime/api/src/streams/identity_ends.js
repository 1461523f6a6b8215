// The two ends of an identity transform stream: the source behind its readable side, and the sink behind its writable one.
//
// A chunk is written when the readable side has taken it: there is no queue between them.

import { ArrayBufferIsView, PromiseReject, TypeErrorConstructor, Uint8ArrayConstructor } from "../script/primordials.js";
import { isArrayBuffer, resolvedWithUndefined } from "../script/webidl.js";
import { cloneAsUint8Array, viewBuffer, viewByteLength } from "./buffers.js";
import { Deferred } from "./promises.js";
import {
  enqueueOwnedBytes,
  readableByteStreamControllerClose,
  readableByteStreamControllerError,
} from "./readable_byte_stream_controller.js";
import { readableByteStreamControllerRespond } from "./readable_byte_stream_pull_into.js";
import { writableStreamDefaultControllerErrorIfNeeded } from "./writable_stream_default_controller.js";

/** The source; its `sink` is the other end. */
export class IdentityEnds {
  // A ReadableByteStreamControllerImpl and a WritableStreamImpl.
  controller = undefined;
  writable = undefined;
  // The bytes that wait for the readable side, and the promise of the write that they belong to.
  waiting = undefined;
  written = undefined;
  // The promise of a pull that waits for bytes.
  pulled = undefined;

  constructor(length) {
    // How many bytes may still be written; undefined where any number may.
    this.remaining = length;
    this.sink = new IdentitySink(this);
  }

  start() {
    return undefined;
  }

  /** How many bytes a reader will get, where that is known. */
  get bytesLeft() {
    if (this.remaining === undefined) return undefined;
    const waiting = this.waiting === undefined ? 0 : viewByteLength(this.waiting);
    return this.remaining + waiting + this.controller.queueTotalSize;
  }

  pull() {
    if (this.waiting !== undefined) {
      this.deliver();
      return undefined;
    }
    this.pulled = new Deferred();
    return this.pulled.promise;
  }

  cancel(reason) {
    writableStreamDefaultControllerErrorIfNeeded(this.writable.controller, reason);
    this.endWrite(reason);
    return resolvedWithUndefined;
  }

  /** Hands on the bytes that wait, unless the writable side has been aborted by now. */
  deliver() {
    const { waiting, written, writable } = this;
    this.waiting = undefined;
    this.written = undefined;
    if (writable.state === "erroring") {
      written.reject(writable.storedError);
      return;
    }
    enqueueOwnedBytes(this.controller, viewBuffer(waiting), 0, viewByteLength(waiting));
    written.resolve(undefined);
  }

  /** Whoever writes must not wait for a reader that there is no more. */
  endWrite(reason) {
    const { written } = this;
    this.waiting = undefined;
    this.written = undefined;
    if (written !== undefined) written.reject(reason);
  }

  endPull() {
    const { pulled } = this;
    this.pulled = undefined;
    if (pulled !== undefined) pulled.resolve(undefined);
  }

  /** Errors the readable side. The promise that it gives errors the writable one. */
  fail(error) {
    readableByteStreamControllerError(this.controller, error);
    this.endPull();
    return PromiseReject(error);
  }
}

/** The sink. */
class IdentitySink {
  constructor(ends) {
    this.ends = ends;
  }

  start() {
    return undefined;
  }

  write(chunk) {
    const { ends } = this;
    let bytes;
    try {
      // Whoever writes may change the chunk when the write is done, and whoever reads gets a buffer of his own.
      bytes = copyOf(chunk);
    } catch (error) {
      return ends.fail(error);
    }
    const length = viewByteLength(bytes);
    if (ends.remaining !== undefined) {
      if (length > ends.remaining) {
        return ends.fail(new TypeErrorConstructor(`A FixedLengthStream got ${length - ends.remaining} bytes more than its length`));
      }
      ends.remaining -= length;
    }
    if (length === 0) return resolvedWithUndefined;
    if (ends.pulled !== undefined) {
      enqueueOwnedBytes(ends.controller, viewBuffer(bytes), 0, length);
      ends.endPull();
      return resolvedWithUndefined;
    }
    ends.waiting = bytes;
    ends.written = new Deferred();
    return ends.written.promise;
  }

  close() {
    const { ends } = this;
    const { controller, remaining } = ends;
    if (remaining > 0) {
      return ends.fail(new TypeErrorConstructor(`A FixedLengthStream was closed ${remaining} bytes before its length`));
    }
    if (controller.stream.state === "readable") {
      try {
        readableByteStreamControllerClose(controller);
      } catch (error) {
        return ends.fail(error);
      }
      // A BYOB reader gets its buffer back.
      if (controller.pendingPullIntos.length > 0) readableByteStreamControllerRespond(controller, 0);
      ends.endPull();
    }
    return resolvedWithUndefined;
  }

  abort(reason) {
    readableByteStreamControllerError(this.ends.controller, reason);
    this.ends.endPull();
    return resolvedWithUndefined;
  }
}

/** A copy of a chunk's bytes. Throws where it has none, as what is shared. */
function copyOf(chunk) {
  if (ArrayBufferIsView(chunk) && isArrayBuffer(viewBuffer(chunk))) return cloneAsUint8Array(chunk);
  if (isArrayBuffer(chunk)) return cloneAsUint8Array(new Uint8ArrayConstructor(chunk));
  throw new TypeErrorConstructor("A chunk of an identity stream must be an ArrayBuffer or a view of one");
}
