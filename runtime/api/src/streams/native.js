// Streams whose other end is in Rust: bodies that come in, bodies that go out, and what other specifications ask of a stream
// (https://streams.spec.whatwg.org/#other-specs). Everything here takes and gives impl objects.

import { unwrap_ReadableStream } from "nano:bindings";
import { exportToNative } from "../script/bridge.js";
import { List } from "../script/list.js";
import {
  PromisePrototypeThen,
  PromiseReject,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeSet,
  TypeErrorConstructor,
  Uint8ArrayConstructor,
} from "../script/primordials.js";
import { resolvedWithUndefined } from "../script/webidl.js";
import { isUint8Array } from "./buffers.js";
import { Deferred, markAsHandled } from "./promises.js";
import {
  enqueueOwnedBytes,
  ReadableByteStreamControllerImpl,
  readableByteStreamControllerClose,
} from "./readable_byte_stream_controller.js";
import { IdentityEnds } from "./identity_ends.js";
import { readableByteStreamControllerRespond } from "./readable_byte_stream_pull_into.js";
import { ReadableStreamImpl } from "./readable_stream.js";
import { acquireReadableStreamDefaultReader, readableStreamCancel, readableStreamClose } from "./readable_stream_operations.js";
import { readableStreamDefaultReaderRead } from "./readable_stream_reader_operations.js";
import { readableStreamTee } from "./readable_stream_tee.js";

// ---- State --------------------------------------------------------------------------------------------------------------------

/** https://streams.spec.whatwg.org/#readablestream-locked */
export function isLocked(stream) {
  return stream.reader !== undefined;
}

/** https://streams.spec.whatwg.org/#is-readable-stream-disturbed */
export function isDisturbed(stream) {
  return stream.disturbed;
}

/** https://streams.spec.whatwg.org/#readablestream-readable */
export function isReadable(stream) {
  return stream.state === "readable";
}

/** Cancels the stream, locked or not. What its source has to say about that is nobody's concern. */
function cancelStream(stream, reason) {
  markAsHandled(readableStreamCancel(stream, reason));
}

// ---- Bytes that come from Rust ------------------------------------------------------------------------------------------------

/**
 * A readable byte stream over a `NativeSource`. It pulls when somebody reads (its high water mark is 0) or has asked for a reader's
 * `closed` (then it is 1), and nobody else holds the buffers of its chunks.
 */
function newByteStreamFromNative(nativeSource) {
  const stream = new ReadableStreamImpl();
  const controller = new ReadableByteStreamControllerImpl();
  controller.stream = stream;
  controller.source = new NativeByteSource(nativeSource, controller);
  controller.endNeedsPull = true;
  // There is no start algorithm to wait for.
  controller.started = true;
  stream.controller = controller;
  return stream;
}

/** The pull and cancel algorithms over a `NativeSource`. */
class NativeByteSource {
  constructor(nativeSource, controller) {
    this.nativeSource = nativeSource;
    this.controller = controller;
    this.onChunk = undefined;
  }

  /** Gives undefined where a chunk was there, else a promise. */
  pull() {
    let chunk;
    try {
      chunk = this.nativeSource.pull();
    } catch (error) {
      return PromiseReject(error);
    }
    if (chunk === null || isUint8Array(chunk)) {
      this.accept(chunk);
      return undefined;
    }
    this.onChunk ??= (awaited) => this.accept(awaited);
    return PromisePrototypeThen(chunk, this.onChunk);
  }

  accept(chunk) {
    const controller = this.controller;
    // Cancelled in the meantime.
    if (controller.stream.state !== "readable") return;
    if (chunk === null) {
      readableByteStreamControllerClose(controller);
      // A BYOB reader gets its buffer back.
      if (controller.pendingPullIntos.length > 0) readableByteStreamControllerRespond(controller, 0);
      return;
    }
    const byteLength = TypedArrayPrototypeGetByteLength(chunk);
    if (byteLength === 0) {
      // Nothing that a reader could be given: ask once more.
      controller.pullAgain = true;
      return;
    }
    enqueueOwnedBytes(controller, TypedArrayPrototypeGetBuffer(chunk), TypedArrayPrototypeGetByteOffset(chunk), byteLength);
  }

  cancel(reason) {
    try {
      this.nativeSource.cancel(reason);
    } catch (error) {
      return PromiseReject(error);
    }
    return resolvedWithUndefined;
  }
}

/**
 * Takes the `NativeSource` out of a stream that nobody has touched, so that Rust can move its bytes without JavaScript. The stream is
 * locked, disturbed and closed afterwards, as if a reader had read all of it. Gives undefined where the stream is of another kind or
 * in use.
 */
function takeNativeSource(stream) {
  const controller = stream.controller;
  if (stream.disturbed || stream.reader !== undefined || stream.state !== "readable") return undefined;
  const source = controller.source;
  // What was read ahead is no longer in the source.
  if (!(source instanceof NativeByteSource) || controller.highWaterMark > 0) return undefined;
  acquireReadableStreamDefaultReader(stream);
  stream.disturbed = true;
  controller.source = undefined;
  readableStreamClose(stream);
  return source.nativeSource;
}

// ---- Bytes that go to Rust ----------------------------------------------------------------------------------------------------

/**
 * Reads the stream to its end and writes every chunk to a `NativeSink`. A chunk that is no `Uint8Array` fails with a TypeError, as
 * https://fetch.spec.whatwg.org/#incrementally-read-loop has it. Throws a TypeError where the stream is locked.
 */
export function pumpToNative(stream, sink) {
  new NativePump(stream, sink).readMore();
}

/** A pump is its own read request. It makes a promise only where the sink has no room. */
class NativePump {
  constructor(stream, sink) {
    this.stream = stream;
    this.sink = sink;
    this.reader = acquireReadableStreamDefaultReader(stream);
    this.onRoom = undefined;
    this.onFailure = undefined;
  }

  readMore() {
    const { stream, reader } = this;
    // What is queued already goes without read requests.
    while (stream.state === "readable" && stream.controller.hasChunks) {
      stream.disturbed = true;
      if (!this.write(stream.controller.takeChunk())) return;
    }
    readableStreamDefaultReaderRead(reader, this);
  }

  chunkSteps(chunk) {
    if (this.write(chunk)) this.readMore();
  }

  closeSteps() {
    this.sink.close();
  }

  errorSteps(error) {
    this.sink.error(error);
  }

  /** Whether there is room for more at once. */
  write(chunk) {
    if (!isUint8Array(chunk)) return this.fail(newChunkTypeError());
    let room;
    try {
      // The buffers of a byte stream's chunks are ours.
      room = this.sink.write(chunk, this.stream.controller.isByteController);
    } catch (error) {
      // There is no memory for a copy, it is no chunk that Web IDL lets through, or whoever took the bytes is gone.
      return this.fail(error);
    }
    if (room === undefined) return true;
    if (this.onRoom === undefined) {
      this.onRoom = () => this.readMore();
      // Whoever took the bytes is gone.
      this.onFailure = (reason) => this.fail(reason);
    }
    PromisePrototypeThen(room, this.onRoom, this.onFailure);
    return false;
  }

  /** Ends both: neither must wait for the other when a chunk cannot go from one to the other. */
  fail(error) {
    this.sink.error(error);
    cancelStream(this.stream, error);
    return false;
  }
}

/**
 * A promise of what `convert` makes of all bytes of the stream, in one `Uint8Array` that nobody else holds. (A promise for the
 * bytes themselves would look up their `then`, which an app may have put on `Object.prototype`.) Throws a TypeError where the stream is locked.
 * https://streams.spec.whatwg.org/#readablestreamdefaultreader-read-all-bytes
 */
export function readAllBytes(stream, convert) {
  const reading = new ReadingOfAllBytes(stream, convert);
  reading.readMore();
  return reading.result.promise;
}

/** It is its own read request: https://streams.spec.whatwg.org/#read-loop */
class ReadingOfAllBytes {
  constructor(stream, convert) {
    this.stream = stream;
    this.convert = convert;
    this.reader = acquireReadableStreamDefaultReader(stream);
    this.result = new Deferred();
    this.chunks = new List();
    this.byteLength = 0;
  }

  readMore() {
    const { stream, reader } = this;
    while (stream.state === "readable" && stream.controller.hasChunks) {
      stream.disturbed = true;
      if (!this.append(stream.controller.takeChunk())) return;
    }
    readableStreamDefaultReaderRead(reader, this);
  }

  chunkSteps(chunk) {
    if (this.append(chunk)) this.readMore();
  }

  closeSteps() {
    const { chunks } = this;
    // The buffers of a byte stream's chunks are ours, so a single one need not be copied.
    if (chunks.length === 1 && this.stream.controller.isByteController) {
      this.finish(chunks[0]);
      return;
    }
    let bytes;
    try {
      bytes = new Uint8ArrayConstructor(this.byteLength);
    } catch (error) {
      this.result.reject(error);
      return;
    }
    let offset = 0;
    for (let i = 0; i < chunks.length; i++) {
      TypedArrayPrototypeSet(bytes, chunks[i], offset);
      offset += TypedArrayPrototypeGetByteLength(chunks[i]);
    }
    this.finish(bytes);
  }

  finish(bytes) {
    let value;
    try {
      value = this.convert(bytes);
    } catch (error) {
      this.result.reject(error);
      return;
    }
    this.result.resolve(value);
  }

  errorSteps(error) {
    this.result.reject(error);
  }

  append(chunk) {
    if (!isUint8Array(chunk)) {
      const error = newChunkTypeError();
      this.result.reject(error);
      cancelStream(this.stream, error);
      return false;
    }
    this.chunks.append(chunk);
    this.byteLength += TypedArrayPrototypeGetByteLength(chunk);
    return true;
  }
}

function newChunkTypeError() {
  return new TypeErrorConstructor("The chunks of a stream that is a body must be Uint8Array objects; pipe text through a TextEncoderStream first");
}

// ---- Streams for other specifications ------------------------------------------------------------------------------------------

/** Two branches, the second with chunks of its own: https://streams.spec.whatwg.org/#readablestream-tee */
export function teeStream(stream) {
  return readableStreamTee(stream, true);
}

// Here the values are public objects: they cross the border.
// How many bytes a stream that is a body will have, where its source knows.
exportToNative("streamLength", (stream) => {
  const { source } = unwrap_ReadableStream(stream).controller;
  return source instanceof IdentityEnds ? source.bytesLeft : undefined;
});
exportToNative("cancelStream", (stream, reason) => cancelStream(unwrap_ReadableStream(stream), reason));
exportToNative("takeNativeSource", (stream) => takeNativeSource(unwrap_ReadableStream(stream)));
// A stream over a NativeSource.
exportToNative("bodyStream", (source) => newByteStreamFromNative(source).wrapper);
