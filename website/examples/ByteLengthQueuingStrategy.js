const strategy = new ByteLengthQueuingStrategy({ highWaterMark: 1024 });
console.log(strategy.size(new Uint8Array(16))); // 16
