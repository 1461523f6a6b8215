const bytes = new Blob(["a ", "€"]).stream();
const parts = [];
for await (const text of bytes.pipeThrough(new TextDecoderStream())) parts.push(text);
console.log(parts.join("")); // a €
