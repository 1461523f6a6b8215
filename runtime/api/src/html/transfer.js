// The transferable objects that built-in scripts implement: https://html.spec.whatwg.org/multipage/structured-data.html#transferable-objects.
//
// Glue wants a *data holder* for each interface with `[Transferable]`: the constructor takes the impl object and is the transfer
// steps, which throw a "DataCloneError" DOMException; `receive()` is the transfer-receiving steps, and gives the impl object that arrives.

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

export class MessagePortDataHolder {
  constructor(port) {
    this.end = port.transfer_();
  }

  receive() {
    return MessagePortImpl.withEnd_(this.end);
  }
}

/** https://streams.spec.whatwg.org/#rs-transfer */
export class ReadableStreamDataHolder {
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
export class WritableStreamDataHolder {
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
export class TransformStreamDataHolder {
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
