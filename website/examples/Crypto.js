console.log(crypto.getRandomValues(new Uint8Array(16)).length, crypto.randomUUID().length); // 16 36
