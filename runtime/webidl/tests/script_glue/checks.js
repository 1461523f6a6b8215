// Runs in the context that has the interfaces of features.webidl, as an app would. Throws, or sets `failure`, where something is wrong.

globalThis.failure = "the asynchronous checks did not end";

function same(actual, expected) {
  if (Object.is(actual, expected)) return;
  const both = (value) => typeof value === "object" && value !== null;
  if (!both(actual) || !both(expected)) throw new Error(`expected ${String(expected)}, found ${String(actual)}`);
  const keys = Reflect.ownKeys(expected);
  same(Reflect.ownKeys(actual).length, keys.length);
  for (const key of keys) same(actual[key], expected[key]);
}

function throws(run, message) {
  try {
    run();
  } catch (error) {
    if (!(error instanceof TypeError)) throw new Error(`expected a TypeError, found ${error}`);
    if (message !== undefined) same(error.message, message);
    return;
  }
  throw new Error(`expected an exception of ${run}`);
}

const features = new Features();

// Constructors and overloads.
same(new Features().name, "[]");
same(new Features("x").name, '["x",7]');
same(new Features(5, undefined).name, '["5",7]');
same(new Features(new SubTarget("x")).name, "target");
same([Features.length, SubTarget.length, Features.name], [0, 1, "Features"]);
throws(() => Features());
throws(() => new SubTarget(), "Failed to construct 'SubTarget': 1 argument required, but only 0 present.");
throws(() => new Scope(), "Illegal constructor");
class Mine extends Features {
  constructor() {
    super("mine");
  }
}
same(new Mine().name, '["mine",7]');
same(new Mine() instanceof Features, true);

same(features.post(1).deep, false);
same(features.post(1, null).deep, false);
same(features.post(1, { deep: 1 }).deep, true);
same(features.post(1, [features]), [features]);
throws(() => features.post(1, 2), "Failed to execute 'post' on 'Features': Overload resolution failed.");
throws(() => features.post(), "Failed to execute 'post' on 'Features': 1 argument required, but only 0 present.");

// Unions.
same(features.union(null), null);
same(features.union(undefined), null);
same(features.union([1, "2", 3.7]), [1, 2, 3]);
same(features.union(new Set([1])), [1]);
same(features.union(1.5), 1.5);
same(features.union(true), true);
same(features.union("s"), "s");
same(features.union({}), "[object Object]");
same(features.union(10n), "10");
throws(() => features.union(NaN), "Failed to execute 'union' on 'Features': The provided double value is non-finite.");
throws(() => features.union(Symbol()));
same(features.initOrString("x"), "x");
same({ ...features.initOrString({ on: 1 }) }, { on: true, count: 3 });
throws(
  () => features.initOrString({}),
  "Failed to execute 'initOrString' on 'Features': Failed to read the 'on' property from 'Init': Required member is undefined.",
);
throws(() => features.initOrString(null));

// Dictionaries and sequences.
same({ ...features.optionsOrBoolean() }, { deep: false, list: [] });
same({ ...features.optionsOrBoolean(null) }, { deep: false, list: [] });
same(features.optionsOrBoolean(5), true);
same("toString" in features.optionsOrBoolean({}), false);
same(features.optionsOrBoolean({ list: [new Target()] }).list.length, 1);
throws(
  () => features.optionsOrBoolean({ list: [{}] }),
  "Failed to execute 'optionsOrBoolean' on 'Features': Failed to read the 'list' property from 'Options': The provided value is not of type 'Target'.",
);
{
  const order = [];
  const members = ["deep", "list"];
  features.optionsOrBoolean(new Proxy({}, { get: (_, key) => void order.push(key) }));
  same(order, members);
}

// Numbers.
same(features.integers(200, 300, 40000, 70000, 2 ** 31, -1, 2 ** 63, -1), [-56, 44, -25536, 4464, -(2 ** 31), 2 ** 32 - 1, -(2 ** 63), 2 ** 64]);
same(features.integers(NaN, Infinity, "x", -0, 1.9, -1.9, -1, 2 ** 64), [0, 0, 0, 0, 1, 2 ** 32 - 1, -1, 0]);
throws(() => features.integers(1n, 1, 1, 1, 1, 1, 1, 1));
same(features.clamped(300, 2.5), [255, 2]);
same(features.clamped(-3, 3.5), [0, 4]);
same(features.clamped(-0.2, -2.5), [0, -2]);
same(features.clamped(1.5, 1e99), [2, 2 ** 31 - 1]);
same(features.clamped(NaN, -0.5), [0, 0]);
same(features.enforced(255.9, -5.5), [255, -5]);
same(features.enforced(-0.9, 0), [0, 0]);
throws(() => features.enforced(-1, 0), "Failed to execute 'enforced' on 'Features': Value is outside the 'octet' value range.");
throws(() => features.enforced(NaN, 0));
throws(() => features.enforced(0, 2 ** 53));
same(features.floats(1.1, Infinity), [Math.fround(1.1), Infinity]);
throws(() => features.floats(1e39, 1));

// Strings, variadic arguments, records.
same(features.strings(null, "\xff", "\ud800", null), ["null", "\xff", "\ufffd", ""]);
throws(() => features.strings("", "\u0100", "", ""), "Failed to execute 'strings' on 'Features': String contains non ISO-8859-1 code point.");
same(features.variadic(1), [1, []]);
same(features.variadic("2", 3, null), [2, ["3", "null"]]);
same(features.variadic.length, 1);
same({ ...features.table({ a: 1, b: "2" }) }, { a: 1, b: 2 });
throws(() => features.table(1));

// Buffers and native objects.
const fixed = new ArrayBuffer(1);
const resizable = new ArrayBuffer(1, { maxByteLength: 2 });
const shared = new SharedArrayBuffer(1);
same(features.buffers(new Uint8Array(1), fixed, shared, new DataView(resizable)), 4);
throws(() => features.buffers(new Int8Array(1), fixed, shared, new DataView(fixed)));
throws(
  () => features.buffers(new Uint8Array(shared), fixed, shared, new DataView(fixed)),
  "Failed to execute 'buffers' on 'Features': The provided Uint8Array value must not be shared.",
);
throws(
  () => features.buffers(new Uint8Array(1), resizable, shared, new DataView(fixed)),
  "Failed to execute 'buffers' on 'Features': The provided ArrayBuffer value must not be resizable.",
);
const native = { isNative: true };
same(features.native(native), native);
throws(() => features.native({}), "Failed to execute 'native' on 'Features': parameter 1 is not of type 'Native'.");

// Callbacks.
const calls = [];
const measure = function (...values) {
  calls.push([this, values]);
  return "12.7";
};
const listener = {
  handle(target) {
    calls.push([this, [target]]);
  },
};
const called = features.callbacks(measure, () => { throw "pulled"; }, listener);
same([called.first, called.second, called.listened], [12, 12, undefined]);
same([called.measure, called.listener], [measure, listener]);
same([calls[0][1].length, calls[0][1][0] instanceof Target], [1, true]);
same([String(calls[1][0]), calls[1][1][1]], ["this", "name"]);
same([calls[2][0], calls[2][1][0] instanceof Target], [listener, true]);
throws(() => features.callbacks(1, 1, 1), "Failed to execute 'callbacks' on 'Features': parameter 1 is not of type 'Function'.");
throws(() => features.callbacks(measure, measure, {}), "Failed to execute 'handle' on 'Listener': The listener is not callable.");
features.handler = 5;
same(features.handler, null);
const uncallable = {};
features.handler = uncallable;
same([features.handler, features.handle()], [uncallable, undefined]);
features.handler = () => "handled";
same(features.handle(), "handled");

// Attributes.
features.mode = "b";
features.mode = "neither";
same(features.mode, "b");
features.target = new SubTarget("x");
same(features.target instanceof SubTarget, true);
features.target = undefined;
same(features.target, null);
throws(() => { features.target = {}; }, "Failed to set the 'target' property on 'Features': The provided value is not of type 'Target'.");
throws(() => Features.prototype.mode, "Illegal invocation");
throws(() => Features.prototype.union.call(new Target(), 1), "Illegal invocation");
const unforgeable = Object.getOwnPropertyDescriptor(features, "fixed");
same([unforgeable.configurable, unforgeable.enumerable, unforgeable.set, features.fixed], [false, true, undefined, true]);
same(unforgeable.get, Object.getOwnPropertyDescriptor(new Features(), "fixed").get);

// Results, statics, constants, the stringifier.
same(features.targets()[0], features.targets()[0]);
same(features.targets()[1] instanceof SubTarget, true);
same(features.named().first instanceof Target, true);
same(features.init(), { on: true, count: undefined });
same([Features.make().name, Features.count, Features.LIMIT, features.LIMIT], ["default", 3, 5, 5]);
same(features.toJSON(), { mode: "b", name: "[]", fixed: true });
same(`${features}`, "stringified");
same(Object.prototype.toString.call(features), "[object Features]");

// Iteration.
same([...features.keys()], ["a", "b"]);
same([...features][1][1] instanceof SubTarget, true);
same(Features.prototype[Symbol.iterator], Features.prototype.entries);
same(Object.prototype.toString.call(features.keys()), "[object Features Iterator]");
const visited = [];
features.forEach(function (value, key, parent) { visited.push(value instanceof Target, key, parent === features, this.mark); }, { mark: 1 });
same(visited, [true, "a", true, 1, true, "b", true, 1]);

// Shapes of properties.
for (const [object, key, enumerable] of [
  [globalThis, "Features", false],
  [Features.prototype, "union", true],
  [Features.prototype, "mode", true],
  [Features.prototype, "constructor", false],
  [Features.prototype, Symbol.iterator, false],
  [Features, "make", true],
  [globalThis, "title", true],
]) {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  same([descriptor.enumerable, descriptor.configurable], [enumerable, true]);
}
same(Object.getOwnPropertyDescriptor(Features.prototype, "mode").set.name, "set mode");
throws(() => new features.union(1));

// Namespaces and the global object.
same([tools.twice("4"), tools.zero, tools.VERSION, String(tools)], [8, 0, 1, "[object tools]"]);
same([title, isMe(globalThis), globalThis instanceof Target], ["scope", true, true]);
title = 5;
same(globalThis.title, "5");
throws(() => isMe.call({}, globalThis), "Illegal invocation");
same((0, isMe)(new Target()), false);

// Promises and asynchronous iteration.
async function rejects(promise, expected) {
  try {
    await promise;
  } catch (error) {
    same(String(error), expected);
    return;
  }
  throw new Error(`expected a rejection with ${expected}`);
}
(async () => {
  await rejects(called.pulled, "pulled");
  await rejects(features.failing, "failing");
  await rejects(features.later(4), "TypeError: Failed to execute 'later' on 'Features': 2 arguments required, but only 1 present.");
  await rejects(Features.prototype.later.call({}), "TypeError: Illegal invocation");
  same(await features.later(Promise.resolve(4), 1), 4);
  const entries = [];
  for await (const entry of new Flow()) entries.push(entry);
  same(entries, [["k1", 1], ["k2", 2]]);
  const keys = new Flow().keys();
  same((await Promise.all([keys.next(), keys.next(), keys.next(), keys.next()])).map((step) => step.value), ["k1", "k2", undefined, undefined]);
  same(keys.return, undefined);
})().then(
  () => { globalThis.failure = ""; },
  (error) => { globalThis.failure = String(error?.stack ?? error); },
);
