// META: title=What NANO leaves out of standards that it has otherwise, as README.md says

const without = (owner, object, names) => {
  for (const name of names) test(() => assert_false(name in object), `DEPARTURE: no ${owner}${name}`);
};

// A server that ends has nobody to send it for: ctx.waitUntil(fetch(…)) is what keeps an app at work.
// The historical members of NavigatorID say the same everywhere, and what NANO runs on is nobody's business.
without("navigator.", navigator, ["sendBeacon", "appCodeName", "appName", "appVersion", "platform", "product"]);
// There are no entries of resources, so there is nothing that would have a Server-Timing.
without("", globalThis, ["PerformanceResourceTiming", "PerformanceServerTiming"]);
without("PerformanceObserver.supportedEntryTypes of ", Object.fromEntries(PerformanceObserver.supportedEntryTypes.map((type) => [type, type])), ["resource", "navigation"]);
without("scheduler.", scheduler, ["postTask", "yield"]);
