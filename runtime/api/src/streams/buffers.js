// Array buffers and views, as byte streams handle them: https://streams.spec.whatwg.org/#misc-abstract-ops

import {
  ArrayBufferPrototypeTransfer,
  DataViewConstructor,
  DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset,
  TypedArrayConstructors,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeGetSymbolToStringTag,
  TypedArrayPrototypeSet,
  Uint8ArrayConstructor,
} from "../script/primordials.js";

/** view.[[ViewedArrayBuffer]] */
export function viewBuffer(view) {
  return isDataView(view) ? DataViewPrototypeGetBuffer(view) : TypedArrayPrototypeGetBuffer(view);
}

/** view.[[ByteOffset]]; 0 where the buffer is detached. */
export function viewByteOffset(view) {
  if (!isDataView(view)) return TypedArrayPrototypeGetByteOffset(view);
  try {
    return DataViewPrototypeGetByteOffset(view);
  } catch {
    return 0;
  }
}

/** view.[[ByteLength]]; 0 where the buffer is detached. */
export function viewByteLength(view) {
  if (!isDataView(view)) return TypedArrayPrototypeGetByteLength(view);
  try {
    return DataViewPrototypeGetByteLength(view);
  } catch {
    return 0;
  }
}

/** view.[[ArrayLength]] of a typed array; the length in bytes of a `DataView`. */
export function viewElementCount(view) {
  return isDataView(view) ? viewByteLength(view) : TypedArrayPrototypeGetLength(view);
}

/** The constructor of `view`: an entry of the typed array constructors table, or `DataView`. */
export function viewConstructor(view) {
  const name = TypedArrayPrototypeGetSymbolToStringTag(view);
  return name === undefined ? DataViewConstructor : TypedArrayConstructors[name];
}

/** The size of an element of views that `constructor` makes. */
export function elementSizeOf(constructor) {
  return constructor === DataViewConstructor ? 1 : constructor.BYTES_PER_ELEMENT;
}

function isDataView(view) {
  return TypedArrayPrototypeGetSymbolToStringTag(view) === undefined;
}

/** Whether `value` is a `Uint8Array`, of this or another realm. */
export function isUint8Array(value) {
  return TypedArrayPrototypeGetSymbolToStringTag(value) === "Uint8Array";
}

/**
 * A new buffer with the bytes of `buffer`, which is detached. Throws a TypeError where `buffer` cannot be detached, as the memory of
 * a WebAssembly instance. https://streams.spec.whatwg.org/#transfer-array-buffer
 */
export function transferArrayBuffer(buffer) {
  return ArrayBufferPrototypeTransfer(buffer);
}

/** https://tc39.es/ecma262/#sec-clonearraybuffer */
export function cloneArrayBuffer(buffer, byteOffset, byteLength) {
  const source = new Uint8ArrayConstructor(buffer, byteOffset, byteLength);
  const clone = new Uint8ArrayConstructor(byteLength);
  TypedArrayPrototypeSet(clone, source);
  return TypedArrayPrototypeGetBuffer(clone);
}

/** https://streams.spec.whatwg.org/#abstract-opdef-cloneasuint8array */
export function cloneAsUint8Array(view) {
  return new Uint8ArrayConstructor(cloneArrayBuffer(viewBuffer(view), viewByteOffset(view), viewByteLength(view)));
}

/** Copies `count` bytes from one buffer to another: https://tc39.es/ecma262/#sec-copydatablockbytes */
export function copyBytes(toBuffer, toIndex, fromBuffer, fromIndex, count) {
  TypedArrayPrototypeSet(new Uint8ArrayConstructor(toBuffer, toIndex, count), new Uint8ArrayConstructor(fromBuffer, fromIndex, count));
}
