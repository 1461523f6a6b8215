const bytes = new TextEncoder().encode("€");
console.log(bytes.length); // 3
