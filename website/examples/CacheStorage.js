// The cache without a name, as in Workers.
await caches.default.put("https://example.com/", new Response("default"));
await caches.open("v1");
console.log((await caches.keys()).join()); // v1
console.log(await caches.delete("v1"), await caches.has("v1")); // true false
