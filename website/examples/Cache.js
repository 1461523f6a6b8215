const cache = await caches.open("pages");
await cache.put("https://example.com/", new Response("kept", { headers: { "cache-control": "max-age=60" } }));
console.log(await (await cache.match("https://example.com/"))?.text()); // kept
console.log((await cache.keys()).map((request) => request.url).join()); // https://example.com/
console.log(await cache.delete("https://example.com/"), await cache.match("https://example.com/")); // true undefined
