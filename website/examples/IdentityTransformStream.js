const { readable, writable } = new IdentityTransformStream();
const writer = writable.getWriter();
writer.write(new TextEncoder().encode("as it is")).then(() => writer.close());
console.log(await new Response(readable).text()); // as it is
