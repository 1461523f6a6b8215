// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/)
// Date: 2026-11-28

// DEPARTURE: content is text; Workers take streams and responses, too.
/** Has functions called with the parts of HTML that they are for, while it streams, and what they make of them sent instead. */
[Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface HTMLRewriter {
  constructor();
  /**
   * What is called with the elements that a CSS selector means, and with the comments and texts in them: the methods `element`, `comments` and `text`.
   * @throws {TypeError} if the selector is not valid, or has something that is not supported: only descendants and children can be told, and no siblings
   * @throws {RangeError} if it is too long or too deep, or the rewriter has handlers for 1000 selectors already
   */
  HTMLRewriter on(USVString selector, object handlers);
  /**
   * What is called with the whole document's parts: the methods `doctype`, `comments`, `text` and `end`.
   * @throws {RangeError} if the rewriter has handlers for 1000 selectors already
   */
  HTMLRewriter onDocument(object handlers);
  /**
   * A response like the other one, with what becomes of its body.
   * @throws {TypeError} if the response's body was read already, or its text is in UTF-16 or ISO-2022-JP
   * @throws {RangeError} if the app has 1,024 documents that are not rewritten to their end
   */
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
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface Element {
  /** In lower case. */
  attribute USVString tagName;
  /** An iterator of the attributes' names and values. */
  readonly attribute any attributes;
  readonly attribute boolean removed;
  readonly attribute USVString namespaceURI;
  USVString? getAttribute(USVString name);
  boolean hasAttribute(USVString name);
  /**
   * @throws {TypeError} if the name is empty, or has a character that no name has
   * @throws {TypeError} if the handler is done
   */
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
  /**
   * Has a function called with the end tag.
   * @throws {TypeError} if the element cannot have content
   * @throws {TypeError} if the handler is done
   */
  undefined onEndTag(HTMLRewriterHandler handler);
};

/** The end tag of an element. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface EndTag {
  /** In lower case. */
  attribute USVString name;
  EndTag before(USVString content, optional ContentOptions options = {});
  EndTag after(USVString content, optional ContentOptions options = {});
  EndTag remove();
};

/** A comment. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface Comment {
  attribute USVString text;
  readonly attribute boolean removed;
  Comment before(USVString content, optional ContentOptions options = {});
  Comment after(USVString content, optional ContentOptions options = {});
  Comment replace(USVString content, optional ContentOptions options = {});
  Comment remove();
};

/** A part of a text. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
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
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface Doctype {
  readonly attribute USVString? name;
  readonly attribute USVString? publicId;
  readonly attribute USVString? systemId;
};

/** The end of the document. */
[LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface DocumentEnd {
  DocumentEnd append(USVString content, optional ContentOptions options = {});
};
