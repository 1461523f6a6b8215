// `Event`, and how the runtime makes and fires events.

import { now, reportException } from "nano:native";
import { PlatformObject } from "../script/webidl.js";

export const PHASE_NONE = 0;
export const PHASE_AT_TARGET = 2;

/**
 * https://dom.spec.whatwg.org/#interface-event
 *
 * Attributes that are plain state are plain fields under their IDL names; the flags of the standard are fields, too, because
 * the dispatch algorithm in event_target.js sets them. Fields are declared, never assigned first in a constructor: a declared
 * field cannot run a setter that an app put on `Object.prototype`.
 *
 * There is no initialized flag: only `document.createEvent()` makes events without it, and there are no documents here.
 */
export class EventImpl extends PlatformObject {
  type = "";
  target = null;
  currentTarget = null;
  eventPhase = PHASE_NONE;
  bubbles = false;
  cancelable = false;
  composed = false;
  isTrusted = false;
  timeStamp = 0;

  stopPropagationFlag = false;
  stopImmediatePropagationFlag = false;
  canceledFlag = false;
  inPassiveListenerFlag = false;
  dispatchFlag = false;

  // https://dom.spec.whatwg.org/#dom-event-event
  constructor_(type, eventInitDict) {
    this.timeStamp = now();
    this.type = type;
    this.bubbles = eventInitDict.bubbles === true;
    this.cancelable = eventInitDict.cancelable === true;
    this.composed = eventInitDict.composed === true;
  }

  // https://dom.spec.whatwg.org/#dom-event-srcelement
  get srcElement() {
    return this.target;
  }

  // https://dom.spec.whatwg.org/#dom-event-composedpath
  composedPath() {
    // An event's path is its target alone, since no interface of this runtime has a parent (see `dispatch`), and it exists
    // only during dispatch, exactly while there is a current target.
    return this.currentTarget === null ? [] : [this.currentTarget];
  }

  // https://dom.spec.whatwg.org/#dom-event-stoppropagation
  stopPropagation() {
    this.stopPropagationFlag = true;
  }

  // https://dom.spec.whatwg.org/#dom-event-cancelbubble
  get cancelBubble() {
    return this.stopPropagationFlag;
  }
  set cancelBubble(value) {
    if (value) this.stopPropagationFlag = true;
  }

  // https://dom.spec.whatwg.org/#dom-event-stopimmediatepropagation
  stopImmediatePropagation() {
    this.stopPropagationFlag = true;
    this.stopImmediatePropagationFlag = true;
  }

  // https://dom.spec.whatwg.org/#dom-event-returnvalue
  get returnValue() {
    return !this.canceledFlag;
  }
  set returnValue(value) {
    if (!value) this.preventDefault();
  }

  // https://dom.spec.whatwg.org/#dom-event-preventdefault, https://dom.spec.whatwg.org/#set-the-canceled-flag
  preventDefault() {
    if (this.cancelable && !this.inPassiveListenerFlag) this.canceledFlag = true;
  }

  // https://dom.spec.whatwg.org/#dom-event-defaultprevented
  get defaultPrevented() {
    return this.canceledFlag;
  }

  // https://dom.spec.whatwg.org/#dom-event-initevent
  initEvent(type, bubbles, cancelable) {
    // 1. If this's dispatch flag is set, then return.
    if (this.dispatchFlag) return;
    // 2. Initialize this with type, bubbles, and cancelable.
    this.initialize_(type, bubbles, cancelable);
  }

  // https://dom.spec.whatwg.org/#concept-event-initialize
  initialize_(type, bubbles, cancelable) {
    // 2. Unset event's stop propagation flag, stop immediate propagation flag, and canceled flag.
    this.stopPropagationFlag = false;
    this.stopImmediatePropagationFlag = false;
    this.canceledFlag = false;
    // 3. Set event's isTrusted attribute to false.
    this.isTrusted = false;
    // 4. Set event's target to null.
    this.target = null;
    // 5. to 7. Set event's type, bubbles and cancelable attributes.
    this.type = type;
    this.bubbles = bubbles;
    this.cancelable = cancelable;
  }

  /** A listener has thrown. Interfaces override it where somebody waits for what listeners do. */
  listenerThrew_(exception) {
    reportException(exception);
  }
}

/**
 * Prepares an event that the runtime itself fires: https://dom.spec.whatwg.org/#concept-event-create.
 * `event` is a new impl object of `Event` or of an interface that inherits from it; it is returned.
 */
export function initializeTrustedEvent(event, type, cancelable = false) {
  event.timeStamp = now();
  event.type = type;
  event.cancelable = cancelable;
  event.isTrusted = true;
  return event;
}
