// `ExtendableEvent`: an event whose work may go on after its listeners.

import { globalImpl } from "nano:bindings";
import { DOMException, extendLifetime } from "nano:native";
import { EventImpl, initializeTrustedEvent } from "../dom/event.js";
import { dispatch } from "../dom/event_target.js";
import { PromisePrototypeThen, PromiseResolve } from "../script/primordials.js";

/** https://w3c.github.io/ServiceWorker/#extendableevent-interface */
export class ExtendableEventImpl extends EventImpl {
  // The ExecutionContext of an event that the runtime dispatches.
  context = null;
  pendingPromisesCount = 0;
  // What the first listener has thrown that threw, in an object.
  failure = null;

  // https://w3c.github.io/ServiceWorker/#dom-extendableevent-waituntil
  waitUntil(f) {
    this.addLifetimePromise_(f, "Failed to execute 'waitUntil' on 'ExtendableEvent'");
    extendLifetime(this.context, f);
  }

  /**
   * https://w3c.github.io/ServiceWorker/#extendableevent-add-lifetime-promise
   *
   * It keeps no instance at work: whoever adds the promise waits for it in its own way.
   */
  addLifetimePromise_(promise, context) {
    // 1. If event's isTrusted attribute is false, throw an "InvalidStateError" DOMException.
    if (!this.isTrusted) {
      throw new DOMException(`${context}: The app itself has dispatched the event.`, "InvalidStateError");
    }
    // 2. If event is not active, throw an "InvalidStateError" DOMException.
    if (this.pendingPromisesCount === 0 && !this.dispatchFlag) {
      throw new DOMException(`${context}: The event is over.`, "InvalidStateError");
    }
    // 4. Increment event's pending promises count by one.
    this.pendingPromisesCount++;
    // 5. Upon fulfillment or rejection of promise, queue a microtask to decrement it by one.
    const decrement = () => {
      this.pendingPromisesCount--;
    };
    const settled = () => {
      PromisePrototypeThen(PromiseResolve(undefined), decrement);
    };
    PromisePrototypeThen(promise, settled, settled);
  }

  /** As in Workers, what a listener throws is no uncaught exception, but the failure of what the event is about. */
  listenerThrew_(exception) {
    if (this.isTrusted && this.failure === null) {
      this.failure = { __proto__: null, exception };
    } else {
      super.listenerThrew_(exception);
    }
  }

  /** Dispatches the event to the app's listeners. */
  dispatch_(type, context) {
    initializeTrustedEvent(this, type, true);
    this.context = context;
    dispatch(this, globalImpl);
  }
}
