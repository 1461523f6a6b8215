const event = new ErrorEvent("error", { message: "no tea", error: new RangeError("no tea") });
console.log(event.message, event.error.name); // no tea RangeError
