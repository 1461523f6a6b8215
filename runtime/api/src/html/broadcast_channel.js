// `BroadcastChannel`: messages for all who know a name.

import { DOMException, postTask, structuredSerialize } from "nano:native";
import { initializeTrustedEvent } from "../dom/event.js";
import { getEventHandler, setEventHandler } from "../dom/event_handler.js";
import { EventTargetImpl, dispatch } from "../dom/event_target.js";
import { List } from "../script/list.js";
import { MessageEventImpl } from "./message_event.js";

const BROADCAST = "Failed to execute 'postMessage' on 'BroadcastChannel'";

// The channels that are not closed, in the order of their making.
const channels = new List();

/** https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts */
export class BroadcastChannelImpl extends EventTargetImpl {
  name = "";
  closed = false;

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-broadcastchannel
  constructor_(name) {
    this.name = name;
    channels.append(this);
  }

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-broadcastchannel-postmessage
  postMessage(message) {
    // 2.
    if (this.closed) throw new DOMException(`${BROADCAST}: the channel is closed.`, "InvalidStateError");
    // 3.
    let serialized = structuredSerialize(message, [], BROADCAST);
    // 5. to 7.
    const destinations = new List();
    for (let i = 0; i < channels.length; i++) {
      if (channels[i] !== this && channels[i].name === this.name) destinations.append(channels[i]);
    }
    const last = destinations.length - 1;
    for (let i = 0; i < last; i++) {
      // A message can be deserialized once. When a copy is serialized again, nothing of the app's runs.
      const copy = serialized.deserialize()[0];
      destinations[i].receive_(structuredSerialize(copy, [], BROADCAST));
      serialized = structuredSerialize(copy, [], BROADCAST);
    }
    if (last >= 0) destinations[last].receive_(serialized);
  }

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-broadcastchannel-close
  close() {
    if (this.closed) return;
    this.closed = true;
    for (let i = 0; i < channels.length; i++) {
      if (channels[i] === this) {
        channels.removeAt(i);
        return;
      }
    }
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

  /** Step 8 of postMessage(), for one destination. */
  receive_(serialized) {
    postTask(() => {
      // 1.
      if (this.closed) return;
      // 3. and 4.
      let data;
      try {
        data = serialized.deserialize()[0];
      } catch {
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
