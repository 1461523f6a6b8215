const bytes = ReadableStream.from(["a", "€"]).pipeThrough(new TextEncoderStream());
console.log((await new Response(bytes).bytes()).length); // 4
