const packed = new Blob(["hello"]).stream().pipeThrough(new CompressionStream("deflate"));
console.log(await new Response(packed.pipeThrough(new DecompressionStream("deflate"))).text()); // hello
