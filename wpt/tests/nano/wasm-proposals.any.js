// META: title=WebAssembly: which of its younger parts there are
// WPT's own tests of these want a module builder that its copy may not have, or flags.

const bytes = (...parts) => new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)));
const HEAD = bytes(0, "asm", 1, 0, 0, 0);

// (type $s (struct (field (mut i32)))) (func (export "f") (result i32) i32.const 42 struct.new $s struct.get $s 0)
const GC = bytes(...HEAD, 1, 9, 2, 0x5f, 1, 0x7f, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 1, 7, 5, 1, 1, "f", 0, 0,
  10, 13, 1, 11, 0, 0x41, 42, 0xfb, 0, 0, 0xfb, 2, 0, 0, 0x0b);
// (func (export "length") (import "wasm:js-string" "length") (param externref) (result i32))
const STRINGS = bytes(...HEAD, 1, 6, 1, 0x60, 1, 0x6f, 1, 0x7f, 2, 25, 1, 14, "wasm:js-string", 6, "length", 0, 0, 7, 10, 1, 6, "length", 0, 0);
const builtins = ["js-string"];

test(() => {
  assert_equals(new WebAssembly.Instance(new WebAssembly.Module(GC)).exports.f(), 42);
}, "Garbage-collected objects");

promise_test(async () => {
  assert_true(WebAssembly.validate(STRINGS, { builtins }));
  const modules = [new WebAssembly.Module(STRINGS, { builtins }), await WebAssembly.compile(STRINGS, { builtins })];
  const response = () => new Response(STRINGS, { headers: { "content-type": "application/wasm" } });
  modules.push(await WebAssembly.compileStreaming(response(), { builtins }));
  const instances = modules.map((module) => new WebAssembly.Instance(module));
  instances.push((await WebAssembly.instantiate(STRINGS, {}, { builtins })).instance);
  instances.push((await WebAssembly.instantiateStreaming(response(), {}, { builtins })).instance);
  assert_array_equals(instances.map(({ exports }) => exports.length("four")), [4, 4, 4, 4, 4]);
  assert_throws_js(TypeError, () => new WebAssembly.Instance(new WebAssembly.Module(STRINGS)), "an import like any other, where it is not asked for");
}, "Built-in functions of strings");

test(() => {
  for (const name of ["Suspending", "promising", "SuspendError", "Function"]) assert_false(name in WebAssembly, name);
  for (const name of ["Memory", "Table", "Global"]) assert_false("type" in WebAssembly[name].prototype, name);
}, "DEPARTURE: neither JS Promise Integration nor Type Reflection");

test(() => {
  assert_throws_js(SyntaxError, () => new Function("return import.source('a.wasm')"));
}, "DEPARTURE: no imports in the source phase");
