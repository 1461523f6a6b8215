const headers = new Headers({ "Content-Type": "text/html" });
headers.append("set-cookie", "a=1");
headers.append("set-cookie", "b=2");
console.log(headers.get("content-type"), headers.getSetCookie().length); // text/html 2
