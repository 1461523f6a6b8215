// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/)
// Date: 2026-11-28

// DEPARTURE: content is text; Workers take streams and responses, too.
/** Has functions called with the parts of HTML that they are for, while it streams, and what they make of them sent instead. */
[Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface HTMLRewriter {
  /** A rewriter that has nothing to do yet. */
  constructor();
  /**
   * What is called with the elements that a CSS selector means, and with the comments and texts in them: the methods `element`, `comments` and `text`.
   * @throws {TypeError} if the selector is not valid, or has something that is not supported: only descendants and children can be told, and no siblings
   * @throws {RangeError} if it is too long or too deep, or the rewriter has handlers for 1000 selectors already, or for selectors of 65,536 bytes in all
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
[Section=handlers] callback HTMLRewriterHandler = any (any part);

/** Functions for the elements that a selector means, and what is in them. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#element-handlers"] dictionary HTMLRewriterElementHandlers {
  /** Called with each element. */
  HTMLRewriterHandler element;
  /** Called with each comment. */
  HTMLRewriterHandler comments;
  /** Called with each part of a text. */
  HTMLRewriterHandler text;
};

/** Functions for a document. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#document-handlers"] dictionary HTMLRewriterDocumentHandlers {
  /** Called with the document type. */
  HTMLRewriterHandler doctype;
  /** Called with each comment. */
  HTMLRewriterHandler comments;
  /** Called with each part of a text. */
  HTMLRewriterHandler text;
  /** Called at the end. */
  HTMLRewriterHandler end;
};

/** What content is. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#global-types"] dictionary ContentOptions {
  /** HTML; else it is text, of which what means something in HTML is escaped. */
  boolean html = false;
};

/** An element, as far as its start tag. It can be used until its handler is done. */
[Section=element, LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface Element {
  /** In lower case. */
  attribute USVString tagName;
  /** An iterator of the attributes' names and values. */
  readonly attribute any attributes;
  /** Whether a handler has removed or replaced it. */
  readonly attribute boolean removed;
  /** The namespace, such as that of HTML or SVG. */
  readonly attribute USVString namespaceURI;
  /** The attribute's value, or null. */
  USVString? getAttribute(USVString name);
  /** Whether there is such an attribute. */
  boolean hasAttribute(USVString name);
  /**
   * Sets the attribute, which need not be there.
   * @throws {TypeError} if the name is empty, or has a character that no name has
   * @throws {TypeError} if the handler is done
   */
  Element setAttribute(USVString name, USVString value);
  /** Takes the attribute away. */
  Element removeAttribute(USVString name);
  /** Inserts content before the element. */
  Element before(USVString content, optional ContentOptions options = {});
  /** Inserts content after the element. */
  Element after(USVString content, optional ContentOptions options = {});
  /** Inserts content after the start tag. */
  Element prepend(USVString content, optional ContentOptions options = {});
  /** Inserts content before the end tag. */
  Element append(USVString content, optional ContentOptions options = {});
  /** Puts content in the element's place. */
  Element replace(USVString content, optional ContentOptions options = {});
  /** Puts content in the place of what is in the element. */
  Element setInnerContent(USVString content, optional ContentOptions options = {});
  /** Takes the element away, with all that is in it. */
  Element remove();
  /** Takes the tags away, and keeps what is between them. */
  Element removeAndKeepContent();
  /**
   * Has a function called with the end tag.
   * @throws {TypeError} if the element cannot have content
   * @throws {TypeError} if the handler is done
   */
  undefined onEndTag(HTMLRewriterHandler handler);
};

/** The end tag of an element. */
[Section=endtag, LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface EndTag {
  /** In lower case. */
  attribute USVString name;
  /** Inserts content before the tag. */
  EndTag before(USVString content, optional ContentOptions options = {});
  /** Inserts content after the tag. */
  EndTag after(USVString content, optional ContentOptions options = {});
  /** Takes the tag away. */
  EndTag remove();
};

/** A comment. */
[Section=comments, LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface Comment {
  /** What stands in the comment. */
  attribute USVString text;
  /** Whether a handler has removed or replaced it. */
  readonly attribute boolean removed;
  /** Inserts content before the comment. */
  Comment before(USVString content, optional ContentOptions options = {});
  /** Inserts content after the comment. */
  Comment after(USVString content, optional ContentOptions options = {});
  /** Puts content in the comment's place. */
  Comment replace(USVString content, optional ContentOptions options = {});
  /** Takes the comment away. */
  Comment remove();
};

/** A part of a text. */
[Section=text-chunks, LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface Text {
  /** The part's text, as it stands in the HTML. */
  readonly attribute USVString text;
  /** Whether it is the last part of its text; that one may be empty. */
  readonly attribute boolean lastInTextNode;
  /** Whether a handler has removed or replaced it. */
  readonly attribute boolean removed;
  /** Inserts content before the part. */
  Text before(USVString content, optional ContentOptions options = {});
  /** Inserts content after the part. */
  Text after(USVString content, optional ContentOptions options = {});
  /** Puts content in the part's place. */
  Text replace(USVString content, optional ContentOptions options = {});
  /** Takes the part away. */
  Text remove();
};

/** The document type. */
[Section=doctype, LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface Doctype {
  /** Its name, such as "html". */
  readonly attribute USVString? name;
  /** The text after `PUBLIC`. */
  readonly attribute USVString? publicId;
  /** The text after `SYSTEM`, or after `publicId`. */
  readonly attribute USVString? systemId;
};

/** The end of the document. */
[Section=end, LegacyNoInterfaceObject, Exposed=Worker, Implementation=Script, Lazy=html_rewriter]
interface DocumentEnd {
  /** Inserts content at the end. */
  DocumentEnd append(USVString content, optional ContentOptions options = {});
};
