const form = new FormData();
form.append("name", "tea");
form.append("label", new Blob(["…"]), "label.txt");
console.log([...form.keys()].join(), /** @type {File} */ (form.get("label")).name); // name,label label.txt
