// A page of 100 KB that is in memory.
const page = "<p>Hello World</p>\n".repeat(5400);

export default {
  fetch() {
    return new Response(page, { headers: { "content-type": "text/html" } });
  },
};
