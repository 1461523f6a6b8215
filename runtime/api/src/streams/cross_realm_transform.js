// Transferable streams: https://streams.spec.whatwg.org/#transferrable-streams
//
// A stream that is transferred stays where it is; its chunks travel through a pair of entangled ports. A *port*, as this file sees
// it, is an object with
//
//     postMessage(message)      serializes and sends; throws what cannot be serialized
//     start(handler)            enables the port's message queue: calls `handler.message(data)` for each message,
//                               `handler.messageError()` for one that cannot be deserialized, and `handler.closed()` when the
//                               other port was closed
//     close()                   disentangles the port
//
// That is a `PortEnd` of ../html/port_end.js. ../html/transfer.js calls the functions at the end.

import { DOMException } from "nano:native";
import { PromisePrototypeThen, PromiseReject } from "../script/primordials.js";
import { resolvedWithUndefined } from "../script/webidl.js";
import { LazyPromise, markAsHandled } from "./promises.js";
import { ReadableStreamImpl } from "./readable_stream.js";
import {
  ReadableStreamDefaultControllerImpl,
  readableStreamDefaultControllerClose,
  readableStreamDefaultControllerEnqueue,
  readableStreamDefaultControllerError,
  setUpReadableStreamDefaultController,
} from "./readable_stream_default_controller.js";
import { readableStreamPipeTo } from "./readable_stream_pipe_to.js";
import { TransformStreamImpl } from "./transform_stream.js";
import { WritableStreamImpl } from "./writable_stream.js";
import {
  setUpWritableStreamDefaultController,
  WritableStreamDefaultControllerImpl,
  writableStreamDefaultControllerErrorIfNeeded,
} from "./writable_stream_default_controller.js";

// https://streams.spec.whatwg.org/#abstract-opdef-packandpostmessage
function packAndPostMessage(port, type, value) {
  port.postMessage({ __proto__: null, type, value });
}

// https://streams.spec.whatwg.org/#abstract-opdef-crossrealmtransformsenderror
function sendCrossRealmError(port, error) {
  try {
    packAndPostMessage(port, "error", error);
  } catch {
    // We are in an errored state already; there is nobody left to tell.
  }
}

/** Throws what `value` fails with. https://streams.spec.whatwg.org/#abstract-opdef-packandpostmessagehandlingerror */
function packAndPostMessageHandlingError(port, type, value) {
  try {
    packAndPostMessage(port, type, value);
  } catch (error) {
    sendCrossRealmError(port, error);
    throw error;
  }
}

/** The cancel and abort algorithms of both ends. */
function sendErrorAndClose(port, reason) {
  try {
    packAndPostMessageHandlingError(port, "error", reason);
    return resolvedWithUndefined;
  } catch (error) {
    return PromiseReject(error);
  } finally {
    port.close();
  }
}

function newMessageError() {
  return new DOMException("A chunk of a transferred stream could not be deserialized.", "DataCloneError");
}

/** The readable end: its source is a port. https://streams.spec.whatwg.org/#abstract-opdef-setupcrossrealmtransformreadable */
class PortSource {
  constructor(controller, port) {
    this.controller = controller;
    this.port = port;
  }

  // 3. The handler of the message event. The other end is a built-in script too, in whatever realm, so its messages are well-formed.
  message({ type, value }) {
    if (type === "chunk") {
      readableStreamDefaultControllerEnqueue(this.controller, value);
    } else if (type === "close") {
      readableStreamDefaultControllerClose(this.controller);
      this.port.close();
    } else if (type === "error") {
      readableStreamDefaultControllerError(this.controller, value);
      this.port.close();
    }
  }

  // 4. The handler of the messageerror event.
  messageError() {
    const error = newMessageError();
    sendCrossRealmError(this.port, error);
    readableStreamDefaultControllerError(this.controller, error);
    this.port.close();
  }

  // A stream ends by a message, not by its port.
  closed() {}

  start() {}

  // 7.
  pull() {
    packAndPostMessage(this.port, "pull", undefined);
    return resolvedWithUndefined;
  }

  // 8.
  cancel(reason) {
    return sendErrorAndClose(this.port, reason);
  }
}

function setUpCrossRealmTransformReadable(stream, port) {
  const controller = new ReadableStreamDefaultControllerImpl();
  const source = new PortSource(controller, port);
  // 5.
  port.start(source);
  // 9. and 10.
  setUpReadableStreamDefaultController(stream, controller, source, 0, undefined);
}

/** The writable end: its sink is a port. https://streams.spec.whatwg.org/#abstract-opdef-setupcrossrealmtransformwritable */
class PortSink {
  constructor(controller, port) {
    this.controller = controller;
    this.port = port;
    // Pending until the other end pulls. (The standard replaces the promise by undefined where it is resolved.)
    this.backpressurePromise = new LazyPromise();
  }

  // 4. The handler of the message event.
  message({ type, value }) {
    if (type === "pull") {
      this.backpressurePromise.resolve();
    } else if (type === "error") {
      writableStreamDefaultControllerErrorIfNeeded(this.controller, value);
      this.backpressurePromise.resolve();
    }
  }

  // 5. The handler of the messageerror event.
  messageError() {
    const error = newMessageError();
    sendCrossRealmError(this.port, error);
    writableStreamDefaultControllerErrorIfNeeded(this.controller, error);
    this.port.close();
  }

  // A stream ends by a message, not by its port.
  closed() {}

  start() {}

  // 8.
  write(chunk) {
    return PromisePrototypeThen(this.backpressurePromise.promise, () => {
      this.backpressurePromise.replaceWithPending();
      try {
        packAndPostMessageHandlingError(this.port, "chunk", chunk);
      } catch (error) {
        this.port.close();
        throw error;
      }
    });
  }

  // 9.
  close() {
    packAndPostMessage(this.port, "close", undefined);
    this.port.close();
    return resolvedWithUndefined;
  }

  // 10.
  abort(reason) {
    return sendErrorAndClose(this.port, reason);
  }
}

function setUpCrossRealmTransformWritable(stream, port) {
  const controller = new WritableStreamDefaultControllerImpl();
  const sink = new PortSink(controller, port);
  // 6.
  port.start(sink);
  // 11. and 12.
  setUpWritableStreamDefaultController(stream, controller, sink, 1, undefined);
}

function throwIfNotTransferable(locked, kind) {
  if (locked) throw new DOMException(`A ${kind} that is locked cannot be transferred.`, "DataCloneError");
}

// ---- Transfer steps, on the side that the stream comes from. `port` is one of a pair; the other one is what is sent. ---------------

/** https://streams.spec.whatwg.org/#rs-transfer, steps 1 and 5 to 8 */
export function transferReadableStream(stream, port) {
  throwIfNotTransferable(stream.reader !== undefined, "ReadableStream");
  const writable = new WritableStreamImpl();
  setUpCrossRealmTransformWritable(writable, port);
  markAsHandled(readableStreamPipeTo(stream, writable, false, false, false, undefined));
}

/** https://streams.spec.whatwg.org/#ws-transfer, steps 1 and 5 to 8 */
export function transferWritableStream(stream, port) {
  throwIfNotTransferable(stream.writer !== undefined, "WritableStream");
  const readable = new ReadableStreamImpl();
  setUpCrossRealmTransformReadable(readable, port);
  markAsHandled(readableStreamPipeTo(readable, stream, false, false, false, undefined));
}

/** A transform stream is transferred as its two sides. https://streams.spec.whatwg.org/#ts-transfer */
export function transferTransformStream(stream, readablePort, writablePort) {
  throwIfNotTransferable(stream.readable.reader !== undefined, "TransformStream whose readable side");
  throwIfNotTransferable(stream.writable.writer !== undefined, "TransformStream whose writable side");
  transferReadableStream(stream.readable, readablePort);
  transferWritableStream(stream.writable, writablePort);
}

// ---- Transfer-receiving steps, on the side that the stream goes to. ----------------------------------------------------------------

export function receiveReadableStream(port) {
  const stream = new ReadableStreamImpl();
  setUpCrossRealmTransformReadable(stream, port);
  return stream;
}

export function receiveWritableStream(port) {
  const stream = new WritableStreamImpl();
  setUpCrossRealmTransformWritable(stream, port);
  return stream;
}

export function receiveTransformStream(readablePort, writablePort) {
  const stream = new TransformStreamImpl();
  stream.readable = receiveReadableStream(readablePort);
  stream.writable = receiveWritableStream(writablePort);
  return stream;
}
