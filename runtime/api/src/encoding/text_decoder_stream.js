// `TextDecoderStream`: a transform stream from chunks of bytes to strings.

import { TextDecoder } from "nano:native";
import { TypeErrorConstructor, uncurryThis } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { createTransformStream } from "../streams/transform_stream.js";
import { transformStreamDefaultControllerEnqueue } from "../streams/transform_stream_default_controller.js";

const TextDecoderPrototypeDecode = uncurryThis(TextDecoder.prototype.decode);
const decodeChunkOptions = { __proto__: null, stream: true };

/** https://encoding.spec.whatwg.org/#interface-textdecoderstream */
export class TextDecoderStreamImpl extends PlatformObject {
  encoding = "";
  fatal = false;
  ignoreBOM = false;
  transform = undefined;

  // https://encoding.spec.whatwg.org/#dom-textdecoderstream
  constructor_(label, options) {
    // 1. to 6. The native decoder checks the label and keeps the state between chunks.
    const decoder = new TextDecoder(label, options);
    this.encoding = decoder.encoding;
    this.fatal = options.fatal;
    this.ignoreBOM = options.ignoreBOM;
    // 7. to 11.
    this.transform = createTransformStream(new DecodingTransformer(decoder));
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

/** The transform and flush algorithms of a `TextDecoderStream`. */
class DecodingTransformer {
  constructor(decoder) {
    this.decoder = decoder;
  }

  // https://encoding.spec.whatwg.org/#decode-and-enqueue-a-chunk
  transform(chunk, controller) {
    // 1. Let bufferSource be the result of converting chunk to an AllowSharedBufferSource; `decode()` does, but for undefined.
    if (chunk === undefined) throw new TypeErrorConstructor("A chunk for a TextDecoderStream must be an ArrayBuffer or a view, but is undefined");
    // 2. to 4.
    const output = TextDecoderPrototypeDecode(this.decoder, chunk, decodeChunkOptions);
    if (output !== "") transformStreamDefaultControllerEnqueue(controller, output);
  }

  // https://encoding.spec.whatwg.org/#flush-and-enqueue
  flush(controller) {
    const output = TextDecoderPrototypeDecode(this.decoder);
    if (output !== "") transformStreamDefaultControllerEnqueue(controller, output);
  }

  cancel() {}
}
