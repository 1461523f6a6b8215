const stream = new Blob(["a".repeat(1000)]).stream().pipeThrough(new CompressionStream("gzip"));
const packed = await new Response(stream).arrayBuffer();
console.log(packed.byteLength < 100); // true
