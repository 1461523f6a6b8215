performance.mark("begun");
const [entry] = performance.getEntriesByName("begun");
console.log(entry.entryType, entry.duration); // mark 0
