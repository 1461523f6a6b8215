const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
console.log(key.type, key.extractable, key.usages.join(" ")); // secret false encrypt decrypt
