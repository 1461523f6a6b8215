// Parts of the built-in scripts that few apps use: `[Lazy=…]` in the IDL. The bundler makes a function of each, which runs when something
// of it is first asked for.

import { exportToNative } from "./bridge.js";
import { ReflectApply } from "./primordials.js";

// The parts by the names of their interface objects.
const partsByGlobal = { __proto__: null };

/**
 * The bundler names here what a part defines by `defineGlobal`, and what by `exportToNative`; `evaluate` is the part, which is given other
 * functions of these names.
 */
export function addLazyPart(globals, exports, evaluate) {
  const part = { __proto__: null, evaluate, evaluated: undefined };
  for (let i = 0; i < globals.length; i++) {
    partsByGlobal[globals[i]] = part; // safe: it inherits nothing
  }
  for (let i = 0; i < exports.length; i++) {
    const name = exports[i];
    exportToNative(name, (...args) => ReflectApply(evaluated(part).exports[name], undefined, args));
  }
}

/** What a part has defined. It is all of it or nothing: an evaluation may end early, as the stack is full or the isolate at its end. */
function evaluated(part) {
  if (part.evaluated === undefined) {
    const result = { __proto__: null, exports: { __proto__: null }, globals: { __proto__: null } };
    part.evaluate(
      (name, fn) => {
        result.exports[name] = fn; // safe: it inherits nothing
      },
      (global, name, value) => {
        result.globals[name] = value; // safe: it inherits nothing
      },
    );
    part.evaluated ??= result;
  }
  return part.evaluated;
}

exportToNative("lazyInterface", (name) => evaluated(partsByGlobal[name]).globals[name]);
