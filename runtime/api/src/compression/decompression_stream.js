// `DecompressionStream`: a transform stream of what compressed bytes were made of.

import { decompressor } from "nano:native";
import { PlatformObject } from "../script/webidl.js";
import { createTransformStream } from "../streams/transform_stream.js";
import { CodecTransformer } from "./codec_transformer.js";

/** https://compression.spec.whatwg.org/#decompression-stream */
export class DecompressionStreamImpl extends PlatformObject {
  transform = undefined;

  // https://compression.spec.whatwg.org/#dom-decompressionstream-decompressionstream
  constructor_(format) {
    this.transform = createTransformStream(new CodecTransformer(decompressor(format)));
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
