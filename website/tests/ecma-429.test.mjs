// The entries of ECMA-429 are in the Web IDL that all is made of, and the program has them. V8 brings some, which no IDL of ours names. Their
// members are tested one by one in wpt/tests/nano/ecma-429.any.js.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";

const read = (path) => JSON.parse(readFileSync(resolve(import.meta.dirname, "..", path), "utf8"));
const list = read("../wpt/tests/nano/resources/ecma-429.json");
const present = read("data/ecma-429.json");
const model = read("data/reference.json");
const ofV8 = (name) => name === "globalThis" || name.startsWith("WebAssembly.");
/** The names of an interface's members, those of its ancestors included. */
const members = (name) => (name ? [...model.interfaces[name].members.map(({ name }) => name), ...members(model.interfaces[name].inherits)] : []);
const global = members(model.global);

test("interfaces of ECMA-429 are in the IDL", () => {
  assert.deepEqual(list.interfaces.filter((name) => !ofV8(name) && !(name in model.interfaces)), []);
});

test("globals of ECMA-429 are in the IDL", () => {
  const has = (name) => {
    const [owner, member] = name.split(".");
    if (!member) return global.includes(name) || name in model.namespaces;
    // `navigator.userAgent`: what the global object's attribute gives has the member.
    const [, type] = model.interfaces[model.global].members.find(({ name }) => name === owner)?.idl.match(/attribute (\w+)/) ?? [];
    return type !== undefined && members(type).includes(member);
  };
  assert.deepEqual(list.globals.filter((name) => !ofV8(name) && !has(name)), []);
});

test("the program has all entries of ECMA-429", () => {
  assert.deepEqual(Object.keys(present).sort(), [...list.interfaces, ...list.globals].sort());
  assert.deepEqual(Object.keys(present).filter((name) => !present[name]), []);
});
