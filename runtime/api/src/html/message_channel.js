// `MessageChannel`: two entangled ports.

import { PlatformObject } from "../script/webidl.js";
import { MessagePortImpl } from "./message_port.js";
import { newEntangledEnds } from "./port_end.js";

/** https://html.spec.whatwg.org/multipage/web-messaging.html#message-channels */
export class MessageChannelImpl extends PlatformObject {
  port1 = null;
  port2 = null;

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-messagechannel
  constructor_() {
    const ends = newEntangledEnds();
    // 1. Set this's port 1 to a new MessagePort in this's relevant realm.
    this.port1 = MessagePortImpl.withEnd_(ends.first);
    // 2. Set this's port 2 to a new MessagePort in this's relevant realm.
    this.port2 = MessagePortImpl.withEnd_(ends.second);
  }
}
