// The library under the generated glue (`nano:bindings`): Web IDL's JavaScript binding, https://webidl.spec.whatwg.org/#javascript-binding.
//
// How a built-in script implements an interface
// =============================================
//
// For `interface Foo : Parent` with `[Implementation=Script]` the glue generates the public class `Foo` and expects a class `FooImpl`
// among the bundled scripts:
//
//     import { PlatformObject } from "../script/webidl.js";
//     export class FooImpl extends PlatformObject { … }        // root interfaces
//     export class FooImpl extends ParentImpl { … }            // derived interfaces
//
// * `new FooImpl()` makes an impl object that no app has seen yet. It takes no arguments and has no side effects: the glue calls it
//   before `constructor_`, built-in scripts call it and set slots, and the check below calls it while the snapshot is baked.
// * `impl.wrapper` is the public object, made on first use. `impl.wrapperIfAny` is undefined where none was made yet.
//   Public objects never reach an impl, impl objects never reach an app: the glue translates in both directions.
// * `constructor(…)` of the IDL calls `impl.constructor_(…)`. A regular operation `bar(…)` calls `impl.bar(…)`, an attribute reads
//   `impl.baz` and writes `impl.baz = v` (accessor or plain field, as you like; a field is fastest). Static members are static members
//   of `FooImpl`. All overloads of one operation call one method; which of them was meant shows in the arguments.
//   `stringifier;` calls `impl.stringify()`. `[Default] object toJSON()` needs nothing.
// * Members of the `[Global]` interface are the same: methods and accessors of `<Global>Impl`. Its only instance is `globalImpl`, which
//   can be imported from `nano:bindings` and be used inside functions; its wrapper is `globalThis`.
// * A `[Implementation=Script] namespace foo` expects an object `fooImpl` (`export const fooImpl = { bar(…) {…} }`).
// * When the snapshot is baked, the glue checks that every member exists and throws an error that names what is missing.
//
// Arguments, as an impl sees them
// -------------------------------
//
// * Missing optional arguments without default are `undefined`; those with a default have it. Variadic arguments are one array, last.
// * Interface types: the impl object; for natively implemented interfaces the public object itself.
// * Dictionaries: objects without a prototype's members, that have the present members (and defaults) only: `"size" in strategy` works.
// * Enumerations: strings. `sequence<T>`: a fresh `List`. `record<K, V>`: an object without prototype. Numbers, strings, booleans: themselves.
// * `Promise<T>`: a promise of this realm, that resolves with an unconverted value.
// * `BufferSource` and the like: the buffer or view itself, checked to be neither shared nor resizable unless the IDL allows it.
//   It may be detached or out of bounds: ask before use.
// * Callback functions: `(thisArg, …args) => result`, which does the conversions of its signature both ways (pass impl objects, get
//   converted results). Exceptions of the app's function come through, except where the callback returns a promise: then you get a
//   rejected promise. `.callback` is the app's function.
//   For optional arguments of the callback, pass exactly those that the app's function shall see.
// * Callback interfaces (`EventListener`): the same, `(thisArg, event) => result`; `.callback` is the app's object or function, `handleEvent`
//   is looked up on each call. Compare listeners by `.callback`: each conversion makes a new function.
// * `EventHandler` attributes: the setter gets a callback as above, or null; return that same value from the getter. A handler that is an
//   object and no function does nothing when it is called.
//
// Results, as an impl returns them
// --------------------------------
//
// * Interface types: the impl object. Callbacks: what the conversion made, or a function of the runtime. Dictionaries and records: an object with the present members.
//   `sequence<T>`: an array. `FrozenArray<T>`: `frozenArray([…])`, kept by the impl and holding *public* objects (`impl.wrapper`), because
//   the app sees this same array.
// * Promises: a promise of this realm that already resolves with what the app shall see (`impl.wrapper`, not `impl`; a plain object with
//   `Object.prototype` for a dictionary). An exception becomes a rejected promise.
//
// Iteration
// ---------
//
// * `iterable<K, V>`: `impl.valuePairs()` returns the current array of `[key, value]` pairs, in IDL values. It is asked on every step.
// * `async_iterable<V>`:
//     - `impl.asyncIteratorInit(iterator, args)`, where it exists, runs when the iterator is made. `iterator` is an object to keep state
//       on, as properties of your choice other than `target`, `kind`, `ongoingPromise` and `isFinished`; `args` is the array of converted arguments.
//     - `impl.getNextIterationResult(iterator)` returns a promise of what the app shall see (for `async_iterable<K, V>`: of a `[key, value]`
//       array), or of `endOfIteration`. The glue calls it again only after the previous promise is settled.
//     - `impl.asyncIteratorReturn(iterator, value)`, where it exists, returns a promise; the iterator gets a `return` method.
//
// What `nano:bindings` exports
// ----------------------------
//
//     convert_<Name>(value, context)   for every dictionary, enumeration, callback function, callback interface and script interface.
//                                      `context` begins the message of its TypeError: "Failed to construct 'ReadableStream'".
//     unwrap_<Interface>(value)        the impl object of a public object of the interface, or undefined. Never throws.
//     toJS_<Dictionary>(value)         the plain object for an app of a dictionary that an impl made.
//     globalImpl                       see above.

import {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeGetResizable,
  ArrayIsArray,
  ArrayPrototypeValuesFunction,
  DataViewPrototypeGetBuffer,
  FunctionPrototypeCall,
  MathFloor,
  MathFround,
  MathTrunc,
  NumberIsFinite,
  ObjectDefineProperty,
  ObjectFreeze,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  PromiseResolve,
  ReflectOwnKeys,
  SharedArrayBufferPrototypeGetByteLength,
  SharedArrayBufferPrototypeGetGrowable,
  StringConstructor,
  StringPrototypeCharCodeAt,
  StringPrototypeToWellFormed,
  SymbolIterator,
  TypeErrorConstructor,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetSymbolToStringTag,
} from "./primordials.js";
import { List } from "./list.js";

// ---- Platform objects -------------------------------------------------------------------------------------------------------

/** The base of every impl class. The glue defines `wrap_` on the prototype of each. */
export class PlatformObject {
  /** The public object, or undefined while none was made. */
  wrapperIfAny = undefined;

  /** The public object. */
  get wrapper() {
    return this.wrapperIfAny ?? this.wrap_();
  }
}

/** The first argument of a generated constructor when it is the glue that calls; the second is the impl object. */
export const kFromImpl = { __proto__: null };

/**
 * What a dictionary becomes. Instances inherit nothing, like objects without prototype, but stay in V8's fast mode.
 */
export function Dictionary() {}
Dictionary.prototype = ObjectFreeze({ __proto__: null });

/** What `getNextIterationResult` resolves with when there is nothing more. */
export const endOfIteration = { __proto__: null };

/** A `FrozenArray<T>` of public objects or other JavaScript values. */
export function frozenArray(list) {
  return ObjectFreeze(list);
}

// ---- Errors -----------------------------------------------------------------------------------------------------------------
// `context` begins a message ("Failed to execute 'close' on 'WritableStream'"), `what` names the value ("parameter 1").
// Each function makes the error; the caller throws it, so that V8 sees the end of the path.

/** A TypeError in the given context. */
export function typeError(context, message) {
  return new TypeErrorConstructor(`${context}: ${message}`);
}

/** `this` is not an object of the interface. */
export function illegalInvocation() {
  return new TypeErrorConstructor("Illegal invocation");
}

/** The interface has no constructor. */
export function illegalConstructor() {
  return new TypeErrorConstructor("Illegal constructor");
}

/** Fewer arguments than the signature requires. */
export function notEnoughArguments(context, required, present) {
  return typeError(context, `${required} argument${required === 1 ? "" : "s"} required, but only ${present} present.`);
}

/** The value is not of the (interface, callback, buffer) type. */
export function notOfType(context, what, type) {
  return typeError(context, `${what ?? "The provided value"} is not of type '${type}'.`);
}

/** No overload takes these arguments. */
export function noOverload(context) {
  return typeError(context, "Overload resolution failed.");
}

/** The context of a dictionary's member. */
export function memberContext(context, member, dictionary) {
  return `${context}: Failed to read the '${member}' property from '${dictionary}'`;
}

/** A required member of a dictionary is missing. */
export function missingMember(context, member, dictionary) {
  return typeError(memberContext(context, member, dictionary), "Required member is undefined.");
}

/** The string is no value of the enumeration. */
export function notInEnumeration(context, value, enumeration, expected) {
  return typeError(context, `The provided value '${value}' is not a valid enum value of type ${enumeration}: expected ${expected}.`);
}

// ---- Strings, https://webidl.spec.whatwg.org/#js-DOMString ------------------------------------------------------------------

/** Whether a value is an object (functions included). */
export function isObject(value) {
  return typeof value === "object" ? value !== null : typeof value === "function";
}

export function toDOMString(value, context) {
  if (typeof value === "string") return value;
  if (typeof value === "symbol") throw typeError(context, "Cannot convert a Symbol value to a string");
  return StringConstructor(value);
}

export function toByteString(value, context) {
  const string = toDOMString(value, context);
  for (let i = 0; i < string.length; i++) {
    if (StringPrototypeCharCodeAt(string, i) > 255) throw typeError(context, "String contains non ISO-8859-1 code point.");
  }
  return string;
}

export function toUSVString(value, context) {
  return StringPrototypeToWellFormed(toDOMString(value, context));
}

// ---- Numbers, https://webidl.spec.whatwg.org/#js-integer-types ----------------------------------------------------------------
// Unary plus is ToNumber, which throws for symbols and BigInts; `| 0` and `>>> 0` are the modular conversions to 32 bits.

export function toByte(value) {
  return (+value << 24) >> 24;
}

export function toOctet(value) {
  return +value & 0xff;
}

export function toShort(value) {
  return (+value << 16) >> 16;
}

export function toUnsignedShort(value) {
  return +value & 0xffff;
}

export function toLong(value) {
  return +value | 0;
}

export function toUnsignedLong(value) {
  return +value >>> 0;
}

const kTwoTo63 = 9223372036854775808;
const kTwoTo64 = 18446744073709551616;

export function toLongLong(value) {
  const modulo = moduloTwoTo64(+value);
  if (modulo >= kTwoTo63) return modulo - kTwoTo64;
  return modulo < -kTwoTo63 ? modulo + kTwoTo64 : modulo;
}

export function toUnsignedLongLong(value) {
  const modulo = moduloTwoTo64(+value);
  return modulo < 0 ? modulo + kTwoTo64 : modulo;
}

/** The remainder of the integer part, with the number's sign; +0 for what is not finite. */
function moduloTwoTo64(number) {
  if (!NumberIsFinite(number)) return 0;
  return (MathTrunc(number) % kTwoTo64) + 0;
}

/** `[EnforceRange]`: https://webidl.spec.whatwg.org/#abstract-opdef-converttoint, step 6. */
export function enforceRange(value, low, high, type, context) {
  const number = +value;
  if (!NumberIsFinite(number)) throw typeError(context, `Value is ${number}, which is outside the '${type}' value range.`);
  // Adding 0 turns -0 into +0.
  const integer = MathTrunc(number) + 0;
  if (integer < low || integer > high) throw typeError(context, `Value is outside the '${type}' value range.`);
  return integer;
}

/** `[Clamp]`: step 7. Halves round to the even neighbour. */
export function clamp(value, low, high) {
  const number = +value;
  if (number !== number) return 0;
  if (number <= low) return low;
  if (number >= high) return high;
  const floor = MathFloor(number);
  const fraction = number - floor;
  const up = fraction > 0.5 || (fraction === 0.5 && floor % 2 !== 0);
  return (up ? floor + 1 : floor) + 0;
}

export function toDouble(value, context) {
  const number = +value;
  if (!NumberIsFinite(number)) throw typeError(context, "The provided double value is non-finite.");
  return number;
}

export function toUnrestrictedDouble(value) {
  return +value;
}

export function toFloat(value, context) {
  const number = MathFround(+value);
  if (!NumberIsFinite(number)) throw typeError(context, "The provided float value is non-finite.");
  return number;
}

export function toUnrestrictedFloat(value) {
  return MathFround(+value);
}

// ---- object, symbol, promises -------------------------------------------------------------------------------------------------

export function toObject(value, context, what) {
  if (!isObject(value)) throw notOfType(context, what, "Object");
  return value;
}

export function toSymbol(value, context, what) {
  if (typeof value !== "symbol") throw notOfType(context, what, "Symbol");
  return value;
}

/** A promise of undefined for reactions inside of built-in scripts. It must not reach an app, which could recognize it. */
export const resolvedWithUndefined = PromiseResolve(undefined);

/**
 * The promise that a callback returned, https://webidl.spec.whatwg.org/#js-promise. Callbacks that return undefined, as most do that may
 * return a promise, share one promise.
 *
 * DEPARTURE: a promise of this realm is taken as it is, as engines do, instead of being followed by a new promise two turns later.
 */
export function toPromise(value) {
  return value === undefined ? resolvedWithUndefined : PromiseResolve(value);
}

// ---- Buffers, https://webidl.spec.whatwg.org/#js-buffer-source-types -----------------------------------------------------------

/** Whether a value is an ArrayBuffer (not a shared one). */
export function isArrayBuffer(value) {
  if (!isObject(value)) return false;
  try {
    ArrayBufferPrototypeGetByteLength(value);
    return true;
  } catch {
    return false;
  }
}

/** Whether a value is a SharedArrayBuffer. */
export function isSharedArrayBuffer(value) {
  if (!isObject(value)) return false;
  try {
    SharedArrayBufferPrototypeGetByteLength(value);
    return true;
  } catch {
    return false;
  }
}

/** The name of a view's type (`Uint8Array`, `DataView`), or undefined. */
export function viewType(value) {
  if (!ArrayBufferIsView(value)) return undefined;
  return TypedArrayPrototypeGetSymbolToStringTag(value) ?? "DataView";
}

/** `ArrayBuffer` */
export function toArrayBuffer(value, allowResizable, context, what) {
  if (!isArrayBuffer(value)) throw notOfType(context, what, "ArrayBuffer");
  if (!allowResizable && ArrayBufferPrototypeGetResizable(value)) throw resizableBuffer(context, "ArrayBuffer");
  return value;
}

/** `SharedArrayBuffer` */
export function toSharedArrayBuffer(value, allowResizable, context, what) {
  if (!isSharedArrayBuffer(value)) throw notOfType(context, what, "SharedArrayBuffer");
  if (!allowResizable && SharedArrayBufferPrototypeGetGrowable(value)) throw resizableBuffer(context, "SharedArrayBuffer");
  return value;
}

/** A view of one type: `Uint8Array`, `DataView`. */
export function toView(value, type, allowShared, allowResizable, context, what) {
  if (viewType(value) !== type) throw notOfType(context, what, type);
  return checkView(value, type, allowShared, allowResizable, context);
}

/** `ArrayBufferView` */
export function toArrayBufferView(value, allowShared, allowResizable, context, what) {
  if (!ArrayBufferIsView(value)) throw notOfType(context, what, "ArrayBufferView");
  return checkView(value, "ArrayBufferView", allowShared, allowResizable, context);
}

/** `BufferSource`, `AllowSharedBufferSource` */
export function toBufferSource(value, allowShared, allowResizable, context, what) {
  if (ArrayBufferIsView(value)) return checkView(value, "ArrayBufferView", allowShared, allowResizable, context);
  if (allowShared && isSharedArrayBuffer(value)) return toSharedArrayBuffer(value, allowResizable, context, what);
  if (!isArrayBuffer(value)) throw notOfType(context, what, "(ArrayBuffer or ArrayBufferView)");
  return toArrayBuffer(value, allowResizable, context, what);
}

function checkView(view, type, allowShared, allowResizable, context) {
  if (allowShared && allowResizable) return view;
  const buffer = TypedArrayPrototypeGetSymbolToStringTag(view) === undefined
    ? DataViewPrototypeGetBuffer(view)
    : TypedArrayPrototypeGetBuffer(view);
  if (isArrayBuffer(buffer)) {
    if (!allowResizable && ArrayBufferPrototypeGetResizable(buffer)) throw resizableBuffer(context, type);
  } else {
    if (!allowShared) throw typeError(context, `The provided ${type} value must not be shared.`);
    if (!allowResizable && SharedArrayBufferPrototypeGetGrowable(buffer)) throw resizableBuffer(context, type);
  }
  return view;
}

function resizableBuffer(context, type) {
  return typeError(context, `The provided ${type} value must not be resizable.`);
}

// ---- Sequences and records ------------------------------------------------------------------------------------------------------

const ArrayIteratorPrototype = ObjectGetPrototypeOf(ArrayPrototypeValuesFunction.call([]));
const ArrayIteratorPrototypeNextFunction = ArrayIteratorPrototype.next;

/** The element converter of `sequence<any>`. */
export function toAny(value) {
  return value;
}

/** https://webidl.spec.whatwg.org/#js-sequence; `convert` takes an element and the context. */
export function toSequence(value, convert, context, what) {
  if (!isObject(value)) throw typeError(context, `${what ?? "The provided value"} cannot be converted to a sequence.`);
  const method = value[SymbolIterator];
  if (method === undefined || method === null) throw notIterable(context);
  return sequenceFromIterable(value, method, convert, context);
}

/** https://webidl.spec.whatwg.org/#create-sequence-from-iterable */
export function sequenceFromIterable(iterable, method, convert, context) {
  if (typeof method !== "function") throw notIterable(context);
  const result = new List();
  // OPTIMIZATION: an array that nobody prepared iterates by index; the steps below would do just that.
  if (
    method === ArrayPrototypeValuesFunction &&
    ArrayIsArray(iterable) &&
    ArrayIteratorPrototype.next === ArrayIteratorPrototypeNextFunction
  ) {
    for (let i = 0; i < iterable.length; i++) result.append(convert(iterable[i], context));
    return result;
  }
  const iterator = FunctionPrototypeCall(method, iterable);
  if (!isObject(iterator)) throw notIterable(context);
  const next = iterator.next;
  for (;;) {
    const step = FunctionPrototypeCall(next, iterator);
    if (!isObject(step)) throw typeError(context, "The iterator's next() result is not an object.");
    if (step.done) return result;
    result.append(convert(step.value, context));
  }
}

function notIterable(context) {
  return typeError(context, "The object must have a callable @@iterator property.");
}

/** https://webidl.spec.whatwg.org/#js-record */
export function toRecord(value, convertKey, convertValue, context, what) {
  if (!isObject(value)) throw typeError(context, `${what ?? "The provided value"} cannot be converted to a record.`);
  const result = { __proto__: null };
  const keys = ReflectOwnKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const descriptor = ObjectGetOwnPropertyDescriptor(value, keys[i]);
    if (descriptor === undefined || !descriptor.enumerable) continue;
    const key = convertKey(keys[i], context);
    result[key] = convertValue(value[keys[i]], context); // safe: the record inherits nothing
  }
  return result;
}

/** The variadic arguments, converted in place. */
export function convertRest(rest, convert, context) {
  for (let i = 0; i < rest.length; i++) rest[i] = convert(rest[i], context); // safe: the element is there
  return rest;
}

// ---- From IDL values to JavaScript values ------------------------------------------------------------------------------------

/** `Interface?` */
export function wrapperOrNull(impl) {
  return impl === null || impl === undefined ? null : impl.wrapper;
}

/** A union of interface types and types whose values are the same on both sides. */
export function implToJS(value) {
  return value instanceof PlatformObject ? value.wrapper : value;
}

/** `T?` of a type whose values differ on both sides. */
export function nullOr(value, convert) {
  return value === null || value === undefined ? null : convert(value);
}

function returnArgument(object) {
  return object;
}

// "Constructs" what it is given. A field of a class defines a property, fast and whatever setters functions inherit.
class Callback extends returnArgument {
  callback;

  constructor(invoke, callback) {
    super(invoke);
    this.callback = callback;
  }
}

/** The function `invoke` as a converted callback of the app's function or object. */
export function withCallback(invoke, callback) {
  return new Callback(invoke, callback);
}

/** A callback: the app's function or object. */
export function callbackToJS(callback) {
  return callback.callback;
}

/** A callback that may be null. */
export function callbackOrNull(callback) {
  return callback === null || callback === undefined ? null : callbackToJS(callback);
}

/** An IDL sequence as a JavaScript array; `convert` turns one element into a JavaScript value. */
export function sequenceToJS(list, convert) {
  const result = [];
  for (let i = 0; i < list.length; i++) setOwn(result, i, convert(list[i]));
  return result;
}

/** An IDL record as a JavaScript object. */
export function recordToJS(record, convert) {
  const result = {}; // safe: for apps
  for (const key in record) setOwn(result, key, convert(record[key]));
  return result;
}

/** CreateDataProperty: no setter of `Object.prototype` gets in between. */
export function setOwn(object, key, value) {
  ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}
