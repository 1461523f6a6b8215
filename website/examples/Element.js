const rewriter = new HTMLRewriter().on("h1", {
  element(heading) {
    heading.tagName = "h2";
    heading.setInnerContent("Shop & more").after("<hr>", { html: true });
  },
});
console.log(await rewriter.transform(new Response("<h1>Shop</h1>")).text()); // <h2>Shop &amp; more</h2><hr>
