// How Rust waits for promises.

import { settled } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { PromisePrototypeThen, PromiseResolve } from "../script/primordials.js";

// Tells Rust how a promise, or a value in its place, turned out.
exportToNative("whenSettled", (promise, id) => {
  PromisePrototypeThen(PromiseResolve(promise), (value) => settled(id, true, value), (reason) => settled(id, false, reason));
});
