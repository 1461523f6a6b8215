// What streams through it is changed on its way; a handler may take its time.
const rewriter = new HTMLRewriter().on("a[href]", {
  async element(link) {
    await scheduler.wait(1);
    link.setAttribute("rel", "nofollow");
  },
});
const response = rewriter.transform(new Response('<p><a href="/b">b</a>'));
console.log(await response.text()); // <p><a href="/b" rel="nofollow">b</a>
