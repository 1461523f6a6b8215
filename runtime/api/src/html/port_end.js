// One end of a channel: a port message queue (https://html.spec.whatwg.org/multipage/web-messaging.html#port-message-queue) and the
// entanglement with the other end.
//
// An end is what moves when a `MessagePort` is transferred, with the messages that it holds; the ports only face the app. Streams
// that are transferred use ends without ports (see ../streams/cross_realm_transform.js).
//
// A program keeps running as long as a message is on its way to an end that is enabled; ends that merely wait do not hold it.

import { postTask, structuredSerialize } from "nano:native";
import { listFrom } from "../script/list.js";
import { Deque } from "../streams/deque.js";

/**
 * The `receiver` of an end is an object with
 *
 *     message(data, transferred)   takes a message; `transferred` are the public objects that came with it
 *     messageError()               a message could not be deserialized
 *     closed()                     the other end was closed
 */
export class PortEnd {
  // The other end, as long as they are entangled.
  peer = undefined;
  // Undefined while the end is on its way from one port to another.
  receiver = undefined;
  // Whether the port message queue is enabled.
  enabled = false;
  // The messages: SerializedMessage objects.
  queue = new Deque();
  // The other end was closed while nobody was here to be told.
  closeIsPending = false;
  // The one callback for all tasks of this end.
  task = undefined;

  /**
   * Serializes a message and sends it to the other end. `context` begins the message of what is thrown.
   * https://html.spec.whatwg.org/multipage/web-messaging.html#message-port-post-message-steps, from step 5 on
   */
  postMessage(message, transfer = [], context = "Failed to send a chunk of a transferred stream", doomed = false) {
    const { peer } = this;
    // 5. Let serializeWithTransferResult be StructuredSerializeWithTransfer(message, transfer). Rethrow any exceptions.
    const serialized = structuredSerialize(message, transfer, context);
    // 6. If targetPort is null, or if doomed is true, then return.
    if (peer === undefined || doomed) return;
    // 7. Add a task to the port message queue of targetPort.
    peer.queue.append(serialized);
    if (peer.enabled) peer.postDelivery();
  }

  /** Connects the end with whoever gets its messages, once the queue is enabled. */
  attach(receiver) {
    this.receiver = receiver;
    if (this.closeIsPending) this.postClosed();
  }

  /** Takes the end away from its receiver. The queue keeps its messages, and is disabled. */
  detach() {
    this.receiver = undefined;
    this.enabled = false;
  }

  /** Enables the port message queue. */
  enable() {
    if (this.enabled) return;
    this.enabled = true;
    for (let i = this.queue.length; i > 0; i--) this.postDelivery();
  }

  /** Attaches and enables. */
  start(receiver) {
    this.attach(receiver);
    this.enable();
  }

  /** https://html.spec.whatwg.org/multipage/web-messaging.html#disentangle. What was sent before still arrives. */
  close() {
    // 1. Let otherPort be the MessagePort which initiatorPort was entangled with.
    const { peer } = this;
    if (peer === undefined) return;
    // 3. Disentangle initiatorPort and otherPort.
    this.peer = undefined;
    peer.peer = undefined;
    // 4. Fire an event named close at otherPort: in a task, so that the messages come first.
    peer.postClosed();
  }

  postClosed() {
    this.closeIsPending = true;
    postTask(() => {
      if (!this.closeIsPending || this.receiver === undefined) return;
      this.closeIsPending = false;
      this.receiver.closed();
    });
  }

  postDelivery() {
    this.task ??= () => this.deliver();
    postTask(this.task);
  }

  /** Step 7 of the message port post message steps, for the first message of the queue. */
  deliver() {
    // The end may have been taken away since the task was queued: then its messages wait for the next receiver.
    if (!this.enabled || this.queue.length === 0) return;
    const { receiver } = this;
    let record;
    try {
      // 7.3. Let deserializeRecord be StructuredDeserializeWithTransfer(serializeWithTransferResult, targetRealm).
      record = this.queue.takeFirst().deserialize();
    } catch {
      // If this throws an exception, catch it, fire an event named messageerror at finalTargetPort, and then return.
      receiver.messageError();
      return;
    }
    receiver.message(record[0], listFrom(record, 1));
  }
}

/** Two entangled ends, https://html.spec.whatwg.org/multipage/web-messaging.html#entangle. */
export function newEntangledEnds() {
  const first = new PortEnd();
  const second = new PortEnd();
  first.peer = second;
  second.peer = first;
  return { __proto__: null, first, second };
}
