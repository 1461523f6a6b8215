// The JavaScript built-ins that built-in scripts use, captured before any app code runs.
//
// An app may replace `Promise.prototype.then` or `Array.prototype.push`; that must neither break a Web API nor let the app watch
// one at work. So built-in scripts never look a method up on a prototype that an app can reach: they call the functions here.
//
// Naming: the owner's name, then `Prototype` for instance members, then the member: `PromisePrototypeThen(promise, …)`.
// Getters have `Get` before the member: `TypedArrayPrototypeGetByteLength(view)`. Well-known symbols: `SymbolIterator`.
//
// The bundler (codegen/src/bundle/lint.rs) refuses what else an app could meddle with. Not here, because they would meet an app's
// setters or constructors themselves: the methods of arrays that write or make arrays. Built-in scripts have `List` instead.

import { isPromise } from "nano:native";

/** Turns a method into a function that takes `this` as its first argument. */
export const uncurryThis = Function.prototype.bind.bind(Function.prototype.call);

/** The getter `name` of `prototype` as a function that takes `this` as its only argument. */
export function uncurryGetter(prototype, name) {
  return uncurryThis(Object.getOwnPropertyDescriptor(prototype, name).get); // safe: before any app
}

// ---- Constructors, under names that no interface of the model can take ------------------------------------------------------

export const ArrayConstructor = Array;
export const ArrayBufferConstructor = ArrayBuffer;
export const DataViewConstructor = DataView;
export const ErrorConstructor = Error;
export const NumberConstructor = Number;
export const PromiseConstructor = Promise;
export const RangeErrorConstructor = RangeError;
export const SetConstructor = Set;
export const StringConstructor = String;
export const TypeErrorConstructor = TypeError;
export const Uint8ArrayConstructor = Uint8Array;
export const WeakRefConstructor = WeakRef;

// ---- Array ------------------------------------------------------------------------------------------------------------------

export const ArrayIsArray = Array.isArray;
export const ArrayPrototypeIncludes = uncurryThis(Array.prototype.includes);
export const ArrayPrototypeSort = uncurryThis(Array.prototype.sort);
export const ArrayPrototypeValues = uncurryThis(Array.prototype.values);
/** `Array.prototype.values`, which is also its `Symbol.iterator` and that of iterable interfaces with indexes. */
export const ArrayPrototypeValuesFunction = Array.prototype.values;

// ---- ArrayBuffer, SharedArrayBuffer, typed arrays, DataView -----------------------------------------------------------------

export const ArrayBufferIsView = ArrayBuffer.isView;
export const ArrayBufferPrototypeGetByteLength = uncurryGetter(ArrayBuffer.prototype, "byteLength");
export const ArrayBufferPrototypeGetDetached = uncurryGetter(ArrayBuffer.prototype, "detached");
export const ArrayBufferPrototypeGetResizable = uncurryGetter(ArrayBuffer.prototype, "resizable");
export const ArrayBufferPrototypeTransfer = uncurryThis(ArrayBuffer.prototype.transfer);

// `SharedArrayBuffer` may be absent from a context; its brand check then never succeeds.
const SharedArrayBufferPrototype = typeof SharedArrayBuffer === "function" ? SharedArrayBuffer.prototype : undefined;
export const SharedArrayBufferPrototypeGetByteLength = SharedArrayBufferPrototype === undefined
  ? () => { throw new TypeErrorConstructor("Receiver is not a SharedArrayBuffer"); }
  : uncurryGetter(SharedArrayBufferPrototype, "byteLength");
export const SharedArrayBufferPrototypeGetGrowable = SharedArrayBufferPrototype === undefined
  ? () => { throw new TypeErrorConstructor("Receiver is not a SharedArrayBuffer"); }
  : uncurryGetter(SharedArrayBufferPrototype, "growable");

const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
export const TypedArrayPrototypeGetBuffer = uncurryGetter(TypedArrayPrototype, "buffer");
export const TypedArrayPrototypeGetByteLength = uncurryGetter(TypedArrayPrototype, "byteLength");
export const TypedArrayPrototypeGetByteOffset = uncurryGetter(TypedArrayPrototype, "byteOffset");
export const TypedArrayPrototypeGetLength = uncurryGetter(TypedArrayPrototype, "length");
/** The name of the typed array's constructor, or undefined where the argument is no typed array: a brand check. */
export const TypedArrayPrototypeGetSymbolToStringTag = uncurryGetter(TypedArrayPrototype, Symbol.toStringTag);
export const TypedArrayPrototypeSet = uncurryThis(TypedArrayPrototype.set);

export const DataViewPrototypeGetBuffer = uncurryGetter(DataView.prototype, "buffer");
export const DataViewPrototypeGetByteLength = uncurryGetter(DataView.prototype, "byteLength");
export const DataViewPrototypeGetByteOffset = uncurryGetter(DataView.prototype, "byteOffset");

/** The constructors of array buffer views, by the names that `TypedArrayPrototypeGetSymbolToStringTag` gives. */
export const TypedArrayConstructors = {
  __proto__: null,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array: globalThis.Float16Array,
  Float32Array,
  Float64Array,
};

// ---- Function, Reflect ------------------------------------------------------------------------------------------------------

export const FunctionPrototypeCall = uncurryThis(Function.prototype.call);
export const ReflectApply = Reflect.apply;
const ReflectDefineProperty = Reflect.defineProperty;
export const ReflectOwnKeys = Reflect.ownKeys;

// ---- Iterators --------------------------------------------------------------------------------------------------------------

export const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
export const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

// ---- Map, Set, WeakRef ------------------------------------------------------------------------------------------------------

export const MapPrototypeEntries = uncurryThis(Map.prototype.entries);
export const MapPrototypeForEach = uncurryThis(Map.prototype.forEach);
export const MapPrototypeKeys = uncurryThis(Map.prototype.keys);
export const MapPrototypeValues = uncurryThis(Map.prototype.values);
export const SetPrototypeAdd = uncurryThis(Set.prototype.add);
export const SetPrototypeDelete = uncurryThis(Set.prototype.delete);
export const SetPrototypeEntries = uncurryThis(Set.prototype.entries);
export const SetPrototypeForEach = uncurryThis(Set.prototype.forEach);
export const SetPrototypeGetSize = uncurryGetter(Set.prototype, "size");
export const SetPrototypeValues = uncurryThis(Set.prototype.values);
export const WeakRefPrototypeDeref = uncurryThis(WeakRef.prototype.deref);

// ---- Math, Number -----------------------------------------------------------------------------------------------------------

export const MathFloor = Math.floor;
export const MathFround = Math.fround;
export const MathMin = Math.min;
export const MathTrunc = Math.trunc;
export const NumberIsFinite = Number.isFinite;

// ---- Object -----------------------------------------------------------------------------------------------------------------

export const ObjectDefineProperties = Object.defineProperties;
export const ObjectDefineProperty = Object.defineProperty;
export const ObjectFreeze = Object.freeze;
export const ObjectGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor;
export const ObjectGetPrototypeOf = Object.getPrototypeOf;
export const ObjectSetPrototypeOf = Object.setPrototypeOf;

// ---- Promise ----------------------------------------------------------------------------------------------------------------

export const PromiseReject = Promise.reject.bind(Promise);

// `then` and `Promise.resolve()` ask a promise for its `constructor`, and `then` asks that for its `Symbol.species`. Where an app has
// changed one of the two, the promise gets a `constructor` of its own for the time of the call.

const resolve = Promise.resolve.bind(Promise);
const then = uncurryThis(Promise.prototype.then);
const PromisePrototype = Promise.prototype;
const PromisePrototypeThenFunction = Promise.prototype.then;

/** Whether promises are as V8 made them. */
export function promisesAreIntact() {
  try {
    return PromisePrototype.constructor === PromiseConstructor
      && PromisePrototype.then === PromisePrototypeThenFunction
      && PromiseConstructor[SymbolSpecies] === PromiseConstructor;
  } catch {
    return false;
  }
}

/** Gives an object a `constructor` of its own; returns whether it had none and was open to it. */
function shadowConstructor(object, constructor) {
  return ObjectGetOwnPropertyDescriptor(object, "constructor") === undefined
    && ReflectDefineProperty(object, "constructor", { __proto__: null, value: constructor, configurable: true });
}

export function PromisePrototypeThen(promise, onFulfilled, onRejected) {
  if (promisesAreIntact()) return then(promise, onFulfilled, onRejected);
  // Without a constructor the species is %Promise%.
  const shadowed = shadowConstructor(promise, undefined);
  try {
    return then(promise, onFulfilled, onRejected);
  } finally {
    if (shadowed) delete promise.constructor;
  }
}

export function PromiseResolve(value) {
  if (promisesAreIntact() || !isPromise(value)) return resolve(value);
  const shadowed = shadowConstructor(value, PromiseConstructor);
  try {
    return resolve(value);
  } finally {
    if (shadowed) delete value.constructor;
  }
}

// ---- RegExp -----------------------------------------------------------------------------------------------------------------

export const RegExpPrototypeExec = uncurryThis(RegExp.prototype.exec);

// ---- String, Symbol ---------------------------------------------------------------------------------------------------------

export const StringPrototypeCharCodeAt = uncurryThis(String.prototype.charCodeAt);
export const StringPrototypeSlice = uncurryThis(String.prototype.slice);
export const StringPrototypeToLowerCase = uncurryThis(String.prototype.toLowerCase);
export const StringPrototypeToWellFormed = uncurryThis(String.prototype.toWellFormed);
export const SymbolAsyncIterator = Symbol.asyncIterator;
export const SymbolIterator = Symbol.iterator;
const SymbolSpecies = Symbol.species;
export const SymbolToStringTag = Symbol.toStringTag;
