console.log(typeof navigator.userAgent); // string
