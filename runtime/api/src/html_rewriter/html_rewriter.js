// `HTMLRewriter`, as in Workers: what is called with the parts of HTML that goes through it.

import { convert_HTMLRewriterDocumentHandlers, convert_HTMLRewriterElementHandlers, unwrap_ReadableStream } from "nano:bindings";
import { isPromise, newRewriterPlan } from "nano:native";
import { List } from "../script/list.js";
import { PromisePrototypeThen, TypedArrayPrototypeGetByteLength } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { Deferred, markAsHandled } from "../streams/promises.js";
import { readableStreamPipeTo } from "../streams/readable_stream_pipe_to.js";
import { createTransformStream } from "../streams/transform_stream.js";
import { transformStreamDefaultControllerEnqueue } from "../streams/transform_stream_default_controller.js";
import { newPart } from "./parts.js";

// Bytes of output of one chunk that do not wait for whoever reads.
const REWRITTEN_AT_ONCE = 1048576;

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/ */
export class HTMLRewriterImpl extends PlatformObject {
  // A RewriterPlan, which knows functions by their numbers.
  plan = newRewriterPlan();
  // The functions, and what they are called on.
  handlers = new List();

  constructor_() {}

  on(selector, handlers) {
    const { element, comments, text } = convert_HTMLRewriterElementHandlers(handlers, "Failed to execute 'on' on 'HTMLRewriter'");
    const number = (handler) => addHandler(this.handlers, handlers, handler);
    this.plan.addElementHandlers(selector, number(element), number(comments), number(text));
    return this;
  }

  onDocument(handlers) {
    const { doctype, comments, text, end } = convert_HTMLRewriterDocumentHandlers(handlers, "Failed to execute 'onDocument' on 'HTMLRewriter'");
    const number = (handler) => addHandler(this.handlers, handlers, handler);
    this.plan.addDocumentHandlers(number(doctype), number(comments), number(text), number(end));
    return this;
  }

  transform(response) {
    const { plan } = this;
    const body = plan.body(response);
    if (body === null) return response;
    const transform = createTransformStream(new RewritingTransformer(plan.begin(response), this.handlers));
    markAsHandled(readableStreamPipeTo(unwrap_ReadableStream(body), transform.writable, false, false, false));
    return plan.withBody(response, transform.readable.wrapper);
  }
}

/** Gives the number of a function, -1 where there is none. */
function addHandler(list, receiver, handler) {
  if (handler === undefined) return -1;
  list.append({ __proto__: null, receiver, handler });
  return list.length - 1;
}

/** The transform, flush and cancel algorithms of one document. */
class RewritingTransformer {
  // The functions for end tags; their numbers follow on those of the rewriter's.
  endTagHandlers = new List();
  // Where the document stands.
  part = undefined;

  constructor(rewriting, handlers) {
    this.rewriting = rewriting;
    this.handlers = handlers;
    // Those that the rewriter gets later are for other documents.
    this.count = handlers.length;
  }

  addEndTagHandler(handler) {
    return this.count + addHandler(this.endTagHandlers, undefined, handler);
  }

  takeHandler(number) {
    if (number < this.count) return this.handlers[number];
    const index = number - this.count;
    const handler = this.endTagHandlers[index];
    // It is called once.
    this.endTagHandlers[index] = undefined; // safe: a List
    return handler;
  }

  transform(chunk, controller) {
    this.rewriting.write(chunk);
    return this.goOn(controller);
  }

  flush(controller) {
    this.rewriting.end();
    const done = this.goOn(controller);
    if (done === undefined) this.close();
    else return PromisePrototypeThen(done, () => this.close());
  }

  cancel() {
    this.close();
  }

  /** The document is over, or given up. */
  close() {
    this.part?.end_();
    this.part = undefined;
    this.rewriting.close();
  }

  /** Goes through what was written. Gives undefined, or a promise where somebody is waited for. */
  goOn(controller) {
    let waitsFor;
    try {
      waitsFor = this.advance(controller);
    } catch (error) {
      this.close();
      throw error;
    }
    if (waitsFor === undefined) return undefined;
    // One for all that follow on each other.
    const deferred = new Deferred();
    this.goOnAfter(waitsFor, controller, deferred);
    return deferred.promise;
  }

  goOnAfter(promise, controller, deferred) {
    const onRejected = (error) => {
      this.close();
      deferred.reject(error);
    };
    const onFulfilled = () => {
      let next;
      try {
        this.leavePart();
        next = this.advance(controller);
      } catch (error) {
        onRejected(error);
        return;
      }
      if (next === undefined) deferred.resolve(undefined);
      else this.goOnAfter(next, controller, deferred);
    };
    PromisePrototypeThen(promise, onFulfilled, onRejected);
  }

  /** Goes on as far as that is possible at once. Gives the promise that is to be waited for, if there is one. */
  advance(controller) {
    const { rewriting } = this;
    for (let enqueued = 0; ; ) {
      for (let kind; (kind = rewriting.nextPart()) !== null; ) {
        const { receiver, handler } = this.takeHandler(rewriting.handler());
        this.part = newPart(kind, rewriting, this);
        const result = handler(receiver, this.part.wrapper);
        if (isPromise(result)) return result;
        this.leavePart();
      }
      const output = rewriting.takeOutput();
      if (output !== null) {
        enqueued += TypedArrayPrototypeGetByteLength(output);
        transformStreamDefaultControllerEnqueue(controller, output);
      }
      if (!rewriting.hasMore()) return undefined;
      const { stream } = controller;
      if (enqueued >= REWRITTEN_AT_ONCE && stream.backpressure) return stream.backpressureChangePromise.promise;
    }
  }

  /** The part is done with. There is none where the reader was waited for, or the document was given up meanwhile. */
  leavePart() {
    this.part?.end_();
    this.part = undefined;
    this.rewriting.leave();
  }
}
