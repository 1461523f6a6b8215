// A double-ended queue in a ring buffer: adding and removing cost no allocation once the buffer has grown to the working size.

import { List } from "../script/list.js";

// All empty queues share this array, so that a stream which never queues anything pays nothing. It is never written to.
const EMPTY_RING = new List();
const FIRST_CAPACITY = 4;

/** A first-in first-out list. The capacity is always zero or a power of two. */
export class Deque {
  ring = EMPTY_RING;
  head = 0;
  length = 0;

  append(item) {
    if (this.length === this.ring.length) this.grow();
    this.ring[(this.head + this.length) & (this.ring.length - 1)] = item; // safe: a List
    this.length++;
  }

  /** The first item; only where there is one. */
  peek() {
    return this.ring[this.head];
  }

  /** Removes and returns the first item; only where there is one. */
  takeFirst() {
    const item = this.ring[this.head];
    this.ring[this.head] = undefined; // safe: a List
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.length--;
    return item;
  }

  empty() {
    this.ring = EMPTY_RING;
    this.head = 0;
    this.length = 0;
  }

  grow() {
    const old = this.ring;
    const capacity = old.length === 0 ? FIRST_CAPACITY : old.length * 2;
    const ring = new List(capacity);
    for (let i = 0; i < this.length; i++) ring[i] = old[(this.head + i) & (old.length - 1)]; // safe: a List
    for (let i = this.length; i < capacity; i++) ring[i] = undefined; // safe: a List
    this.ring = ring;
    this.head = 0;
  }
}
