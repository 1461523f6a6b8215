const response = Response.json({ tea: 2 }, { status: 201, headers: { location: "/orders/1" } });
console.log(response.status, response.ok, await response.text()); // 201 true {"tea":2}
