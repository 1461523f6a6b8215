// A response of such a stream has a Content-Length.
const { readable, writable } = new FixedLengthStream(5);
const writer = writable.getWriter();
writer.write(new TextEncoder().encode("hello")).then(() => writer.close());
console.log(await new Response(readable).text()); // hello
