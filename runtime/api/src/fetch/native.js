// What Rust asks of streams and signals for `Request`, `Response` and `fetch()`. Values that cross this border are public
// objects.

import { unwrap_AbortSignal, unwrap_ReadableStream } from "nano:bindings";
import { packageData, settled } from "nano:native";
import { CompressionStreamImpl } from "../compression/compression_stream.js";
import { AbortSignalImpl, createDependentAbortSignal } from "../dom/abort_signal.js";
import { exportToNative } from "../script/bridge.js";
import { markAsHandled } from "../streams/promises.js";
import { readableByteStreamControllerError } from "../streams/readable_byte_stream_controller.js";
import { readableStreamPipeTo } from "../streams/readable_stream_pipe_to.js";
import { TransformStreamImpl } from "../streams/transform_stream.js";
import { isDisturbed, isLocked, isReadable, pumpToNative, readAllBytes, teeStream } from "../streams/native.js";

const LOCKED = 1;
const DISTURBED = 2;

// The stream's state, as bits.
exportToNative("streamState", (stream) => {
  const impl = unwrap_ReadableStream(stream);
  return (isLocked(impl) ? LOCKED : 0) | (isDisturbed(impl) ? DISTURBED : 0);
});

// https://fetch.spec.whatwg.org/#concept-body-consume-body for bodies that are streams
exportToNative("consumeStream", (stream, kind, contentType) =>
  readAllBytes(unwrap_ReadableStream(stream), (bytes) => packageData(kind, contentType, bytes)));

exportToNative("teeBody", (stream) => {
  const branches = teeStream(unwrap_ReadableStream(stream));
  return [branches[0].wrapper, branches[1].wrapper];
});

// https://streams.spec.whatwg.org/#readablestream-create-a-proxy
exportToNative("proxyStream", (stream) => {
  const transform = new TransformStreamImpl();
  transform.constructor_(undefined, { __proto__: null }, { __proto__: null });
  markAsHandled(readableStreamPipeTo(unwrap_ReadableStream(stream), transform.writable, false, false, false));
  return transform.readable.wrapper;
});

// What the stream's bytes are compressed to.
exportToNative("compressStream", (stream, format) => {
  const compression = new CompressionStreamImpl();
  compression.constructor_(format);
  markAsHandled(readableStreamPipeTo(unwrap_ReadableStream(stream), compression.writable, false, false, false));
  return compression.readable.wrapper;
});

// Reads the stream to its end, into a NativeSink. Errors reach the sink.
exportToNative("pumpBody", (stream, sink) => pumpToNative(unwrap_ReadableStream(stream), sink));

// Errors a stream over a NativeSource, unless it is over.
exportToNative("errorStream", (stream, reason) => {
  const impl = unwrap_ReadableStream(stream);
  if (isReadable(impl)) readableByteStreamControllerError(impl.controller, reason);
});

// A signal that follows another one, or none.
exportToNative("requestSignal", (parent) => {
  const signal = parent === undefined ? new AbortSignalImpl() : createDependentAbortSignal([unwrap_AbortSignal(parent)]);
  return signal.wrapper;
});

exportToNative("abortSignal", (signal, reason) => unwrap_AbortSignal(signal).signalAbort(reason));

// Calls Rust, by `settled`, when the signal is aborted; returns what `forgetAbort` takes, or undefined where it is aborted already.
exportToNative("whenAborted", (signal, id) => {
  const impl = unwrap_AbortSignal(signal);
  if (impl.aborted) {
    return undefined;
  }
  const algorithm = () => settled(id, false, impl.reason);
  impl.addAlgorithm(algorithm);
  return algorithm;
});

// The signal's abort reason; undefined as long as it is not aborted.
exportToNative("signalReason", (signal) => unwrap_AbortSignal(signal).reason);

exportToNative("forgetAbort", (signal, algorithm) => unwrap_AbortSignal(signal).removeAlgorithm(algorithm));
