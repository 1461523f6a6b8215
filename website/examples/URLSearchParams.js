const query = new URLSearchParams("b=2&a=1&b=3");
query.sort();
console.log(query.toString(), query.getAll("b").length); // a=1&b=2&b=3 2
