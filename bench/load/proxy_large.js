// A reverse proxy of 1 MiB.
export default {
  async fetch() {
    const response = await fetch("http://$UPSTREAM/large");
    return new Response(response.body, { headers: { "content-type": "application/octet-stream" } });
  },
};
