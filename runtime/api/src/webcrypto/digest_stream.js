// `DigestStream`, as in Workers: a writable stream of which only the digest is kept.

import { DigestStream } from "nano:bindings";
import { digester } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { ArrayBufferIsView, PromiseReject, TypeErrorConstructor } from "../script/primordials.js";
import { isArrayBuffer, resolvedWithUndefined } from "../script/webidl.js";
import { Deferred, markAsHandled } from "../streams/promises.js";
import { setUpWritableStreamDefaultController, WritableStreamDefaultControllerImpl } from "../streams/writable_stream_default_controller.js";
import { WritableStreamImpl } from "../streams/writable_stream.js";

/** https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors */
export class DigestStreamImpl extends WritableStreamImpl {
  result = new Deferred();
  digester = undefined;

  constructor_(algorithm) {
    this.digester = digester(algorithm);
    // Whoever writes is told of a failure, too.
    markAsHandled(this.result.promise);
    const sink = new DigestSink(this.digester, this.result);
    setUpWritableStreamDefaultController(this, new WritableStreamDefaultControllerImpl(), sink, 1, undefined);
  }

  get digest() {
    return this.result.promise;
  }

  get bytesWritten() {
    return this.digester.bytesWritten();
  }
}

class DigestSink {
  constructor(digester, result) {
    this.digester = digester;
    this.result = result;
  }

  start() {
    return undefined;
  }

  write(chunk) {
    try {
      if (typeof chunk === "string") this.digester.updateText(chunk);
      else if (ArrayBufferIsView(chunk) || isArrayBuffer(chunk)) this.digester.update(chunk);
      else throw new TypeErrorConstructor("A chunk of a DigestStream must be an ArrayBuffer, a view of one, or a string");
    } catch (error) {
      return this.fail(error);
    }
    return resolvedWithUndefined;
  }

  close() {
    try {
      this.result.resolve(this.digester.finish());
    } catch (error) {
      return this.fail(error);
    }
    return resolvedWithUndefined;
  }

  abort(reason) {
    this.result.reject(reason);
    return resolvedWithUndefined;
  }

  /** The promise that this gives errors the stream. */
  fail(error) {
    this.result.reject(error);
    return PromiseReject(error);
  }
}

exportToNative("digestStreamClass", () => DigestStream);
