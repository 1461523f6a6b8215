// `MessageEvent`: a message that arrived.

import { EventImpl } from "../dom/event.js";
import { frozenArray, sequenceToJS } from "../script/webidl.js";

const noPorts = frozenArray([]);

/** https://html.spec.whatwg.org/multipage/comms.html#messageevent */
export class MessageEventImpl extends EventImpl {
  data = null;
  origin = "";
  lastEventId = "";
  source = null;
  // A FrozenArray: public objects.
  ports = noPorts;

  constructor_(type, eventInitDict) {
    super.constructor_(type, eventInitDict);
    this.data = eventInitDict.data;
    this.origin = eventInitDict.origin;
    this.lastEventId = eventInitDict.lastEventId;
    this.source = eventInitDict.source;
    this.ports = frozenPorts(eventInitDict.ports);
  }

  // https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-initmessageevent
  initMessageEvent(type, bubbles, cancelable, data, origin, lastEventId, source, ports) {
    // As `Event.initEvent()`: not during dispatch.
    if (this.dispatchFlag) return;
    this.initialize_(type, bubbles, cancelable);
    this.data = data;
    this.origin = origin;
    this.lastEventId = lastEventId;
    this.source = source;
    this.ports = frozenPorts(ports);
  }
}

/** The FrozenArray of a sequence of ports. */
function frozenPorts(ports) {
  return frozenArray(sequenceToJS(ports, (port) => port.wrapper));
}
