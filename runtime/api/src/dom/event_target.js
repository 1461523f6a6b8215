// `EventTarget`: listeners, and the dispatch of events to them.

import { DOMException } from "nano:native";
import { List, listFrom } from "../script/list.js";
import { PlatformObject, withCallback } from "../script/webidl.js";
import { EventImpl, PHASE_AT_TARGET, PHASE_NONE, initializeTrustedEvent } from "./event.js";

/**
 * An event listener: https://dom.spec.whatwg.org/#concept-event-listener.
 *
 * `callback` takes the value for `this` and the event. It is a converted `EventListener` of the app, whose `.callback` is the
 * app's own object, or a function of the runtime; both may throw.
 */
class EventListenerRecord {
  type;
  callback;
  capture;
  once;
  passive;
  signal;
  removed = false;
  // The step to run when `signal` aborts; undefined where there is no signal.
  abortStep = undefined;

  constructor(type, callback, capture, once, passive, signal) {
    this.type = type;
    this.callback = callback;
    this.capture = capture;
    this.once = once;
    this.passive = passive;
    this.signal = signal;
  }
}

// Most targets never get a listener; all of those share this list.
const noListeners = new List();

/** https://dom.spec.whatwg.org/#interface-eventtarget */
export class EventTargetImpl extends PlatformObject {
  eventListenerList = noListeners;
  // The event handler map of event_handler.js, made with the first handler.
  eventHandlerMap = null;

  constructor_() {}

  // https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener
  addEventListener(type, callback, options) {
    // 1. Let capture, passive, once, and signal be the result of flattening more options.
    let capture = false;
    let passive = false;
    let once = false;
    let signal = null;
    if (typeof options === "boolean") {
      capture = options;
    } else if (options !== undefined) {
      capture = options.capture === true;
      once = options.once === true;
      // The default passive value is false everywhere but for touch and wheel events on windows.
      passive = options.passive === true;
      signal = options.signal ?? null;
    }

    // 2. Add an event listener (https://dom.spec.whatwg.org/#add-an-event-listener):
    // 2.2. If listener's signal is not null and is aborted, then return.
    if (signal !== null && signal.aborted) return;
    // 2.3. If listener's callback is null, then return.
    if (callback === null) return;
    // 2.5. If the list does not contain a listener of the same type, callback and capture, then append listener to it.
    if (this.findListener_(type, callback, capture) !== -1) return;
    const listener = new EventListenerRecord(type, callback, capture, once, passive, signal);
    this.appendListener_(listener);
    // 2.6. If listener's signal is not null, then add the abort step: remove an event listener.
    if (signal !== null) {
      listener.abortStep = () => this.removeListener_(listener);
      signal.addAlgorithm(listener.abortStep);
    }
  }

  // https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener
  removeEventListener(type, callback, options) {
    // 1. Let capture be the result of flattening options.
    const capture = typeof options === "boolean" ? options : options?.capture === true;
    // 2. If there is a listener of that type, callback and capture, then remove it.
    if (callback === null) return;
    const index = this.findListener_(type, callback, capture);
    if (index !== -1) this.removeListener_(this.eventListenerList[index]);
  }

  // https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent
  dispatchEvent(event) {
    // 1. If event's dispatch flag is set, then throw an "InvalidStateError" DOMException.
    if (event.dispatchFlag) {
      throw new DOMException("Failed to execute 'dispatchEvent' on 'EventTarget': The event is already being dispatched.", "InvalidStateError");
    }
    // 2. Initialize event's isTrusted attribute to false.
    event.isTrusted = false;
    // 3. Return the result of dispatching event to this.
    return dispatch(event, this);
  }

  /** Whether an event of this type would run anything: lets the runtime make no event that nobody looks at. */
  hasListeners_(type) {
    const list = this.eventListenerList;
    for (let i = 0; i < list.length; i++) {
      if (list[i].type === type) return true;
    }
    return false;
  }

  /** The index of the app's listener with this type, callback and capture, or -1. */
  findListener_(type, callback, capture) {
    const list = this.eventListenerList;
    for (let i = 0; i < list.length; i++) {
      const listener = list[i];
      // The `.callback` of the runtime's own handlers is undefined, which never equals an app's object.
      if (listener.type === type && listener.capture === capture && listener.callback.callback === callback.callback) return i;
    }
    return -1;
  }

  /** Appends a listener. Interfaces override it where listeners keep something alive. */
  appendListener_(listener) {
    if (this.eventListenerList === noListeners) this.eventListenerList = new List();
    this.eventListenerList.append(listener);
  }

  // https://dom.spec.whatwg.org/#remove-an-event-listener
  removeListener_(listener) {
    if (listener.removed) return;
    listener.removed = true;
    const list = this.eventListenerList;
    for (let i = 0; i < list.length; i++) {
      if (list[i] === listener) {
        list.removeAt(i);
        break;
      }
    }
    // OPTIMIZATION: the abort step of a removed listener would do nothing; a long-lived signal need not keep it.
    if (listener.abortStep !== undefined) listener.signal.removeAlgorithm(listener.abortStep);
  }
}

/** Adds a listener of the runtime, which comes after those that exist; `callback` takes `this` and the event's impl. */
export function addInternalListener(target, type, callback) {
  const listener = new EventListenerRecord(type, withCallback(callback, undefined), false, false, false, null);
  target.appendListener_(listener);
  return listener;
}

/** Fires a trusted `Event` named `type` at `target`: https://dom.spec.whatwg.org/#concept-event-fire. */
export function fireEvent(target, type) {
  if (!target.hasListeners_(type)) return true;
  return dispatch(initializeTrustedEvent(new EventImpl(), type), target);
}

/**
 * Dispatches an event: https://dom.spec.whatwg.org/#concept-event-dispatch. Returns false if the event was canceled.
 *
 * Only nodes have a parent to propagate to, so of the standard's algorithm remains the part in which the path is the target
 * alone: listeners that capture run first, then the others, both in the phase AT_TARGET.
 */
export function dispatch(event, target) {
  event.dispatchFlag = true;
  event.target = target;
  event.eventPhase = PHASE_AT_TARGET;
  event.currentTarget = target;
  invokeListeners(event, target, true);
  invokeListeners(event, target, false);
  event.eventPhase = PHASE_NONE;
  event.currentTarget = null;
  event.dispatchFlag = false;
  event.stopPropagationFlag = false;
  event.stopImmediatePropagationFlag = false;
  return !event.canceledFlag;
}

// https://dom.spec.whatwg.org/#concept-event-listener-invoke and https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke
function invokeListeners(event, target, capturing) {
  // invoke 1. If event's stop propagation flag is set, then return.
  if (event.stopPropagationFlag || target.eventListenerList.length === 0) return;
  // invoke 6. Let listeners be a clone of the list, which avoids listeners added from this point from being run.
  const listeners = listFrom(target.eventListenerList, 0);
  for (let i = 0; i < listeners.length; i++) {
    const listener = listeners[i];
    // inner 2. For each listener whose removed is false: if its type or its capture does not match, continue.
    if (listener.removed || listener.type !== event.type || listener.capture !== capturing) continue;
    // inner 2.5. If listener's once is true, then remove it.
    if (listener.once) target.removeListener_(listener);
    // inner 2.9. If listener's passive is true, then set event's in passive listener flag.
    if (listener.passive) event.inPassiveListenerFlag = true;
    // inner 2.11. Call a user object's operation; if it throws, report the exception.
    try {
      listener.callback(target.wrapper, event);
    } catch (exception) {
      event.listenerThrew_(exception);
    }
    // inner 2.12. Unset event's in passive listener flag.
    event.inPassiveListenerFlag = false;
    // inner 2.14. If event's stop immediate propagation flag is set, then break.
    if (event.stopImmediatePropagationFlag) break;
  }
}
