// Piping: https://streams.spec.whatwg.org/#readable-stream-pipe-to
//
// The pipe takes chunks out of the source's queue and puts them into the destination's while there is room. It makes no promise per
// chunk: it is itself the read request for a chunk that is not there yet, and the write request of every chunk that it writes.

import { PromisePrototypeThen, TypeErrorConstructor } from "../script/primordials.js";
import { resolvedWithUndefined } from "../script/webidl.js";
import { Deferred, doNothing, queueMicrotaskSteps, waitForBoth } from "./promises.js";
import { acquireReadableStreamDefaultReader, readableStreamCancel } from "./readable_stream_operations.js";
import { readableStreamDefaultReaderRead, readableStreamDefaultReaderRelease } from "./readable_stream_reader_operations.js";
import { acquireWritableStreamDefaultWriter, writableStreamAbort, writableStreamCloseQueuedOrInFlight } from "./writable_stream_operations.js";
import {
  writableStreamDefaultWriterCloseWithErrorPropagation,
  writableStreamDefaultWriterRelease,
  writableStreamDefaultWriterWrite,
} from "./writable_stream_writer_operations.js";

/** `signal` may be undefined. Returns a promise of the end of the pipe. */
export function readableStreamPipeTo(source, dest, preventClose, preventAbort, preventCancel, signal) {
  const pipe = new Pipe(source, dest, preventClose, preventAbort, preventCancel, signal);
  pipe.start();
  return pipe.end.promise;
}

class Pipe {
  constructor(source, dest, preventClose, preventAbort, preventCancel, signal) {
    this.source = source;
    this.dest = dest;
    this.preventClose = preventClose;
    this.preventAbort = preventAbort;
    this.preventCancel = preventCancel;
    this.signal = signal;
    // 8. to 13.
    this.reader = acquireReadableStreamDefaultReader(source);
    this.writer = acquireWritableStreamDefaultWriter(dest);
    source.disturbed = true;
    this.shuttingDown = false;
    this.end = new Deferred();
    // A chunk that was read, and will be written in a microtask.
    this.hasChunk = false;
    this.chunk = undefined;
    // Chunks that were read and whose write has not settled.
    this.unsettledChunks = 0;
    // What to do when all chunks are written: the rest of a shutdown.
    this.afterWrites = undefined;
    this.abortAlgorithm = undefined;
    this.pumpSteps = () => this.pump();
    this.writeChunkSteps = () => {
      this.writeWaitingChunk();
      this.pump();
    };
  }

  start() {
    const { source, dest, signal } = this;
    // 14. If signal is not undefined,
    if (signal !== undefined) {
      this.abortAlgorithm = () => this.abort();
      if (signal.aborted) {
        this.abort();
        return;
      }
      signal.addAlgorithm(this.abortAlgorithm);
    }
    // 15. Error and close states must be propagated, in this order.
    if (source.state === "errored") this.propagateErrorForward();
    else if (dest.state === "errored") this.propagateErrorBackward();
    else if (source.state === "closed") this.propagateCloseForward();
    else if (writableStreamCloseQueuedOrInFlight(dest) || dest.state === "closed") this.propagateCloseBackward();
    if (this.shuttingDown) return;
    PromisePrototypeThen(this.reader.closedPromise.promise, () => this.propagateCloseForward(), () => this.propagateErrorForward());
    PromisePrototypeThen(this.writer.closedPromise.promise, doNothing, () => this.propagateErrorBackward());
    // Called after each write that left room for another one.
    this.writer.onReady = this.pumpSteps;
    this.pump();
  }

  /** Moves chunks until one side has to be waited for. */
  pump() {
    const { source, dest } = this;
    while (!this.shuttingDown && !this.hasChunk && source.state === "readable" && dest.state === "writable") {
      // Backpressure must be enforced. (`onReady` calls again.)
      if (dest.backpressure) return;
      const controller = source.controller;
      if (!controller.hasChunks) {
        if (this.reader.readRequests.length === 0) readableStreamDefaultReaderRead(this.reader, this);
        return;
      }
      const chunk = controller.takeChunk();
      this.unsettledChunks++;
      writableStreamDefaultWriterWrite(this.writer, chunk, this);
    }
  }

  // ---- The read request -----------------------------------------------------------------------------------------------------

  // The source is in the middle of `enqueue()`, which must not run the destination's write algorithm.
  chunkSteps(chunk) {
    this.hasChunk = true;
    this.chunk = chunk;
    this.unsettledChunks++;
    queueMicrotaskSteps(this.writeChunkSteps);
  }

  closeSteps() {}

  errorSteps() {}

  writeWaitingChunk() {
    if (!this.hasChunk) return;
    const chunk = this.chunk;
    this.hasChunk = false;
    this.chunk = undefined;
    // After the end of the pipe there is nowhere to write to.
    if (this.writer.stream !== undefined) writableStreamDefaultWriterWrite(this.writer, chunk, this);
  }

  // ---- The write request ----------------------------------------------------------------------------------------------------

  resolve() {
    if (--this.unsettledChunks === 0 && this.afterWrites !== undefined) {
      // The destination is in the middle of settling the write.
      queueMicrotaskSteps(this.afterWrites);
      this.afterWrites = undefined;
    }
  }

  reject() {
    this.resolve();
  }

  // ---- The ends of a pipe ---------------------------------------------------------------------------------------------------

  // 14.1
  abort() {
    const { source, dest } = this;
    const error = this.signal.reason;
    this.shutdownWithAction(
      () => {
        const abortDest = () => (dest.state === "writable" ? writableStreamAbort(dest, error) : resolvedWithUndefined);
        const cancelSource = () => (source.state === "readable" ? readableStreamCancel(source, error) : resolvedWithUndefined);
        if (this.preventAbort) return this.preventCancel ? resolvedWithUndefined : cancelSource();
        return this.preventCancel ? abortDest() : waitForBoth(abortDest(), cancelSource());
      },
      true,
      error,
    );
  }

  propagateErrorForward() {
    const { dest } = this;
    const error = this.source.storedError;
    this.shutdownWithAction(this.preventAbort ? undefined : () => writableStreamAbort(dest, error), true, error);
  }

  propagateErrorBackward() {
    const { source } = this;
    const error = this.dest.storedError;
    this.shutdownWithAction(this.preventCancel ? undefined : () => readableStreamCancel(source, error), true, error);
  }

  propagateCloseForward() {
    const { writer } = this;
    this.shutdownWithAction(this.preventClose ? undefined : () => writableStreamDefaultWriterCloseWithErrorPropagation(writer), false, undefined);
  }

  propagateCloseBackward() {
    const { source } = this;
    const destClosed = new TypeErrorConstructor("Cannot pipe to a WritableStream that is closing or closed");
    this.shutdownWithAction(this.preventCancel ? undefined : () => readableStreamCancel(source, destClosed), true, destClosed);
  }

  /**
   * https://streams.spec.whatwg.org/#rs-pipeTo-shutdown-with-action; where `action` is undefined,
   * https://streams.spec.whatwg.org/#rs-pipeTo-shutdown
   */
  shutdownWithAction(action, hasError, error) {
    // 1. and 2.
    if (this.shuttingDown) return;
    this.shuttingDown = true;
    // 4. to 6.
    const finish = () => {
      if (action === undefined) {
        this.finalize(hasError, error);
        return;
      }
      PromisePrototypeThen(action(), () => this.finalize(hasError, error), (newError) => this.finalize(true, newError));
    };
    // 3. If dest.[[state]] is "writable" and ! WritableStreamCloseQueuedOrInFlight(dest) is false,
    if (this.dest.state === "writable" && !writableStreamCloseQueuedOrInFlight(this.dest)) {
      this.writeWaitingChunk();
      if (this.unsettledChunks > 0) this.afterWrites = finish;
      else queueMicrotaskSteps(finish);
    } else {
      finish();
    }
  }

  // https://streams.spec.whatwg.org/#rs-pipeTo-finalize
  finalize(hasError, error) {
    this.writer.onReady = undefined;
    writableStreamDefaultWriterRelease(this.writer);
    readableStreamDefaultReaderRelease(this.reader);
    if (this.abortAlgorithm !== undefined) this.signal.removeAlgorithm(this.abortAlgorithm);
    if (hasError) this.end.reject(error);
    else this.end.resolve(undefined);
  }
}
