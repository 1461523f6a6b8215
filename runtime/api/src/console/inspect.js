// What the printer of values cannot learn through V8's interface for native code, asked with built-ins that no app has changed.

import { exportToNative } from "../script/bridge.js";

const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const flagGetter = (name) => uncurry(Object.getOwnPropertyDescriptor(RegExp.prototype, name).get); // safe: before any app

const RegExpPrototypeHasIndices = flagGetter("hasIndices");
const RegExpPrototypeGlobal = flagGetter("global");
const RegExpPrototypeIgnoreCase = flagGetter("ignoreCase");
const RegExpPrototypeMultiline = flagGetter("multiline");
const RegExpPrototypeDotAll = flagGetter("dotAll");
const RegExpPrototypeUnicode = flagGetter("unicode");
const RegExpPrototypeUnicodeSets = flagGetter("unicodeSets");
const RegExpPrototypeSticky = flagGetter("sticky");

// `RegExp.prototype.flags` would read the single flags as properties, which an app can define on the object.
exportToNative("inspectRegExpFlags", (pattern) => {
  let flags = "";
  if (RegExpPrototypeHasIndices(pattern)) flags += "d";
  if (RegExpPrototypeGlobal(pattern)) flags += "g";
  if (RegExpPrototypeIgnoreCase(pattern)) flags += "i";
  if (RegExpPrototypeMultiline(pattern)) flags += "m";
  if (RegExpPrototypeDotAll(pattern)) flags += "s";
  if (RegExpPrototypeUnicode(pattern)) flags += "u";
  if (RegExpPrototypeUnicodeSets(pattern)) flags += "v";
  if (RegExpPrototypeSticky(pattern)) flags += "y";
  return flags;
});

const unboxers = [
  uncurry(String.prototype.valueOf),
  uncurry(Number.prototype.valueOf),
  uncurry(Boolean.prototype.valueOf),
  uncurry(Symbol.prototype.valueOf),
  uncurry(BigInt.prototype.valueOf),
];

// The primitive in a wrapper object: `valueOf` of every other kind throws.
exportToNative("inspectUnbox", (object) => {
  for (let i = 0; i < unboxers.length; i++) {
    try {
      return unboxers[i](object);
    } catch {}
  }
  return undefined;
});
