const request = new Request("https://example.com/orders", { method: "POST", body: JSON.stringify({ tea: 2 }) });
console.log(request.method, (await request.json()).tea); // POST 2
