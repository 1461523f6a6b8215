// META: title=Lifetimes of responses in caches
// https://developers.cloudflare.com/workers/runtime-apis/cache/

const url = (name) => `http://cache.test/${name}`;

async function isKept(cache, name, headers) {
  await cache.put(url(name), new Response("x", { headers }));
  return (await cache.match(url(name))) !== undefined;
}

for (const [what, headers, kept] of [
  ["no lifetime", {}, true],
  ["max-age", { "cache-control": "max-age=60" }, true],
  ["max-age=0", { "cache-control": "max-age=0" }, false],
  ["s-maxage before max-age", { "cache-control": "max-age=0, s-maxage=60" }, true],
  ["no-store", { "cache-control": "no-store" }, false],
  ["private", { "cache-control": "private" }, false],
  ["an age of more than max-age", { "cache-control": "max-age=60", age: "61" }, false],
  ["Expires in the past", { expires: "Thu, 01 Jan 1970 00:00:00 GMT" }, false],
  ["Expires that is no date", { expires: "0" }, false],
  ["Set-Cookie", { "set-cookie": "a=b" }, false],
]) {
  promise_test(async () => {
    assert_equals(await isKept(caches.default, what, headers), kept);
  }, `A response with ${what} is ${kept ? "kept" : "not kept"}`);
}

promise_test(async () => {
  const headers = { "set-cookie": "a=b", "cache-control": "private=Set-Cookie" };
  assert_true(await isKept(caches.default, "withheld", headers));
  assert_equals((await caches.default.match(url("withheld"))).headers.get("set-cookie"), null);
}, "private=Set-Cookie has a response kept without its cookies");

promise_test(async () => {
  await caches.default.put(url("short"), new Response("x", { headers: { "cache-control": "max-age=1" } }));
  assert_not_equals(await caches.default.match(url("short")), undefined);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert_equals(await caches.default.match(url("short")), undefined);
}, "A response that has expired is not found");

promise_test(async () => {
  const named = await caches.open("named");
  await named.put(url("named"), new Response("x"));
  assert_equals(await caches.default.match(url("named")), undefined);
  assert_false((await caches.keys()).includes("default"));
}, "caches.default is a cache of its own");
