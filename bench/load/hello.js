// The handler that every server of the comparison runs.
export default {
  fetch() {
    return new Response("Hello World");
  },
};
