// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/)
// Date: 2026-11-28

// DEPARTURE: content is text; Workers take streams and responses, too.
/** Has functions called with the parts of HTML that they are for, while it streams, and what they make of them sent instead. */
[Exposed=Worker, Implementation=Script]
interface HTMLRewriter {
  constructor();
  /** What is called with the elements that a CSS selector means, and with the comments and texts in them: the methods `element`, `comments` and `text`. */
  HTMLRewriter on(USVString selector, object handlers);
  /** What is called with the whole document's parts: the methods `doctype`, `comments`, `text` and `end`. */
  HTMLRewriter onDocument(object handlers);
  /** A response like the other one, with what becomes of its body. */
  [NewObject] Response transform(Response response);
};

/** A function for a part of a document. What it does may take its time: the rest waits for its promise. */
callback HTMLRewriterHandler = any (any part);

/** Functions for the elements that a selector means, and what is in them. */
dictionary HTMLRewriterElementHandlers {
  HTMLRewriterHandler element;
  HTMLRewriterHandler comments;
  HTMLRewriterHandler text;
};

/** Functions for a document. */
dictionary HTMLRewriterDocumentHandlers {
  HTMLRewriterHandler doctype;
  HTMLRewriterHandler comments;
  HTMLRewriterHandler text;
  HTMLRewriterHandler end;
};

/** What content is. */
dictionary ContentOptions {
  /** HTML; else it is text, of which what means something in HTML is escaped. */
  boolean html = false;
};

/** An element, as far as its start tag. It can be used until its handler is done. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script]
interface Element {
  /** In lower case. */
  attribute USVString tagName;
  /** An iterator of the attributes' names and values. */
  readonly attribute any attributes;
  readonly attribute boolean removed;
  readonly attribute USVString namespaceURI;
  USVString? getAttribute(USVString name);
  boolean hasAttribute(USVString name);
  Element setAttribute(USVString name, USVString value);
  Element removeAttribute(USVString name);
  Element before(USVString content, optional ContentOptions options = {});
  Element after(USVString content, optional ContentOptions options = {});
  Element prepend(USVString content, optional ContentOptions options = {});
  Element append(USVString content, optional ContentOptions options = {});
  Element replace(USVString content, optional ContentOptions options = {});
  Element setInnerContent(USVString content, optional ContentOptions options = {});
  Element remove();
  Element removeAndKeepContent();
  /** Has a function called with the end tag. */
  undefined onEndTag(HTMLRewriterHandler handler);
};

/** The end tag of an element. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script]
interface EndTag {
  /** In lower case. */
  attribute USVString name;
  EndTag before(USVString content, optional ContentOptions options = {});
  EndTag after(USVString content, optional ContentOptions options = {});
  EndTag remove();
};

/** A comment. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script]
interface Comment {
  attribute USVString text;
  readonly attribute boolean removed;
  Comment before(USVString content, optional ContentOptions options = {});
  Comment after(USVString content, optional ContentOptions options = {});
  Comment replace(USVString content, optional ContentOptions options = {});
  Comment remove();
};

/** A part of a text. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script]
interface Text {
  readonly attribute USVString text;
  /** Whether it is the last part of its text; that one may be empty. */
  readonly attribute boolean lastInTextNode;
  readonly attribute boolean removed;
  Text before(USVString content, optional ContentOptions options = {});
  Text after(USVString content, optional ContentOptions options = {});
  Text replace(USVString content, optional ContentOptions options = {});
  Text remove();
};

/** The document type. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script]
interface Doctype {
  readonly attribute USVString? name;
  readonly attribute USVString? publicId;
  readonly attribute USVString? systemId;
};

/** The end of the document. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script]
interface DocumentEnd {
  DocumentEnd append(USVString content, optional ContentOptions options = {});
};
