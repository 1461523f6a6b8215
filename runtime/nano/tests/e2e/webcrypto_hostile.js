// Gives keys that are none to importKey and unwrapKey, and parameters that are none to everything else. What is refused is refused by
// an error of the standard; what is taken can be used.
const { subtle } = crypto;

let state = 42;
const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
};

const exponent = new Uint8Array([1, 0, 1]);
const pairs = [
    [{ name: "RSA-PSS", modulusLength: 1024, publicExponent: exponent, hash: "SHA-256" }, ["sign"], ["verify"]],
    [{ name: "RSA-OAEP", modulusLength: 1024, publicExponent: exponent, hash: "SHA-1" }, ["decrypt"], ["encrypt"]],
    [{ name: "ECDSA", namedCurve: "P-256" }, ["sign"], ["verify"]],
    [{ name: "ECDH", namedCurve: "P-521" }, ["deriveBits"], []],
    [{ name: "Ed25519" }, ["sign"], ["verify"]],
    [{ name: "X25519" }, ["deriveBits"], []],
    [{ name: "ML-DSA-44" }, ["sign"], ["verify"]],
    [{ name: "ML-KEM-512" }, ["decapsulateBits"], ["encapsulateBits"]],
];

function changed(bytes) {
    let copy = new Uint8Array(bytes);
    for (let times = 1 + random(3); times > 0; times--) {
        const at = random(copy.length || 1);
        switch (random(5)) {
            case 0: copy[at] ^= 1 << random(8); break;
            case 1: copy[at] = random(2) ? 0xff : 0; break;
            case 2: copy = copy.slice(0, at); break;
            case 3: copy = new Uint8Array([...copy.slice(0, at), random(256), ...copy.slice(at)]); break;
            // Lengths are at the beginning of each part.
            default: copy[random(Math.min(30, copy.length || 1))] = [0x80, 0x84, 0x88, 0xff, 0x30, 0x02][random(6)];
        }
    }
    return copy;
}

function changedJwk(jwk) {
    const copy = { ...jwk };
    const names = Object.keys(jwk);
    for (let times = 1 + random(2); times > 0; times--) {
        const name = names[random(names.length)];
        const text = String(copy[name]);
        const at = random(text.length || 1);
        switch (random(6)) {
            case 0: delete copy[name]; break;
            case 1: copy[name] = ""; break;
            case 2: copy[name] = text.slice(0, at) + "\ud800" + text.slice(at); break;
            case 3: copy[name] = text.slice(0, at) + "AQ_-"[random(4)] + text.slice(at + 1); break;
            case 4: copy[name] = copy[names[random(names.length)]]; break;
            default: copy[name] = text.repeat(1 + random(40));
        }
    }
    return copy;
}

let taken = 0;
let refused = 0;
async function attempt(what, work, allowed = ["DataError", "NotSupportedError", "OperationError", "SyntaxError", "TypeError", "InvalidAccessError"]) {
    try {
        const result = await work();
        taken++;
        return result;
    } catch (error) {
        if (!allowed.includes(error?.name)) throw new Error(`${what}: ${error?.stack ?? error}`);
        refused++;
    }
}

async function use(key, algorithm) {
    const data = new Uint8Array(10);
    const parameters = { ...algorithm, saltLength: 32, hash: "SHA-256" };
    for (const usage of key.usages) {
        await attempt(`use of ${algorithm.name}`, () => {
            switch (usage) {
                case "sign": return subtle.sign(parameters, key, data);
                case "verify": return subtle.verify(parameters, key, data, data);
                case "encrypt": return subtle.encrypt(parameters, key, data);
                case "decrypt": return subtle.decrypt(parameters, key, data);
                case "encapsulateBits": return subtle.encapsulateBits(parameters, key);
                case "decapsulateBits": return subtle.decapsulateBits(parameters, key, new Uint8Array(768));
            }
        });
    }
}

async function hostileKeys() {
    for (const [algorithm, ofPrivate, ofPublic] of pairs) {
        const pair = await subtle.generateKey(algorithm, true, [...ofPrivate, ...ofPublic]);
        for (const [key, usages, formats] of [
            [pair.privateKey, ofPrivate, ["pkcs8", "jwk", "raw-seed"]],
            [pair.publicKey, ofPublic, ["spki", "jwk", "raw", "raw-public"]],
        ]) {
            for (const format of formats) {
                const good = await attempt("export", () => subtle.exportKey(format, key), ["NotSupportedError"]);
                if (!good) continue;
                for (let n = 0; n < 150; n++) {
                    const bad = format === "jwk" ? changedJwk(good) : changed(good);
                    const imported = await attempt(format, () => subtle.importKey(format, bad, algorithm, true, usages));
                    if (!imported) continue;
                    await attempt("export", () => subtle.exportKey(format, imported));
                    if (n < 20) await use(imported, algorithm);
                }
            }
        }
    }
    if (refused < 1000 || taken < 100) throw new Error(`${refused} refused, ${taken} taken`);
}

// Keys in JSON that was decrypted.
async function wrapped() {
    const iv = new Uint8Array(12);
    const key = await subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["encrypt", "unwrapKey"]);
    for (const text of ["", "{", "null", "[]", "{}", '{"kty":1}', '{"kty":"oct","k":"AA","k":"AA"}', '{"kty":"oct","oth":[{}]}',
        "[".repeat(1e5), '{"kty":"oct","key_ops":["encrypt","encrypt"],"k":"AAAAAAAAAAAAAAAAAAAAAA"}', "\ufeff", '{"kty":"oct","k":"' + "A".repeat(1e6) + '"}']) {
        const bytes = await subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(text));
        const result = await attempt(text.slice(0, 50), () => subtle.unwrapKey("jwk", bytes, key, { name: "AES-GCM", iv }, "AES-GCM", true, ["encrypt"]));
        if (result) throw new Error(`a key in ${text}`);
    }
}

// Getters that throw, detach, resize, or begin anew.
async function hostileParameters() {
    const key = await subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt", "decrypt"]);
    const thrown = { name: "TypeError" };
    const throws = { get name() { throw thrown; } };
    for (const work of [
        () => subtle.digest(throws, new Uint8Array()),
        () => subtle.encrypt(throws, key, new Uint8Array()),
        () => subtle.generateKey({ name: "ECDSA", get namedCurve() { throw thrown; } }, true, ["sign"]),
        () => subtle.importKey("jwk", { get kty() { throw thrown; } }, "AES-GCM", true, []),
        () => subtle.importKey("jwk", new Proxy({}, { get() { throw thrown; } }), "AES-GCM", true, []),
        () => subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, { [Symbol.iterator]() { throw thrown; } }),
    ]) {
        if (await work().then(() => "no error", (error) => error) !== thrown) throw new Error(`${work} hides what was thrown`);
    }
    // The data is looked at when its algorithm is normalized.
    const data = new Uint8Array(1 << 20);
    const detaches = { name: "AES-GCM", get iv() { data.buffer.transfer(); return new Uint8Array(12); } };
    const none = await subtle.encrypt(detaches, key, data);
    if (none.byteLength !== 16) throw new Error(`${none.byteLength} bytes of a detached buffer`);
    const resizable = new Uint8Array(new ArrayBuffer(1 << 20, { maxByteLength: 1 << 20 }));
    await attempt("a resizable buffer", () => subtle.encrypt({ name: "AES-GCM", get iv() { resizable.buffer.resize(1); return new Uint8Array(12); } }, key, resizable));
    await attempt("a shared buffer", () => subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, new Uint8Array(new SharedArrayBuffer(1))));
    // What is long is copied before anyone can change it.
    const long = new Uint8Array(1 << 20);
    const iv = new Uint8Array(12);
    const encrypting = subtle.encrypt({ name: "AES-GCM", iv }, key, long);
    long.fill(1);
    iv.fill(1);
    const decrypted = new Uint8Array(await subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, await encrypting));
    if (decrypted.length !== 1 << 20 || decrypted.some((byte) => byte !== 0)) throw new Error("other data than was given");
    for (const algorithm of [
        { name: "RSA-PSS", modulusLength: 1e6, publicExponent: exponent, hash: "SHA-256" },
        { name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array(1e6).fill(255), hash: "SHA-256" },
        { name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array(), hash: "SHA-256" },
        { name: "HMAC", hash: "SHA-256", length: 2 ** 32 - 1 },
        { name: "HMAC", hash: { name: "SHA-256".repeat(1e5) } },
        { name: "HMAC", hash: "KT128" },
        { name: "ECDSA", namedCurve: "P-256\0" },
        { name: "\ud800" },
        { name: "A".repeat(1e6) },
    ]) {
        const made = await attempt(algorithm.name.slice(0, 20), () => subtle.generateKey(algorithm, true, ["sign"]), ["NotSupportedError", "OperationError", "RangeError", "TypeError"]);
        if (made) throw new Error(`made a key of ${JSON.stringify(algorithm).slice(0, 100)}`);
    }
    // Clones are of keys alone.
    const clone = structuredClone(new Map([[key, [key]]]));
    const [[first, [second]]] = clone;
    if (first !== second || !(first instanceof CryptoKey) || first === key) throw new Error("another clone");
    await attempt("a fake", () => subtle.exportKey("raw", Object.create(CryptoKey.prototype)));
    if (!subtle.timingSafeEqual(new Uint8Array([1, 2]), new Uint8Array([1, 2]).buffer)) throw new Error("not equal");
    if (subtle.timingSafeEqual(new Uint8Array([1, 2]), new Uint8Array([1, 3]))) throw new Error("equal");
}

export default {
    async fetch() {
        await hostileKeys();
        await wrapped();
        await hostileParameters();
        return new Response("fine");
    },
};
