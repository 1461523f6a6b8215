// `BroadcastChannel`: messages for all who know a name, in this instance of the app and in its others.

import { DOMException, ignoreBroadcasts, listenToBroadcasts, postTask, sendBroadcast, structuredSerialize } from "nano:native";
import { initializeTrustedEvent } from "../dom/event.js";
import { getEventHandler, setEventHandler } from "../dom/event_handler.js";
import { EventTargetImpl, dispatch } from "../dom/event_target.js";
import { exportToNative } from "../script/bridge.js";
import { List } from "../script/list.js";
import { MAX_SHARED_NAME } from "../script/shared_name.js";
import { MessageEventImpl } from "./message_event.js";

const BROADCAST = "Failed to execute 'postMessage' on 'BroadcastChannel'";

// The channels that are not closed, in the order of their making.
const channels = new List();

// The names under which this instance hears what others send: those of channels with listeners.
const heardNames = { __proto__: null };

/** https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts */
export class BroadcastChannelImpl extends EventTargetImpl {
  name = "";
  closed = false;

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-broadcastchannel
  // DEPARTURE: a name has a bound.
  constructor_(name) {
    if (name.length > MAX_SHARED_NAME) {
      const message = `Failed to construct 'BroadcastChannel': the name has ${name.length} code units, and may have ${MAX_SHARED_NAME}`;
      throw new DOMException(message, "NotSupportedError");
    }
    this.name = name;
    channels.append(this);
  }

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-broadcastchannel-postmessage
  postMessage(message) {
    // 2.
    if (this.closed) throw new DOMException(`${BROADCAST}: the channel is closed.`, "InvalidStateError");
    // 3.
    const serialized = structuredSerialize(message, [], BROADCAST);
    // 5. to 8. Those of other instances first: there may be no room for it.
    sendBroadcast(this.name, serialized);
    deliverTo(serialized, channelsOf(this.name, this));
  }

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-broadcastchannel-close
  close() {
    if (this.closed) return;
    this.closed = true;
    for (let i = 0; i < channels.length; i++) {
      if (channels[i] === this) {
        channels.removeAt(i);
        break;
      }
    }
    if (channelsOf(this.name, this).length === 0) ignoreName(this.name);
  }

  get onmessage() {
    return getEventHandler(this, "message");
  }
  set onmessage(value) {
    setEventHandler(this, "message", value);
  }

  get onmessageerror() {
    return getEventHandler(this, "messageerror");
  }
  set onmessageerror(value) {
    setEventHandler(this, "messageerror", value);
  }

  appendListener_(listener) {
    const { type } = listener;
    if (type === "message" || type === "messageerror") this.hear_();
    super.appendListener_(listener);
  }

  /** Has messages of other instances come: this one wakes up for none that nobody listens to. */
  hear_() {
    if (this.closed || this.name in heardNames) return;
    listenToBroadcasts(this.name);
    heardNames[this.name] = true; // safe: it inherits nothing
  }

  /** Takes a message of another instance; undefined where it is one that cannot leave that: channels get a `messageerror`. */
  static receiveAll_(name, serialized) {
    const destinations = channelsOf(name, undefined);
    for (let i = 0; i < destinations.length; i++) {
      const channel = destinations[i];
      if (channel.hasListeners_("message") || channel.hasListeners_("messageerror")) {
        deliverTo(serialized, destinations);
        return;
      }
    }
    // All listeners have gone, and whoever comes next listens anew.
    ignoreName(name);
  }

  /** Step 8 of postMessage(), for one destination. */
  receive_(serialized) {
    postTask(() => {
      // 1.
      if (this.closed) return;
      // 3. and 4.
      let data;
      try {
        if (serialized !== undefined) data = serialized.deserialize()[0];
      } catch {
        serialized = undefined;
      }
      if (serialized === undefined) {
        dispatch(initializeTrustedEvent(new MessageEventImpl(), "messageerror"), this);
        return;
      }
      // 5.
      const event = initializeTrustedEvent(new MessageEventImpl(), "message");
      event.data = data;
      dispatch(event, this);
    });
  }
}

/** The channels of a name, but for this one. */
function channelsOf(name, except) {
  const found = new List();
  for (let i = 0; i < channels.length; i++) {
    if (channels[i] !== except && channels[i].name === name) found.append(channels[i]);
  }
  return found;
}

function deliverTo(serialized, destinations) {
  const last = destinations.length - 1;
  for (let i = 0; i <= last; i++) {
    // A message can be deserialized once.
    destinations[i].receive_(i === last ? serialized : serialized?.copy());
  }
}

function ignoreName(name) {
  if (!(name in heardNames)) return;
  delete heardNames[name];
  ignoreBroadcasts(name);
}

exportToNative("receiveBroadcast", (name, serialized) => BroadcastChannelImpl.receiveAll_(name, serialized));
