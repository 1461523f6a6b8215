// Code as it is written for Cloudflare Workers: it compiles with `@cloudflare/workers-types`, and with NANO's types.
interface Env {
  MODE: string;
  STOCK: Fetcher;
}

const pattern = new URLPattern({ pathname: "/products/:id" });

async function sign(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function shout(): TransformStream<string, string> {
  return new TransformStream<string, string>({
    transform(chunk, controller) {
      controller.enqueue(chunk.toUpperCase());
    },
  });
}

async function proxied(request: Request): Promise<Response> {
  const upstream = await fetch("https://example.com/", { signal: AbortSignal.timeout(1000), headers: request.headers });
  const body = upstream.body?.pipeThrough(new TextDecoderStream()).pipeThrough(shout()).pipeThrough(new TextEncoderStream());
  const response = new Response(body, upstream);
  response.headers.set("x-proxied-by", "nano");
  response.headers.append("set-cookie", "a=1");
  return response;
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    ctx.waitUntil(sign("secret", url.pathname).then((text) => console.log(text)));
    const found = pattern.exec(url);
    if (found) return Response.json({ id: found.pathname.groups.id, mode: env.MODE });
    if (url.pathname === "/stock") return env.STOCK.fetch(request);
    if (request.method === "POST") {
      const form = await request.formData();
      const file = form.get("file");
      const size = file === null ? 0 : typeof file === "string" ? file.length : (await file.arrayBuffer()).byteLength;
      // Pairs of equal types are pairs.
      const fields: Map<string, string> = new Map(request.headers);
      for (const [name, value] of new URL(request.url).searchParams) fields.set(name, value.trim());
      return new Response(String(size), { status: 201, headers: new Headers([["content-type", "text/plain"]]) });
    }
    if (url.searchParams.has("token")) return new Response(crypto.randomUUID() + crypto.getRandomValues(new Uint8Array(4)).join());
    return proxied(request);
  },
  async scheduled(event, env, ctx) {
    console.log(event.cron, new Date(event.scheduledTime), env.MODE);
    ctx.waitUntil(Promise.all([1, 2].map((n) => new Promise((resolve) => setTimeout(resolve, n)))));
  },
} satisfies ExportedHandler<Env>;
