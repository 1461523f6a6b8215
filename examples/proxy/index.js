// Fetches from another server and changes its answer on the way, chunk by chunk: the body is never in memory as a whole.
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    // The upstream is this server: at the port that the request came to, or the usual one where the Host header names none.
    url.hostname = env.UPSTREAM_HOST;
    url.port ||= env.UPSTREAM_PORT;
    const upstream = await fetch(url, { signal: request.signal });

    const shout = new TransformStream({
      transform(text, controller) {
        controller.enqueue(text.toUpperCase());
      },
    });
    const body = upstream.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(shout)
      .pipeThrough(new TextEncoderStream());

    const response = new Response(body, upstream);
    response.headers.set("x-proxied-by", "nano");
    return response;
  },
};
