const reader = new Blob(["hello"]).stream().getReader({ mode: "byob" });
const { value } = await reader.read(new Uint8Array(2));
console.log(new TextDecoder().decode(value)); // he
