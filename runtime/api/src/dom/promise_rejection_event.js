// `PromiseRejectionEvent`: a promise that was rejected and that nothing handles, or that something handles late.

import { EventImpl } from "./event.js";

/** https://html.spec.whatwg.org/multipage/webappapis.html#promiserejectionevent */
export class PromiseRejectionEventImpl extends EventImpl {
  promise = null;
  reason = undefined;

  constructor_(type, eventInitDict) {
    super.constructor_(type, eventInitDict);
    this.promise = eventInitDict.promise;
    this.reason = eventInitDict.reason;
  }
}
