const error = new DOMException("it is late", "TimeoutError");
console.log(error.name, error.code, error instanceof Error); // TimeoutError 23 true
