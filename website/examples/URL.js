const url = new URL("../tea?size=2#top", "https://shop.example.com/a/b/");
url.searchParams.set("sugar", "no");
console.log(url.href); // https://shop.example.com/a/tea?size=2&sugar=no#top
