const rewriter = new HTMLRewriter().onDocument({
  doctype(doctype) {
    console.log(doctype.name, doctype.publicId); // html null
  },
});
await rewriter.transform(new Response("<!doctype html><p>a")).text();
