const rewriter = new HTMLRewriter().onDocument({
  comments(comment) {
    if (comment.text.includes("internal")) comment.remove();
  },
});
console.log(await rewriter.transform(new Response("<p>a<!-- internal -->b<!-- c -->")).text()); // <p>ab<!-- c -->
