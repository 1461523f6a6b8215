// What the proxies ask; run by Bun.
const large = new Uint8Array(1 << 20).fill(97);

Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch: (request) => new Response(request.url.endsWith("/large") ? large : "Hello, World!"),
});
