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
function uncurryGetter(prototype, name) {
  return uncurryThis(Object.getOwnPropertyDescriptor(prototype, name).get); // safe: before any app
}

// ---- Constructors, under names that no interface of the model can take ------------------------------------------------------

export const ArrayConstructor = Array;
export const ArrayBufferConstructor = ArrayBuffer;
export const BigIntConstructor = BigInt;
export const BooleanConstructor = Boolean;
export const DataViewConstructor = DataView;
export const DateConstructor = Date;
export const ErrorConstructor = Error;
export const FinalizationRegistryConstructor = FinalizationRegistry;
export const FunctionConstructor = Function;
export const MapConstructor = Map;
export const NumberConstructor = Number;
export const ObjectConstructor = Object;
export const PromiseConstructor = Promise;
export const ProxyConstructor = Proxy;
export const RangeErrorConstructor = RangeError;
export const SetConstructor = Set;
export const StringConstructor = String;
export const SymbolConstructor = Symbol;
export const TypeErrorConstructor = TypeError;
export const Uint8ArrayConstructor = Uint8Array;
export const WeakMapConstructor = WeakMap;
export const WeakRefConstructor = WeakRef;
export const WeakSetConstructor = WeakSet;

// ---- Array ------------------------------------------------------------------------------------------------------------------

export const ArrayIsArray = Array.isArray;
export const ArrayPrototypeIncludes = uncurryThis(Array.prototype.includes);
export const ArrayPrototypeIndexOf = uncurryThis(Array.prototype.indexOf);
/** `Array.prototype.values`, which is also its `Symbol.iterator` and that of iterable interfaces with indexes. */
export const ArrayPrototypeValuesFunction = Array.prototype.values;
export const ArrayPrototypeEntriesFunction = Array.prototype.entries;
export const ArrayPrototypeKeysFunction = Array.prototype.keys;
export const ArrayPrototypeForEachFunction = Array.prototype.forEach;

// ---- ArrayBuffer, SharedArrayBuffer, typed arrays, DataView -----------------------------------------------------------------

export const ArrayBufferIsView = ArrayBuffer.isView;
export const ArrayBufferPrototypeGetByteLength = uncurryGetter(ArrayBuffer.prototype, "byteLength");
export const ArrayBufferPrototypeGetDetached = uncurryGetter(ArrayBuffer.prototype, "detached");
export const ArrayBufferPrototypeGetResizable = uncurryGetter(ArrayBuffer.prototype, "resizable");
export const ArrayBufferPrototypeSlice = uncurryThis(ArrayBuffer.prototype.slice);
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
export const TypedArrayPrototypeFill = uncurryThis(TypedArrayPrototype.fill);
export const TypedArrayPrototypeSet = uncurryThis(TypedArrayPrototype.set);
export const TypedArrayPrototypeSlice = uncurryThis(TypedArrayPrototype.slice);
export const TypedArrayPrototypeSubarray = uncurryThis(TypedArrayPrototype.subarray);

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

// ---- Errors -----------------------------------------------------------------------------------------------------------------

export const ErrorCaptureStackTrace = Error.captureStackTrace;
export const ErrorPrototypeToString = uncurryThis(Error.prototype.toString);

// ---- Function, Reflect ------------------------------------------------------------------------------------------------------

export const FunctionPrototypeBind = uncurryThis(Function.prototype.bind);
export const FunctionPrototypeCall = uncurryThis(Function.prototype.call);
export const ReflectApply = Reflect.apply;
export const ReflectConstruct = Reflect.construct;
export const ReflectDefineProperty = Reflect.defineProperty;
export const ReflectGet = Reflect.get;
export const ReflectGetOwnPropertyDescriptor = Reflect.getOwnPropertyDescriptor;
export const ReflectGetPrototypeOf = Reflect.getPrototypeOf;
export const ReflectOwnKeys = Reflect.ownKeys;
export const ReflectSet = Reflect.set;

// ---- Iterators --------------------------------------------------------------------------------------------------------------

export const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
export const ArrayIteratorPrototypeNext = uncurryThis(Object.getPrototypeOf([][Symbol.iterator]()).next);
export const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

// ---- Map, Set, WeakMap, WeakRef, WeakSet ------------------------------------------------------------------------------------

export const MapPrototypeDelete = uncurryThis(Map.prototype.delete);
export const MapPrototypeEntries = uncurryThis(Map.prototype.entries);
export const MapPrototypeForEach = uncurryThis(Map.prototype.forEach);
export const MapPrototypeGet = uncurryThis(Map.prototype.get);
export const MapPrototypeGetSize = uncurryGetter(Map.prototype, "size");
export const MapPrototypeHas = uncurryThis(Map.prototype.has);
export const MapPrototypeKeys = uncurryThis(Map.prototype.keys);
export const MapPrototypeSet = uncurryThis(Map.prototype.set);
export const MapPrototypeValues = uncurryThis(Map.prototype.values);
export const SetPrototypeAdd = uncurryThis(Set.prototype.add);
export const SetPrototypeClear = uncurryThis(Set.prototype.clear);
export const SetPrototypeDelete = uncurryThis(Set.prototype.delete);
export const SetPrototypeEntries = uncurryThis(Set.prototype.entries);
export const SetPrototypeForEach = uncurryThis(Set.prototype.forEach);
export const SetPrototypeGetSize = uncurryGetter(Set.prototype, "size");
export const SetPrototypeHas = uncurryThis(Set.prototype.has);
export const SetPrototypeValues = uncurryThis(Set.prototype.values);
export const WeakMapPrototypeDelete = uncurryThis(WeakMap.prototype.delete);
export const WeakMapPrototypeGet = uncurryThis(WeakMap.prototype.get);
export const WeakMapPrototypeHas = uncurryThis(WeakMap.prototype.has);
export const WeakMapPrototypeSet = uncurryThis(WeakMap.prototype.set);
export const WeakRefPrototypeDeref = uncurryThis(WeakRef.prototype.deref);
export const WeakSetPrototypeAdd = uncurryThis(WeakSet.prototype.add);
export const WeakSetPrototypeDelete = uncurryThis(WeakSet.prototype.delete);
export const WeakSetPrototypeHas = uncurryThis(WeakSet.prototype.has);
export const FinalizationRegistryPrototypeRegister = uncurryThis(FinalizationRegistry.prototype.register);
export const FinalizationRegistryPrototypeUnregister = uncurryThis(FinalizationRegistry.prototype.unregister);

// ---- Math, Number, BigInt, JSON ---------------------------------------------------------------------------------------------

export const MathAbs = Math.abs;
export const MathCeil = Math.ceil;
export const MathFloor = Math.floor;
export const MathFround = Math.fround;
export const MathMax = Math.max;
export const MathMin = Math.min;
export const MathRound = Math.round;
export const MathSign = Math.sign;
export const MathTrunc = Math.trunc;
export const NumberIsFinite = Number.isFinite;
export const NumberIsInteger = Number.isInteger;
export const NumberIsNaN = Number.isNaN;
export const NumberMaxSafeInteger = Number.MAX_SAFE_INTEGER;
export const NumberMinSafeInteger = Number.MIN_SAFE_INTEGER;
export const NumberPrototypeToString = uncurryThis(Number.prototype.toString);
export const BigIntAsIntN = BigInt.asIntN;
export const BigIntAsUintN = BigInt.asUintN;
export const JSONParse = JSON.parse;
export const JSONStringify = JSON.stringify;

// ---- Object -----------------------------------------------------------------------------------------------------------------

export const ObjectAssign = Object.assign;
export const ObjectCreate = Object.create;
export const ObjectDefineProperties = Object.defineProperties;
export const ObjectDefineProperty = Object.defineProperty;
export const ObjectEntries = Object.entries;
export const ObjectFreeze = Object.freeze;
export const ObjectGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor;
export const ObjectGetPrototypeOf = Object.getPrototypeOf;
export const ObjectHasOwn = Object.hasOwn;
export const ObjectIs = Object.is;
export const ObjectKeys = Object.keys;
export const ObjectPrototype = Object.prototype;
export const ObjectPrototypeToString = uncurryThis(Object.prototype.toString);
export const ObjectSetPrototypeOf = Object.setPrototypeOf;

// ---- Promise ----------------------------------------------------------------------------------------------------------------

export const PromiseAll = Promise.all.bind(Promise);
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

// ---- String, Symbol, RegExp, Date -------------------------------------------------------------------------------------------

export const StringFromCharCode = String.fromCharCode;
export const StringPrototypeAt = uncurryThis(String.prototype.at);
export const StringPrototypeCharCodeAt = uncurryThis(String.prototype.charCodeAt);
export const StringPrototypeCodePointAt = uncurryThis(String.prototype.codePointAt);
export const StringPrototypeEndsWith = uncurryThis(String.prototype.endsWith);
export const StringPrototypeIncludes = uncurryThis(String.prototype.includes);
export const StringPrototypeIndexOf = uncurryThis(String.prototype.indexOf);
export const StringPrototypePadEnd = uncurryThis(String.prototype.padEnd);
export const StringPrototypePadStart = uncurryThis(String.prototype.padStart);
export const StringPrototypeRepeat = uncurryThis(String.prototype.repeat);
export const StringPrototypeSlice = uncurryThis(String.prototype.slice);
export const StringPrototypeStartsWith = uncurryThis(String.prototype.startsWith);
export const StringPrototypeToLowerCase = uncurryThis(String.prototype.toLowerCase);
export const StringPrototypeToString = uncurryThis(String.prototype.toString);
export const StringPrototypeToUpperCase = uncurryThis(String.prototype.toUpperCase);
export const StringPrototypeToWellFormed = uncurryThis(String.prototype.toWellFormed);
export const SymbolAsyncIterator = Symbol.asyncIterator;
export const SymbolHasInstance = Symbol.hasInstance;
export const SymbolIterator = Symbol.iterator;
export const SymbolSpecies = Symbol.species;
export const SymbolToPrimitive = Symbol.toPrimitive;
export const SymbolToStringTag = Symbol.toStringTag;
export const SymbolPrototypeGetDescription = uncurryGetter(Symbol.prototype, "description");
export const RegExpPrototypeExec = uncurryThis(RegExp.prototype.exec);
export const DateNow = Date.now;

// ---- Globals ----------------------------------------------------------------------------------------------------------------

/** The global object of the context that the built-in scripts belong to. */
export const globalObject = globalThis;
