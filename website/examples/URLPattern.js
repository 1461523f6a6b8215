const pattern = new URLPattern({ pathname: "/users/:id/:file.json" });
console.log(pattern.exec("https://example.com/users/7/cart.json")?.pathname.groups.id); // 7
