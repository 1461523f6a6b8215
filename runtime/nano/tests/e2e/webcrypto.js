// Tokens of RFC 7515, appendices A.1 to A.3, and RFC 8037, appendix A, with their keys.
const payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const tokens = [
    {
        algorithm: { name: "HMAC", hash: "SHA-256" },
        repeats: true,
        jwk: {
            kty: "oct",
            k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        },
        signed: "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + payload,
        signature: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    },
    {
        algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
        repeats: true,
        jwk: {
            kty: "RSA",
            n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            e: "AQAB",
            d: "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
            p: "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
            q: "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
            dp: "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
            dq: "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
            qi: "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U",
        },
        signed: "eyJhbGciOiJSUzI1NiJ9." + payload,
        signature: "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    },
    {
        algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
        jwk: {
            kty: "EC",
            crv: "P-256",
            x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            d: "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        },
        signed: "eyJhbGciOiJFUzI1NiJ9." + payload,
        signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    },
    {
        algorithm: { name: "Ed25519" },
        repeats: true,
        jwk: {
            kty: "OKP",
            crv: "Ed25519",
            d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        },
        signed: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    },
];

const base64url = { alphabet: "base64url" };
const decode = (text) => Uint8Array.fromBase64(text, base64url);
const encode = (bytes) => new Uint8Array(bytes).toBase64({ ...base64url, omitPadding: true });
const { subtle } = crypto;

// What is wrong with the token: nothing.
async function check({ algorithm, repeats, jwk, signed, signature }) {
    const bytes = new TextEncoder().encode(signed);
    const secret = jwk.kty === "oct";
    const key = await subtle.importKey("jwk", jwk, algorithm, true, secret ? ["sign", "verify"] : ["sign"]);
    const { d, p, q, dp, dq, qi, ...open } = jwk;
    const other = secret ? key : await subtle.importKey("jwk", open, algorithm, true, ["verify"]);
    const own = await subtle.sign(algorithm, key, bytes);
    if (repeats && encode(own) !== signature) return "another signature";
    for (const good of [own, decode(signature)]) {
        if (!(await subtle.verify(algorithm, other, good, bytes))) return "not verified";
    }
    const bad = decode(signature);
    bad[bad.length - 1] ^= 1;
    if (await subtle.verify(algorithm, other, bad, bytes)) return "verified a changed signature";
    if (await subtle.verify(algorithm, other, decode(signature), bytes.subarray(1))) return "verified changed data";
    // A key keeps what it is where it is cloned and exported.
    const clone = structuredClone({ key }).key;
    if (clone === key || clone.type !== key.type || String(clone.usages) !== String(key.usages)) return "another clone";
    if (!(await subtle.verify(algorithm, other, await subtle.sign(algorithm, clone, bytes), bytes))) return "a clone that signs differently";
    const exported = await subtle.exportKey("jwk", clone);
    for (const name in jwk) if (exported[name] !== jwk[name]) return `another ${name}`;
    return "";
}

export default {
    async fetch() {
        const results = {};
        for (const token of tokens) results[token.algorithm.name] = await check(token);
        return Response.json(results);
    },
};
