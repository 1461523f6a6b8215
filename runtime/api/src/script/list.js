// Lists of built-in scripts.

import { ArrayConstructor, ObjectSetPrototypeOf } from "./primordials.js";

/**
 * An array that inherits nothing of an app's: what is written to an index meets no setter of `Array.prototype`, which also
 * `Array.prototype.push` would find. It has no methods but these; apps never see one.
 */
export class List extends ArrayConstructor {
  append(item) {
    this[this.length] = item; // safe: a List
  }

  removeAt(index) {
    const last = this.length - 1;
    for (let i = index; i < last; i++) this[i] = this[i + 1]; // safe: a List
    this.length = last;
  }
}
ObjectSetPrototypeOf(List.prototype, null);

/** The items of an array or list from an index on. */
export function listFrom(array, start) {
  const list = new List();
  for (let i = start; i < array.length; i++) list.append(array[i]);
  return list;
}
