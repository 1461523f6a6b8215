const file = new File(["a,b\n1,2\n"], "table.csv", { type: "text/csv", lastModified: 0 });
console.log(file.name, file.size, file.type); // table.csv 8 text/csv
