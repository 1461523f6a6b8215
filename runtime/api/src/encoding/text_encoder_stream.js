// `TextEncoderStream`: a transform stream from strings to chunks of UTF-8.

import { TextEncoder } from "nano:native";
import {
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  StringConstructor,
  TypedArrayPrototypeGetLength,
  TypeErrorConstructor,
  uncurryThis,
} from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { createTransformStream } from "../streams/transform_stream.js";
import { transformStreamDefaultControllerEnqueue } from "../streams/transform_stream_default_controller.js";

const TextEncoderPrototypeEncode = uncurryThis(TextEncoder.prototype.encode);

/** https://encoding.spec.whatwg.org/#interface-textencoderstream */
export class TextEncoderStreamImpl extends PlatformObject {
  encoding = "utf-8";
  transform = undefined;

  // https://encoding.spec.whatwg.org/#dom-textencoderstream
  constructor_() {
    this.transform = createTransformStream(new EncodingTransformer());
  }

  // https://streams.spec.whatwg.org/#dom-generictransformstream-readable
  get readable() {
    return this.transform.readable;
  }

  // https://streams.spec.whatwg.org/#dom-generictransformstream-writable
  get writable() {
    return this.transform.writable;
  }
}

/** The transform and flush algorithms of a `TextEncoderStream`. */
class EncodingTransformer {
  encoder = new TextEncoder();
  // The standard's leading surrogate: the last code unit of a chunk, which may be the first half of a pair. "" where there is none.
  leadingSurrogate = "";

  // https://encoding.spec.whatwg.org/#encode-and-enqueue-a-chunk
  transform(chunk, controller) {
    // 1. Let input be the result of converting chunk to a DOMString.
    if (typeof chunk === "symbol") throw new TypeErrorConstructor("Cannot convert a Symbol value to a string");
    let input = typeof chunk === "string" ? chunk : StringConstructor(chunk);
    // 2. to 4. The encoder pairs surrogates and replaces lone ones; only a pair that two chunks share needs care here.
    if (this.leadingSurrogate !== "" && input !== "") {
      input = this.leadingSurrogate + input;
      this.leadingSurrogate = "";
    }
    const last = input.length - 1;
    if (last >= 0 && isLeadingSurrogate(StringPrototypeCharCodeAt(input, last))) {
      this.leadingSurrogate = input[last];
      input = StringPrototypeSlice(input, 0, last);
    }
    // 5. If output is not empty, enqueue it.
    const output = TextEncoderPrototypeEncode(this.encoder, input);
    if (TypedArrayPrototypeGetLength(output) > 0) transformStreamDefaultControllerEnqueue(controller, output);
  }

  // https://encoding.spec.whatwg.org/#encode-and-flush
  flush(controller) {
    // A first half without a second one becomes U+FFFD.
    if (this.leadingSurrogate !== "") {
      transformStreamDefaultControllerEnqueue(controller, TextEncoderPrototypeEncode(this.encoder, this.leadingSurrogate));
    }
  }

  cancel() {}
}

function isLeadingSurrogate(codeUnit) {
  return codeUnit >= 0xd800 && codeUnit <= 0xdbff;
}
