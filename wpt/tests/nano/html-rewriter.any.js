// META: title=HTMLRewriter
// https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/

const rewrite = (rewriter, html) => rewriter.transform(new Response(html)).text();

promise_test(async () => {
  const rewriter = new HTMLRewriter().on("a[href]", {
    element(element) {
      element.setAttribute("href", element.getAttribute("href").toUpperCase()).removeAttribute("class");
    },
  });
  assert_equals(await rewrite(rewriter, '<a class=b href="c">d</a><a>e</a>'), '<a href="C">d</a><a>e</a>');
}, "Attributes of elements that a selector matches");

promise_test(async () => {
  const rewriter = new HTMLRewriter().on("p", {
    element(element) {
      element.before("<1>").prepend("<2>").append("<3>", { html: true }).after("<4>", { html: true });
    },
  });
  assert_equals(await rewrite(rewriter, "<p>x</p>"), "&lt;1&gt;<p>&lt;2&gt;x<3></p><4>");
}, "Content is text, unless it is said to be HTML");

promise_test(async () => {
  const rewriter = new HTMLRewriter()
    .on("b", { element: (element) => void element.removeAndKeepContent() })
    .on("i", { element: (element) => void element.remove() })
    .on("u", { element: (element) => void element.setInnerContent("z") })
    .on("s", { element: (element) => void element.replace("y") });
  assert_equals(await rewrite(rewriter, "<b>1</b><i>2</i><u>3</u><s>4</s>"), "1<u>z</u>y");
}, "Elements are removed, and replaced");

promise_test(async () => {
  let text = "";
  const rewriter = new HTMLRewriter().on("p", {
    text(chunk) {
      text += chunk.text;
      if (chunk.lastInTextNode) chunk.after("!");
    },
    comments: (comment) => void comment.remove(),
  });
  assert_equals(await rewrite(rewriter, "<p>a<!-- b -->c</p>d"), "<p>a!c!</p>d");
  assert_equals(text, "ac");
}, "Texts and comments");

promise_test(async () => {
  const names = [];
  const rewriter = new HTMLRewriter().onDocument({
    doctype: ({ name }) => void names.push(name),
    end: (end) => void end.append("<!-- end -->", { html: true }),
  });
  assert_equals(await rewrite(rewriter, "<!doctype html><p>"), "<!doctype html><p><!-- end -->");
  assert_array_equals(names, ["html"]);
}, "The doctype, and the document's end");

promise_test(async () => {
  const rewriter = new HTMLRewriter().on("p", {
    async element(element) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      element.setAttribute("late", "");
      element.onEndTag((tag) => void tag.before("<last>"));
    },
  });
  assert_equals(await rewrite(rewriter, "<p>a</p><p>b</p>"), '<p late="">a&lt;last&gt;</p><p late="">b&lt;last&gt;</p>');
}, "Handlers may be asynchronous");

promise_test(async () => {
  const source = new Response("<p>a</p>", { status: 201, headers: { "content-type": "text/html", "content-length": "8", etag: '"1"' } });
  const response = new HTMLRewriter().on("p", { element: (element) => void element.append("b") }).transform(source);
  assert_equals(response.status, 201);
  assert_equals(response.headers.get("content-type"), "text/html");
  assert_equals(response.headers.get("content-length"), null);
  assert_equals(await response.text(), "<p>ab</p>");
}, "The response is as it was, but for its length");

promise_test(async (t) => {
  const error = new Error("a handler's");
  const rewriter = new HTMLRewriter().on("p", {
    element() {
      throw error;
    },
  });
  await promise_rejects_exactly(t, error, rewrite(rewriter, "<p>"));
}, "What a handler throws ends the body");

test(() => {
  for (const selector of ["a[", ":not(.x~::not(.x):nth-of-type(3n+1%)"]) {
    assert_throws_js(TypeError, () => new HTMLRewriter().on(selector, {}), selector);
  }
}, "A selector that is none");
