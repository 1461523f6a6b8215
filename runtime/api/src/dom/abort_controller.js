// `AbortController`: aborts the signal that it made.

import { PlatformObject } from "../script/webidl.js";
import { AbortSignalImpl } from "./abort_signal.js";

/** https://dom.spec.whatwg.org/#interface-abortcontroller */
export class AbortControllerImpl extends PlatformObject {
  signal = new AbortSignalImpl();

  constructor_() {}

  // https://dom.spec.whatwg.org/#dom-abortcontroller-abort
  abort(reason) {
    this.signal.signalAbort(reason);
  }
}
