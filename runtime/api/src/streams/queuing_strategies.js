// What stream constructors take from a `QueuingStrategy`: https://streams.spec.whatwg.org/#qs-abstract-ops

import { NumberConstructor, RangeErrorConstructor } from "../script/primordials.js";
import { byteLengthSizeFunction } from "./byte_length_queuing_strategy.js";
import { countSizeFunction } from "./count_queuing_strategy.js";

// https://streams.spec.whatwg.org/#validate-and-normalize-high-water-mark
export function extractHighWaterMark(strategy, defaultHighWaterMark) {
  // 1. If strategy["highWaterMark"] does not exist, return defaultHWM.
  if (!("highWaterMark" in strategy)) return defaultHighWaterMark;
  // 2. and 3. If highWaterMark is NaN or highWaterMark < 0, throw a RangeError exception.
  const highWaterMark = strategy.highWaterMark;
  if (!(highWaterMark >= 0)) {
    throw new RangeErrorConstructor(`The highWaterMark of a queuing strategy must be a number that is not negative, but is ${highWaterMark}`);
  }
  return highWaterMark;
}

/**
 * The size algorithm, a function `(thisArg, chunk) => number`, or undefined for the one that always returns 1.
 * The functions of the two built-in strategies are recognized, so that their chunks are measured without calling out.
 * https://streams.spec.whatwg.org/#make-size-algorithm-from-size-function
 */
export function extractSizeAlgorithm(strategy) {
  // 1. If strategy["size"] does not exist, return an algorithm that returns 1.
  if (!("size" in strategy)) return undefined;
  const size = strategy.size;
  if (size.callback === countSizeFunction) return undefined;
  if (size.callback === byteLengthSizeFunction) return measureByteLength;
  // 2. Return an algorithm that invokes strategy["size"].
  return size;
}

function measureByteLength(thisArg, chunk) {
  const byteLength = chunk.byteLength;
  return typeof byteLength === "number" ? byteLength : NumberConstructor(byteLength);
}
