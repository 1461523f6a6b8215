const blob = new Blob(["one ", new Uint8Array([116, 119, 111])], { type: "text/plain" });
console.log(blob.size, await blob.slice(4).text()); // 7 two
