// `HTMLRewriter`, as in Workers: what is called with the parts of HTML that goes through it.

import { convert_HTMLRewriterDocumentHandlers, convert_HTMLRewriterElementHandlers, unwrap_ReadableStream } from "nano:bindings";
import { isPromise, newRewriterPlan } from "nano:native";
import { List } from "../script/list.js";
import { PromisePrototypeThen } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { Deferred, markAsHandled } from "../streams/promises.js";
import { readableStreamPipeTo } from "../streams/readable_stream_pipe_to.js";
import { createTransformStream } from "../streams/transform_stream.js";
import { transformStreamDefaultControllerEnqueue } from "../streams/transform_stream_default_controller.js";
import { newPart } from "./parts.js";

/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/ */
export class HTMLRewriterImpl extends PlatformObject {
  // In the order in which they are called.
  registrations = new List();

  constructor_() {}

  on(selector, handlers) {
    const functions = convert_HTMLRewriterElementHandlers(handlers, "Failed to execute 'on' on 'HTMLRewriter'");
    // A selector that is not valid is told here.
    newRewriterPlan().addElementHandlers(selector, -1, -1, -1);
    this.registrations.append({ __proto__: null, selector, handlers, functions });
    return this;
  }

  onDocument(handlers) {
    const functions = convert_HTMLRewriterDocumentHandlers(handlers, "Failed to execute 'onDocument' on 'HTMLRewriter'");
    this.registrations.append({ __proto__: null, selector: undefined, handlers, functions });
    return this;
  }

  transform(response) {
    const plan = newRewriterPlan();
    const body = plan.body(response);
    if (body === null) return response;
    const transformer = new RewritingTransformer();
    for (let i = 0; i < this.registrations.length; i++) transformer.plan(plan, this.registrations[i]);
    transformer.rewriting = plan.begin(response);
    const transform = createTransformStream(transformer);
    markAsHandled(readableStreamPipeTo(unwrap_ReadableStream(body), transform.writable, false, false, false));
    return plan.withBody(response, transform.readable.wrapper);
  }
}

/** The transform, flush and cancel algorithms of one document. */
class RewritingTransformer {
  rewriting = undefined;
  // Functions, by their numbers, and what they are called on.
  handlers = new List();
  // Of the chunk that waits for a handler's promise.
  deferred = undefined;
  part = undefined;

  plan(plan, { selector, handlers, functions }) {
    const number = (handler) => this.numberOf(handlers, handler);
    if (selector === undefined) {
      plan.addDocumentHandlers(number(functions.doctype), number(functions.comments), number(functions.text), number(functions.end));
    } else {
      plan.addElementHandlers(selector, number(functions.element), number(functions.comments), number(functions.text));
    }
  }

  numberOf(receiver, handler) {
    if (handler === undefined) return -1;
    this.handlers.append({ __proto__: null, receiver, handler });
    return this.handlers.length - 1;
  }

  transform(chunk, controller) {
    this.rewriting.write(chunk);
    return this.goOn(controller);
  }

  flush(controller) {
    this.rewriting.end();
    const done = this.goOn(controller);
    if (done === undefined) {
      this.rewriting.close();
      return undefined;
    }
    return PromisePrototypeThen(done, () => this.rewriting.close());
  }

  cancel() {
    this.part?.end_();
    this.rewriting.close();
  }

  /** Gives undefined, or a promise where a handler has given one. */
  goOn(controller) {
    const { rewriting } = this;
    try {
      for (let kind; (kind = rewriting.nextPart()) !== null; ) {
        const { receiver, handler } = this.handlers[rewriting.handler()];
        this.part = newPart(kind, rewriting, this);
        const result = handler(receiver, this.part.wrapper);
        if (isPromise(result)) return this.wait(result, controller);
        this.leavePart();
      }
      const output = rewriting.takeOutput();
      if (output !== null) transformStreamDefaultControllerEnqueue(controller, output);
    } catch (error) {
      this.cancel();
      throw error;
    }
    return undefined;
  }

  leavePart() {
    this.part.end_();
    this.part = undefined;
    this.rewriting.leave();
  }

  wait(promise, controller) {
    this.deferred ??= new Deferred();
    const { deferred } = this;
    const fail = (error) => {
      this.deferred = undefined;
      this.cancel();
      deferred.reject(error);
    };
    PromisePrototypeThen(
      promise,
      () => {
        // It was cancelled meanwhile.
        if (this.part === undefined) return;
        this.leavePart();
        let more;
        try {
          more = this.goOn(controller);
        } catch (error) {
          fail(error);
          return;
        }
        if (more !== undefined) return;
        this.deferred = undefined;
        deferred.resolve(undefined);
      },
      fail,
    );
    return deferred.promise;
  }
}
