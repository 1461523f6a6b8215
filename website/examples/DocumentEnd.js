const rewriter = new HTMLRewriter().onDocument({
  end(end) {
    end.append("<footer>b</footer>", { html: true });
  },
});
console.log(await rewriter.transform(new Response("<p>a</p>")).text()); // <p>a</p><footer>b</footer>
