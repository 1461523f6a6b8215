// The set-up of byte stream controllers: the end of https://streams.spec.whatwg.org/#rbs-controller-abstract-ops

import { PromisePrototypeThen, TypeErrorConstructor } from "../script/primordials.js";
import { promiseResolvedWith } from "./promises.js";
import {
  ReadableByteStreamControllerImpl,
  readableByteStreamControllerCallPullIfNeeded,
  readableByteStreamControllerError,
} from "./readable_byte_stream_controller.js";
import { AppUnderlyingSource } from "./readable_stream_default_controller.js";

// https://streams.spec.whatwg.org/#set-up-readable-byte-stream-controller
export function setUpReadableByteStreamController(stream, controller, source, highWaterMark, autoAllocateChunkSize) {
  // 3. to 13. (The other slots have their values already.)
  controller.stream = stream;
  controller.highWaterMark = highWaterMark;
  controller.source = source;
  controller.autoAllocateChunkSize = autoAllocateChunkSize;
  stream.controller = controller;
  // 14. Let startResult be the result of performing startAlgorithm.
  const startResult = source.start(controller);
  // 15. Let startPromise be a promise resolved with startResult.
  const startPromise = promiseResolvedWith(startResult);
  PromisePrototypeThen(
    startPromise,
    // 16. Upon fulfillment of startPromise,
    () => {
      controller.started = true;
      readableByteStreamControllerCallPullIfNeeded(controller);
    },
    // 17. Upon rejection of startPromise with reason r,
    (reason) => readableByteStreamControllerError(controller, reason),
  );
}

// https://streams.spec.whatwg.org/#set-up-readable-byte-stream-controller-from-underlying-source
export function setUpReadableByteStreamControllerFromUnderlyingSource(stream, underlyingSource, underlyingSourceDict, highWaterMark) {
  // 2. to 7.
  const source = new AppUnderlyingSource(underlyingSource, underlyingSourceDict);
  // 8. and 9.
  const autoAllocateChunkSize = underlyingSourceDict.autoAllocateChunkSize;
  if (autoAllocateChunkSize === 0) throw new TypeErrorConstructor("autoAllocateChunkSize of an underlying source must be at least 1, but is 0");
  // 10.
  setUpReadableByteStreamController(stream, new ReadableByteStreamControllerImpl(), source, highWaterMark, autoAllocateChunkSize);
}
