// `nano:native-bridge`: the functions that Rust calls. A script registers each one by name when it is evaluated; Rust looks the
// names up once, when the context is made, and keeps the functions.

import { ErrorConstructor } from "./primordials.js";

/** Functions for Rust, by name. The bundle's last expression hands this object to Rust. */
const nativeExports = { __proto__: null };

/** Makes `fn` callable from Rust under `name`. Names are unique: a second registration is a mistake in a built-in script. */
export function exportToNative(name, fn) {
  if (name in nativeExports) {
    throw new ErrorConstructor(`exportToNative: "${name}" is registered twice; give one of the two functions another name`);
  }
  nativeExports[name] = fn; // safe: the object inherits nothing
}
