// `FetchEvent`: a request for an app whose handlers are listeners.

import { DOMException, reportException } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { ExtendableEventImpl } from "./extendable_event.js";

/** https://w3c.github.io/ServiceWorker/#fetchevent-interface */
export class FetchEventImpl extends ExtendableEventImpl {
  request = null;
  // What `respondWith` was given; the standard's respond-with entered flag is that it is there.
  response = undefined;

  constructor_(type, eventInitDict) {
    super.constructor_(type, eventInitDict);
    this.request = eventInitDict.request;
  }

  // https://w3c.github.io/ServiceWorker/#dom-fetchevent-respondwith
  respondWith(r) {
    const context = "Failed to execute 'respondWith' on 'FetchEvent'";
    // 2. If event's dispatch flag is unset, throw an "InvalidStateError" DOMException.
    if (!this.dispatchFlag) {
      throw new DOMException(`${context}: The listeners have returned; call it before the first await, with a promise.`, "InvalidStateError");
    }
    // 3. If the event's respond-with entered flag is set, throw an "InvalidStateError" DOMException.
    if (this.response !== undefined) {
      throw new DOMException(`${context}: It was called before.`, "InvalidStateError");
    }
    // 4. Add lifetime promise r to event.
    this.addLifetimePromise_(r, context);
    // 5. and 6. Set the event's stop propagation flag and stop immediate propagation flag.
    this.stopPropagationFlag = true;
    this.stopImmediatePropagationFlag = true;
    // 7. Set the event's respond-with entered flag.
    this.response = r;
  }

  passThroughOnException() {}
}

/** Gives a request to the listeners. Returns the promise that one of them has answered with, if any; throws what one has thrown. */
exportToNative("dispatchFetchEvent", (request, context) => {
  const event = new FetchEventImpl();
  event.request = request;
  event.dispatch_("fetch", context);
  if (event.failure !== null) {
    if (event.response === undefined) throw event.failure.exception;
    reportException(event.failure.exception);
  }
  return event.response;
});
