// The parts of a document that handlers get. They are there until their handlers are done.

import { ArrayPrototypeValues, TypeErrorConstructor } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";

/** What all parts have. */
class PartImpl extends PlatformObject {
  rewriting_ = undefined;
  transformer_ = undefined;

  /** The document, as long as it stands here. */
  get document_() {
    if (this.rewriting_ !== undefined) return this.rewriting_;
    throw new TypeErrorConstructor("The part is done with: it is there until its handler returns, or the promise that this gives is settled");
  }

  end_() {
    this.rewriting_ = undefined;
  }

  insert_(place, content, options) {
    this.document_.insertContent(place, content, options.html);
    return this;
  }

  get removed() {
    return this.document_.isRemoved();
  }

  before(content, options) {
    return this.insert_("before", content, options);
  }

  after(content, options) {
    return this.insert_("after", content, options);
  }

  replace(content, options) {
    return this.insert_("replace", content, options);
  }

  remove() {
    this.document_.removePart(false);
    return this;
  }
}

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#element */
export class ElementImpl extends PartImpl {
  get tagName() {
    return this.document_.property("name");
  }
  set tagName(value) {
    this.document_.setProperty("name", value);
  }

  get attributes() {
    const attributes = this.document_.attributes();
    return ArrayPrototypeValues(attributes);
  }

  get namespaceURI() {
    return this.document_.property("namespaceURI");
  }

  getAttribute(name) {
    return this.document_.attributeValue(name);
  }

  hasAttribute(name) {
    return this.document_.attributeValue(name) !== null;
  }

  setAttribute(name, value) {
    this.document_.setAttribute(name, value);
    return this;
  }

  removeAttribute(name) {
    this.document_.removeAttribute(name);
    return this;
  }

  prepend(content, options) {
    return this.insert_("prepend", content, options);
  }

  append(content, options) {
    return this.insert_("append", content, options);
  }

  setInnerContent(content, options) {
    return this.insert_("inner", content, options);
  }

  removeAndKeepContent() {
    this.document_.removePart(true);
    return this;
  }

  onEndTag(handler) {
    this.document_.callAtEndTag(this.transformer_.addEndTagHandler(handler));
  }
}

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#endtag */
export class EndTagImpl extends PartImpl {
  get name() {
    return this.document_.property("name");
  }
  set name(value) {
    this.document_.setProperty("name", value);
  }
}

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#comments */
export class CommentImpl extends PartImpl {
  get text() {
    return this.document_.property("text");
  }
  set text(value) {
    this.document_.setProperty("text", value);
  }
}

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#text-chunks */
export class TextImpl extends PartImpl {
  get text() {
    return this.document_.property("text");
  }

  get lastInTextNode() {
    return this.document_.isLast();
  }
}

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#doctype */
export class DoctypeImpl extends PartImpl {
  get name() {
    return this.document_.property("name");
  }

  get publicId() {
    return this.document_.property("publicId");
  }

  get systemId() {
    return this.document_.property("systemId");
  }
}

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#end */
export class DocumentEndImpl extends PartImpl {
  append(content, options) {
    return this.insert_("append", content, options);
  }
}

/** The part where a document stands, for a handler of its transformer. */
export function newPart(kind, rewriting, transformer) {
  const part = partOfKind(kind);
  part.rewriting_ = rewriting;
  part.transformer_ = transformer;
  return part;
}

function partOfKind(kind) {
  switch (kind) {
    case "element":
      return new ElementImpl();
    case "endTag":
      return new EndTagImpl();
    case "comment":
      return new CommentImpl();
    case "text":
      return new TextImpl();
    case "doctype":
      return new DoctypeImpl();
    default:
      return new DocumentEndImpl();
  }
}
