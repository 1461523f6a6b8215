// `AbortController`: aborts the signal that it made.

import { AbortSignalImpl } from "./abort_signal.js";

/** https://dom.spec.whatwg.org/#interface-abortcontroller */
export class AbortControllerImpl {
  signal = new AbortSignalImpl();

  constructor_() {}

  // https://dom.spec.whatwg.org/#dom-abortcontroller-abort
  abort(reason) {
    this.signal.signalAbort(reason);
  }
}
