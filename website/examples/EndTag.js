// Where an element's content ends, as far as it has an end tag.
const rewriter = new HTMLRewriter().on("ul", {
  element(list) {
    list.onEndTag((tag) => void tag.before("<li>last", { html: true }));
  },
});
console.log(await rewriter.transform(new Response("<ul><li>first</ul>")).text()); // <ul><li>first<li>last</ul>
