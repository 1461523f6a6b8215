const reader = ReadableStream.from([1, 2]).getReader();
console.log((await reader.read()).value, (await reader.read()).value, (await reader.read()).done); // 1 2 true
