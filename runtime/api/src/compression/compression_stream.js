// `CompressionStream`: a transform stream that compresses bytes.

import { compressor } from "nano:native";
import { PlatformObject } from "../script/webidl.js";
import { createTransformStream } from "../streams/transform_stream.js";
import { CodecTransformer } from "./codec_transformer.js";

/** https://compression.spec.whatwg.org/#compression-stream */
export class CompressionStreamImpl extends PlatformObject {
  transform = undefined;

  // https://compression.spec.whatwg.org/#dom-compressionstream-compressionstream
  constructor_(format) {
    this.transform = createTransformStream(new CodecTransformer(compressor(format)));
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
