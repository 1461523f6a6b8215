// `CountQueuingStrategy`: every chunk's size is 1.

import { PlatformObject } from "../script/webidl.js";

/** https://streams.spec.whatwg.org/#cqs-class */
export class CountQueuingStrategyImpl extends PlatformObject {
  highWaterMark = 0;

  // https://streams.spec.whatwg.org/#cqs-constructor
  constructor_(init) {
    this.highWaterMark = init.highWaterMark;
  }

  // https://streams.spec.whatwg.org/#cqs-size
  get size() {
    return countSizeCallback;
  }
}

/** https://streams.spec.whatwg.org/#count-queuing-strategy-size-function, one for all instances. An arrow: it is no constructor. */
export const countSizeFunction = { __proto__: null, size: () => 1 }.size;

// What the glue expects as a value of type `Function`.
const countSizeCallback = { __proto__: null, callback: countSizeFunction };
