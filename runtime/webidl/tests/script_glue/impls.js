// The scripts that implement features.webidl: most members return what they were given.

import { PromiseResolve } from "./script/primordials.js";
import { PlatformObject, endOfIteration } from "./script/webidl.js";

export class TargetImpl extends PlatformObject {
  constructor_() {}
}

export class SubTargetImpl extends TargetImpl {
  constructor_(name) {
    this.name = name;
  }
}

export class FeaturesImpl extends PlatformObject {
  mode = "a";
  handler = null;
  target = null;
  name = "features";
  fixed = true;
  given = undefined;
  pairs = undefined;

  static count = 3;

  static make(name) {
    const made = new FeaturesImpl();
    made.name = name;
    return made;
  }

  constructor_(...given) {
    this.given = given;
    this.name = given.length === 1 && given[0] instanceof TargetImpl ? "target" : JSON.stringify(given); // safe: no app is here
  }

  union(value) {
    return value;
  }
  initOrString(value) {
    return value;
  }
  optionsOrBoolean(value) {
    return value;
  }
  post(message, further) {
    return further;
  }
  integers(...values) {
    return values;
  }
  clamped(...values) {
    return values;
  }
  enforced(...values) {
    return values;
  }
  floats(...values) {
    return values;
  }
  strings(...values) {
    return values;
  }
  variadic(...values) {
    return values;
  }
  table(value) {
    return value;
  }
  buffers(...values) {
    return values.length;
  }
  native(value) {
    return value;
  }

  callbacks(measure, pull, listener) {
    const target = new TargetImpl();
    return { // safe: for apps
      first: measure(undefined, target),
      second: measure("this", target, "name"),
      pulled: pull(undefined, 1),
      listened: listener("this", target),
      measure: measure.callback,
      listener: listener.callback,
    };
  }

  handle() {
    return this.handler(undefined, new TargetImpl());
  }

  get failing() {
    throw "failing";
  }

  later(promise) {
    return promise;
  }

  targets() {
    this.target ??= new TargetImpl();
    return [this.target, new SubTargetImpl()];
  }

  named() {
    return { __proto__: null, first: new TargetImpl() };
  }

  init() {
    return { __proto__: null, on: true, count: undefined };
  }

  stringify() {
    return "stringified";
  }

  valuePairs() {
    this.pairs ??= [["a", new TargetImpl()], ["b", new SubTargetImpl()]];
    return this.pairs;
  }
}

export class FlowImpl extends PlatformObject {
  constructor_() {}

  getNextIterationResult(iterator) {
    iterator.step = (iterator.step ?? 0) + 1;
    return PromiseResolve(iterator.step > 2 ? endOfIteration : [`k${iterator.step}`, iterator.step]);
  }
}

export const toolsImpl = {
  __proto__: null,
  zero: 0,
  twice(value) {
    return 2 * value;
  },
};

export class ScopeImpl extends TargetImpl {
  title = "scope";

  isMe(target) {
    return target === this;
  }
}
