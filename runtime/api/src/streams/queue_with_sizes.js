// The queue of default controllers: https://streams.spec.whatwg.org/#queue-with-sizes

import { RangeErrorConstructor } from "../script/primordials.js";
import { Deque } from "./deque.js";

/** Chunks and their sizes, and the running total that the standard calls [[queueTotalSize]]. */
export class QueueWithSizes {
  chunks = new Deque();
  // The sizes of the chunks, in a queue of its own so that both rings stay free of pair objects.
  sizes = new Deque();
  totalSize = 0;

  get isEmpty() {
    return this.chunks.length === 0;
  }

  // https://streams.spec.whatwg.org/#enqueue-value-with-size
  enqueue(chunk, size) {
    // 2. If ! IsNonNegativeNumber(size) is false, throw a RangeError exception. 3. If size is +∞, throw a RangeError exception.
    if (!(size >= 0 && size < Infinity)) {
      throw new RangeErrorConstructor(`The size of a chunk must be a finite number that is not negative, but the strategy's size() gave ${size}`);
    }
    // 4. and 5.
    this.chunks.append(chunk);
    this.sizes.append(size);
    this.totalSize += size;
  }

  // https://streams.spec.whatwg.org/#dequeue-value
  dequeue() {
    const total = this.totalSize - this.sizes.takeFirst();
    // Rounding errors can make the total negative.
    this.totalSize = total < 0 ? 0 : total;
    return this.chunks.takeFirst();
  }

  // https://streams.spec.whatwg.org/#peek-queue-value
  peek() {
    return this.chunks.peek();
  }

  // https://streams.spec.whatwg.org/#reset-queue
  reset() {
    this.chunks.empty();
    this.sizes.empty();
    this.totalSize = 0;
  }
}
