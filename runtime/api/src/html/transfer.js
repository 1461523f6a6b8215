// The transferable objects that built-in scripts implement: https://html.spec.whatwg.org/multipage/structured-data.html#transferable-objects.
//
// Rust (../structured_clone) calls the functions at the end. A *data holder* is an object with a method `receive()`, the
// transfer-receiving steps, which gives the impl object that arrives.

import { unwrap_MessagePort, unwrap_ReadableStream, unwrap_TransformStream, unwrap_WritableStream } from "nano:bindings";
import { exportToNative } from "../script/bridge.js";
import {
  receiveReadableStream,
  receiveTransformStream,
  receiveWritableStream,
  transferReadableStream,
  transferTransformStream,
  transferWritableStream,
} from "../streams/cross_realm_transform.js";
import { MessagePortImpl } from "./message_port.js";
import { newEntangledEnds } from "./port_end.js";

class MessagePortData {
  constructor(port) {
    this.end = port.transfer_();
  }

  receive() {
    return MessagePortImpl.withEnd_(this.end);
  }
}

/** https://streams.spec.whatwg.org/#rs-transfer */
class ReadableStreamData {
  constructor(stream) {
    const ends = newEntangledEnds();
    transferReadableStream(stream, ends.first);
    this.end = ends.second;
  }

  receive() {
    return receiveReadableStream(this.end);
  }
}

/** https://streams.spec.whatwg.org/#ws-transfer */
class WritableStreamData {
  constructor(stream) {
    const ends = newEntangledEnds();
    transferWritableStream(stream, ends.first);
    this.end = ends.second;
  }

  receive() {
    return receiveWritableStream(this.end);
  }
}

/** https://streams.spec.whatwg.org/#ts-transfer */
class TransformStreamData {
  constructor(stream) {
    const readableEnds = newEntangledEnds();
    const writableEnds = newEntangledEnds();
    transferTransformStream(stream, readableEnds.first, writableEnds.first);
    this.readableEnd = readableEnds.second;
    this.writableEnd = writableEnds.second;
  }

  receive() {
    return receiveTransformStream(this.readableEnd, this.writableEnd);
  }
}

/** Finds the interface of a public object: calls `then` with its impl and the class of its data holder; undefined without it. */
function withTransferable(object, then) {
  let impl = unwrap_MessagePort(object);
  if (impl !== undefined) return then(impl, MessagePortData);
  impl = unwrap_ReadableStream(object);
  if (impl !== undefined) return then(impl, ReadableStreamData);
  impl = unwrap_WritableStream(object);
  if (impl !== undefined) return then(impl, WritableStreamData);
  impl = unwrap_TransformStream(object);
  if (impl !== undefined) return then(impl, TransformStreamData);
  return undefined;
}

// Whether the object is of one of the interfaces above.
exportToNative("isTransferable", (object) => withTransferable(object, () => true) === true);

// The transfer steps, for an object that is transferable: gives its data holder. Throws a "DataCloneError" DOMException.
exportToNative("transfer", (object) => withTransferable(object, (impl, Data) => new Data(impl)));

// The transfer-receiving steps: gives the public object.
exportToNative("receiveTransferred", (holder) => holder.receive().wrapper);
