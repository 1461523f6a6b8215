// A request's body of 1 MiB, read as text.
export default {
  async fetch(request) {
    const text = await request.text();
    return new Response(String(text.length));
  },
};
