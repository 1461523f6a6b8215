// `ByteLengthQueuingStrategy`: a chunk's size is its `byteLength`.

import { PlatformObject } from "../script/webidl.js";

/** https://streams.spec.whatwg.org/#blqs-class */
export class ByteLengthQueuingStrategyImpl extends PlatformObject {
  highWaterMark = 0;

  // https://streams.spec.whatwg.org/#blqs-constructor
  constructor_(init) {
    this.highWaterMark = init.highWaterMark;
  }

  // https://streams.spec.whatwg.org/#blqs-size
  get size() {
    return byteLengthSizeCallback;
  }
}

/** https://streams.spec.whatwg.org/#byte-length-queuing-strategy-size-function, one for all instances. An arrow: it is no constructor. */
export const byteLengthSizeFunction = { __proto__: null, size: (chunk) => chunk.byteLength }.size;

// What the glue expects as a value of type `Function`.
const byteLengthSizeCallback = { __proto__: null, callback: byteLengthSizeFunction };
