const stream = new WritableStream({}, new CountQueuingStrategy({ highWaterMark: 3 }));
console.log(stream.getWriter().desiredSize); // 3
