// `ReadableStreamBYOBRequest`: a reader's buffer, offered to the source to be filled.

import { ArrayBufferPrototypeGetDetached, TypeErrorConstructor } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { viewBuffer } from "./buffers.js";
import { readableByteStreamControllerRespond, readableByteStreamControllerRespondWithNewView } from "./readable_byte_stream_pull_into.js";

/** https://streams.spec.whatwg.org/#rs-byob-request-class */
export class ReadableStreamBYOBRequestImpl extends PlatformObject {
  // Undefined after the request has been answered.
  controller = undefined;
  // https://streams.spec.whatwg.org/#rs-byob-request-view
  view = null;

  // https://streams.spec.whatwg.org/#rs-byob-request-respond
  respond(bytesWritten) {
    this.throwIfAnswered();
    throwIfDetached(this.view);
    readableByteStreamControllerRespond(this.controller, bytesWritten);
  }

  // https://streams.spec.whatwg.org/#rs-byob-request-respond-with-new-view
  respondWithNewView(view) {
    this.throwIfAnswered();
    throwIfDetached(view);
    readableByteStreamControllerRespondWithNewView(this.controller, view);
  }

  throwIfAnswered() {
    if (this.controller === undefined) throw new TypeErrorConstructor("This BYOB request has been answered already, or its read was cancelled");
  }
}

function throwIfDetached(view) {
  if (ArrayBufferPrototypeGetDetached(viewBuffer(view))) {
    throw new TypeErrorConstructor("The view's ArrayBuffer is detached; respond before transferring it, or respondWithNewView() on the new buffer");
  }
}
