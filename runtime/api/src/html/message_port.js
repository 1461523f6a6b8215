// `MessagePort`: one end of a channel, as an app sees it.

import { unwrap_MessagePort } from "nano:bindings";
import { DOMException } from "nano:native";
import { initializeTrustedEvent } from "../dom/event.js";
import { getEventHandler, setEventHandler } from "../dom/event_handler.js";
import { EventTargetImpl, dispatch, fireEvent } from "../dom/event_target.js";
import { List } from "../script/list.js";
import { ArrayIsArray } from "../script/primordials.js";
import { frozenArray, sequenceToJS, toAny } from "../script/webidl.js";
import { MessageEventImpl } from "./message_event.js";
import { PortEnd } from "./port_end.js";

const POST_MESSAGE = "Failed to execute 'postMessage' on 'MessagePort'";

/** https://html.spec.whatwg.org/multipage/web-messaging.html#message-ports */
export class MessagePortImpl extends EventTargetImpl {
  // The queue and the entanglement.
  end = null;
  // [[Detached]]: closed or transferred.
  detached = false;

  /** The port of an end. */
  static withEnd_(end) {
    const port = new MessagePortImpl();
    port.end = end;
    end.attach(port);
    return port;
  }

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-messageport-postmessage
  postMessage(message, transferOrOptions) {
    const transfer = ArrayIsArray(transferOrOptions) ? transferOrOptions : transferOrOptions.transfer;
    // https://html.spec.whatwg.org/multipage/web-messaging.html#message-port-post-message-steps:
    // 3. Let doomed be false.
    let doomed = false;
    const target = this.end.peer?.receiver;
    for (let i = 0; i < transfer.length; i++) {
      const port = unwrap_MessagePort(transfer[i]);
      if (port === undefined) continue;
      // 2. If transfer contains sourcePort, then throw a "DataCloneError" DOMException.
      if (port === this) throw new DOMException(`${POST_MESSAGE}: The port at index ${i} of the transfer list is the source port.`, "DataCloneError");
      // 4. If targetPort is not null and transfer contains targetPort, then set doomed to true.
      if (port === target) doomed = true;
    }
    // 5. to 7.
    this.end.postMessage(message, transfer, POST_MESSAGE, doomed);
  }

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-messageport-start
  start() {
    this.end.enable();
  }

  // https://html.spec.whatwg.org/multipage/web-messaging.html#dom-messageport-close
  close() {
    // 1. Set this's [[Detached]] internal slot value to true.
    this.detached = true;
    // 2. If this is entangled, disentangle it.
    this.end.close();
  }

  get onmessage() {
    return getEventHandler(this, "message");
  }
  set onmessage(value) {
    setEventHandler(this, "message", value);
    // The first time that the attribute is set, the port message queue is enabled, as if start() had been called.
    this.end.enable();
  }

  get onmessageerror() {
    return getEventHandler(this, "messageerror");
  }
  set onmessageerror(value) {
    setEventHandler(this, "messageerror", value);
  }

  get onclose() {
    return getEventHandler(this, "close");
  }
  set onclose(value) {
    setEventHandler(this, "close", value);
  }

  // ---- What the end calls -----------------------------------------------------------------------------------------------------

  /** Step 7 of the message port post message steps, from 5 on. */
  message(data, transferred) {
    // 7.5. Let newPorts be a new frozen array of all MessagePort objects in deserializeRecord.[[TransferredValues]].
    const ports = new List();
    for (let i = 0; i < transferred.length; i++) {
      if (unwrap_MessagePort(transferred[i]) !== undefined) ports.append(transferred[i]);
    }
    // 7.6. Fire an event named message at finalTargetPort, using MessageEvent.
    const event = initializeTrustedEvent(new MessageEventImpl(), "message");
    event.data = data;
    event.ports = frozenArray(sequenceToJS(ports, toAny));
    dispatch(event, this);
  }

  messageError() {
    dispatch(initializeTrustedEvent(new MessageEventImpl(), "messageerror"), this);
  }

  closed() {
    fireEvent(this, "close");
  }

  // ---- https://html.spec.whatwg.org/multipage/web-messaging.html#message-ports:transfer-steps -----------------------------------

  /** The transfer steps: gives the end away, with its messages. The port stays behind, entangled with nothing. */
  transfer_() {
    if (this.detached) throw new DOMException("A MessagePort that is closed or was transferred cannot be transferred.", "DataCloneError");
    this.detached = true;
    const { end } = this;
    end.detach();
    this.end = new PortEnd();
    this.end.attach(this);
    return end;
  }
}
