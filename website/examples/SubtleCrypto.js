const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("secret"), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
const message = new TextEncoder().encode("pay 8 euros");
const signature = await crypto.subtle.sign("HMAC", key, message);
console.log(await crypto.subtle.verify("HMAC", key, signature, message)); // true
