// A text may come in several parts; the last one says so.
let text = "";
const rewriter = new HTMLRewriter().on("title", {
  text(part) {
    text += part.text;
    if (part.lastInTextNode) part.replace(text.toUpperCase());
    else part.remove();
  },
});
console.log(await rewriter.transform(new Response("<title>Shop</title>")).text()); // <title>SHOP</title>
