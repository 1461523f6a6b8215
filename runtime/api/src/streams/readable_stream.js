// `ReadableStream`: the public members. The abstract operations are in readable_stream_operations.js and its neighbours.

import { PromiseReject, PromiseResolve, RangeErrorConstructor, TypeErrorConstructor } from "../script/primordials.js";
import { endOfIteration, PlatformObject } from "../script/webidl.js";
import { convert_UnderlyingSource } from "nano:bindings";
import { extractHighWaterMark, extractSizeAlgorithm } from "./queuing_strategies.js";
import { Deferred, markAsHandled } from "./promises.js";
import { setUpReadableByteStreamControllerFromUnderlyingSource } from "./readable_byte_stream_setup.js";
import { setUpReadableStreamDefaultControllerFromUnderlyingSource } from "./readable_stream_default_controller.js";
import { acquireReadableStreamBYOBReader, acquireReadableStreamDefaultReader, readableStreamCancel } from "./readable_stream_operations.js";
import {
  readableStreamDefaultReaderRead,
  readableStreamDefaultReaderRelease,
  readableStreamReaderGenericCancel,
} from "./readable_stream_reader_operations.js";
import { readableStreamFromIterable } from "./readable_stream_from.js";
import { readableStreamPipeTo } from "./readable_stream_pipe_to.js";
import { readableStreamTee } from "./readable_stream_tee.js";

/** https://streams.spec.whatwg.org/#rs-class */
export class ReadableStreamImpl extends PlatformObject {
  // A ReadableStreamDefaultControllerImpl or ReadableByteStreamControllerImpl.
  controller = undefined;
  disturbed = false;
  // A ReadableStreamDefaultReaderImpl or ReadableStreamBYOBReaderImpl, while the stream is locked.
  reader = undefined;
  // "readable", "closed" or "errored".
  state = "readable";
  storedError = undefined;

  // https://streams.spec.whatwg.org/#rs-constructor
  constructor_(underlyingSource = null, strategy) {
    // 2. Let underlyingSourceDict be underlyingSource, converted to an IDL value of type UnderlyingSource.
    const underlyingSourceDict = convert_UnderlyingSource(underlyingSource, "Failed to construct 'ReadableStream'");
    // 4. If underlyingSourceDict["type"] is "bytes":
    if (underlyingSourceDict.type === "bytes") {
      if ("size" in strategy) {
        throw new RangeErrorConstructor("The queuing strategy of a readable byte stream must not have a size(): its chunks are measured in bytes");
      }
      const highWaterMark = extractHighWaterMark(strategy, 0);
      setUpReadableByteStreamControllerFromUnderlyingSource(this, underlyingSource, underlyingSourceDict, highWaterMark);
      return;
    }
    // 5. Otherwise,
    const sizeAlgorithm = extractSizeAlgorithm(strategy);
    const highWaterMark = extractHighWaterMark(strategy, 1);
    setUpReadableStreamDefaultControllerFromUnderlyingSource(this, underlyingSource, underlyingSourceDict, highWaterMark, sizeAlgorithm);
  }

  // https://streams.spec.whatwg.org/#rs-from
  static from(asyncIterable) {
    return readableStreamFromIterable(asyncIterable);
  }

  // https://streams.spec.whatwg.org/#rs-locked
  get locked() {
    return this.reader !== undefined;
  }

  // https://streams.spec.whatwg.org/#rs-cancel
  cancel(reason) {
    if (this.reader !== undefined) return PromiseReject(newReadableLockedError("cancel"));
    return readableStreamCancel(this, reason);
  }

  // https://streams.spec.whatwg.org/#rs-get-reader
  getReader(options) {
    return "mode" in options ? acquireReadableStreamBYOBReader(this) : acquireReadableStreamDefaultReader(this);
  }

  // https://streams.spec.whatwg.org/#rs-pipe-through
  pipeThrough(transform, options) {
    // 1. and 2. If either stream is locked, throw a TypeError exception.
    if (this.reader !== undefined) throw newReadableLockedError("pipe");
    if (transform.writable.writer !== undefined) throw newWritableLockedError();
    // 4. and 5.
    markAsHandled(pipeWithOptions(this, transform.writable, options));
    // 6. Return transform["readable"].
    return transform.readable;
  }

  // https://streams.spec.whatwg.org/#rs-pipe-to
  pipeTo(destination, options) {
    // 1. and 2. If either stream is locked, return a promise rejected with a TypeError exception.
    if (this.reader !== undefined) return PromiseReject(newReadableLockedError("pipe"));
    if (destination.writer !== undefined) return PromiseReject(newWritableLockedError());
    // 4.
    return pipeWithOptions(this, destination, options);
  }

  // https://streams.spec.whatwg.org/#rs-tee
  tee() {
    return readableStreamTee(this, false);
  }

  // https://streams.spec.whatwg.org/#rs-get-iterator
  asyncIteratorInit(iterator, args) {
    iterator.reader = acquireReadableStreamDefaultReader(this);
    iterator.preventCancel = args[0].preventCancel;
  }

  // https://streams.spec.whatwg.org/#rs-asynciterator-prototype-next
  getNextIterationResult(iterator) {
    const reader = iterator.reader;
    const controller = this.controller;
    // A chunk that is there already needs no read request.
    if (this.state === "readable" && controller.hasChunks) {
      this.disturbed = true;
      return PromiseResolve(controller.takeChunk());
    }
    const readRequest = new IterationReadRequest(reader);
    readableStreamDefaultReaderRead(reader, readRequest);
    return readRequest.promise;
  }

  // https://streams.spec.whatwg.org/#rs-asynciterator-prototype-return
  asyncIteratorReturn(iterator, value) {
    const reader = iterator.reader;
    // 4. If iterator's prevent cancel is false:
    if (!iterator.preventCancel) {
      const result = readableStreamReaderGenericCancel(reader, value);
      readableStreamDefaultReaderRelease(reader);
      return result;
    }
    // 5. and 6.
    readableStreamDefaultReaderRelease(reader);
    return PromiseResolve(undefined);
  }
}

/** The read request of https://streams.spec.whatwg.org/#rs-asynciterator-prototype-next step 4. */
class IterationReadRequest extends Deferred {
  constructor(reader) {
    super();
    this.reader = reader;
  }

  chunkSteps(chunk) {
    this.resolve(chunk);
  }

  closeSteps() {
    readableStreamDefaultReaderRelease(this.reader);
    this.resolve(endOfIteration);
  }

  errorSteps(error) {
    readableStreamDefaultReaderRelease(this.reader);
    this.reject(error);
  }
}

function pipeWithOptions(source, destination, options) {
  return readableStreamPipeTo(source, destination, options.preventClose, options.preventAbort, options.preventCancel, options.signal);
}

function newReadableLockedError(operation) {
  return new TypeErrorConstructor(`Cannot ${operation} a ReadableStream that is locked to a reader; release the reader's lock first`);
}

function newWritableLockedError() {
  return new TypeErrorConstructor("Cannot pipe to a WritableStream that is locked to a writer; release the writer's lock first");
}
