// Runs before testharness.js. Gives the global object what the harness and the tests look for and a runtime need not have.
// The runner puts the configuration of the run in place of CONFIGURATION:
// { location, title, timeout, files: {reference: text}, specifications: {name: idl} }
(function (configuration) {
  "use strict";

  const scope = globalThis;
  const define = (name, value) => Object.defineProperty(scope, name, { value, writable: true, configurable: true, enumerable: false });

  if (!("self" in scope)) define("self", scope);
  if (!("location" in scope)) {
    define("location", { ...configuration.location, toString: () => configuration.location.href });
  }
  if (configuration.title !== null) define("META_TITLE", configuration.title);
  // Programs without global events run most tests all the same.
  if (!("addEventListener" in scope)) define("addEventListener", () => {});

  // testharness.js knows environments by their globals. The one for shadow realms is the one that waits until it is told that
  // all scripts have run, and that wants neither a document nor a parent to post messages to. It is chosen by the
  // harness's first question; the second, whether to listen to uncaught exceptions, has the answer of a worker.
  let questions = 0;
  define("GLOBAL", {
    isWindow: () => false,
    isWorker: () => true,
    isShadowRealm: () => questions++ === 0,
  });
  const workerGlobalScope = Object.getOwnPropertyDescriptor(scope, "WorkerGlobalScope");
  delete scope.WorkerGlobalScope;

  // Data files that a test fetches and that no server needs to make.
  if (Object.keys(configuration.files).length > 0) {
    const respond = (text) => ({ ok: true, status: 200, text: async () => text, json: async () => JSON.parse(text) });
    const fetch = scope.fetch ?? function fetch() { throw new TypeError("fetch() is not implemented"); };
    scope.fetch = new Proxy(fetch, {
      apply(target, thisArgument, args) {
        const text = typeof args[0] === "string" ? configuration.files[args[0]] : undefined;
        return text === undefined ? Reflect.apply(target, thisArgument, args) : Promise.resolve(respond(text));
      },
    });
  }

  // Tests may replace built-ins; the report must not depend on them.
  const log = console.log.bind(console);
  const { setTimeout, clearTimeout } = scope;
  const stringify = JSON.stringify;
  const map = Function.prototype.call.bind(Array.prototype.map);
  const replace = Function.prototype.call.bind(String.prototype.replace);
  const lone = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
  const wellFormed = (text) => (text === null || text === undefined ? null : replace(`${text}`, lone, "\uFFFD"));

  define("__wpt", {
    // After testharness.js.
    harnessLoaded() {
      if (workerGlobalScope !== undefined) Object.defineProperty(scope, "WorkerGlobalScope", workerGlobalScope);
      scope.GLOBAL.isShadowRealm = () => false;
      const timer = setTimeout(scope.timeout, configuration.timeout);
      scope.add_completion_callback((tests, status) => {
        clearTimeout(timer);
        log("#WPT-RESULTS#" + stringify({
          status: status.status,
          message: wellFormed(status.message),
          subtests: map(tests, (test) => [wellFormed(test.name), test.status, wellFormed(test.message)]),
        }));
      });
    },
    // After idlharness.js, which fetches definitions, and knows global objects by their class.
    idlharnessLoaded() {
      if (!("DedicatedWorkerGlobalScope" in scope)) {
        define("DedicatedWorkerGlobalScope", { [Symbol.hasInstance]: (value) => value === scope });
      }
      scope.fetch_spec = async (spec) => {
        const idl = configuration.specifications[spec];
        if (idl === undefined) throw new Error(`There is no file interfaces/${spec}.idl`);
        return { spec, idl };
      };
    },
    // After the test.
    allScriptsRan: () => scope.begin_shadow_realm_tests(() => {}),
  });
})(CONFIGURATION);
