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
// * Enumerations: strings. `sequence<T>`: a fresh array. `record<K, V>`: an object without prototype. Numbers, strings, booleans: themselves.
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
// * Interface types: the impl object. Callbacks: what the conversion made. Dictionaries and records: an object with the present members.
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
//     isImpl_<Interface>(value)        whether a value is an impl object of the interface. (`value instanceof FooImpl` says the same.)
//     unwrap_<Interface>(value)        the impl object of a public object of the interface, or undefined. Never throws.
//     toJS_<Dictionary>(value)         the plain object for an app of a dictionary that an impl made.
//     globalImpl                       see above.

import {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeGetResizable,
  ArrayIsArray,
  ArrayPrototypeEntriesFunction,
  ArrayPrototypeForEachFunction,
  ArrayPrototypeKeysFunction,
  ArrayPrototypePush,
  ArrayPrototypeValuesFunction,
  AsyncIteratorPrototype,
  DataViewPrototypeGetBuffer,
  ErrorConstructor,
  FunctionPrototypeCall,
  IteratorPrototype,
  MathFloor,
  MathFround,
  MathTrunc,
  NumberIsFinite,
  ObjectCreate,
  ObjectDefineProperty,
  ObjectFreeze,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectSetPrototypeOf,
  PromiseConstructor,
  PromisePrototypeThen,
  PromiseReject,
  PromiseResolve,
  ReflectOwnKeys,
  SharedArrayBufferPrototypeGetByteLength,
  SharedArrayBufferPrototypeGetGrowable,
  StringConstructor,
  StringPrototypeCharCodeAt,
  StringPrototypeToWellFormed,
  SymbolAsyncIterator,
  SymbolIterator,
  SymbolToStringTag,
  TypeErrorConstructor,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetSymbolToStringTag,
} from "./primordials.js";

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

/** What `getNextIterationResult` resolves with when there is nothing more. */
export const endOfIteration = { __proto__: null };

/** A `FrozenArray<T>` of public objects or other JavaScript values. */
export function frozenArray(list) {
  return ObjectFreeze(list);
}
