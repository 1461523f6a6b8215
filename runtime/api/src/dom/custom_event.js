// `CustomEvent`: an event that carries a value of the app.

import { EventImpl } from "./event.js";

/** https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEventImpl extends EventImpl {
  detail = null;

  constructor_(type, eventInitDict) {
    super.constructor_(type, eventInitDict);
    this.detail = eventInitDict.detail;
  }

  // https://dom.spec.whatwg.org/#dom-customevent-initcustomevent
  initCustomEvent(type, bubbles, cancelable, detail) {
    // 1. If this's dispatch flag is set, then return.
    if (this.dispatchFlag) return;
    // 2. Initialize this with type, bubbles, and cancelable.
    this.initialize_(type, bubbles, cancelable);
    // 3. Set this's detail attribute to detail.
    this.detail = detail;
  }
}
