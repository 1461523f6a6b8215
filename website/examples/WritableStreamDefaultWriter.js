const { readable, writable } = new TransformStream();
const writer = writable.getWriter();
writer.write("hello").then(() => writer.close());
console.log((await readable.getReader().read()).value); // hello
