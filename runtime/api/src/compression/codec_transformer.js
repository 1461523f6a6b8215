// What compression and decompression streams do with their chunks.

import { PromisePrototypeThen, TypedArrayPrototypeGetByteLength } from "../script/primordials.js";
import { transformStreamDefaultControllerEnqueue } from "../streams/transform_stream_default_controller.js";

// Bytes of output of one chunk that do not wait for whoever reads.
const AT_ONCE = 1048576;

/** The transform, flush and cancel algorithms. */
export class CodecTransformer {
  constructor(codec) {
    this.codec = codec;
  }

  // https://compression.spec.whatwg.org/#compress-and-enqueue-a-chunk and
  // https://compression.spec.whatwg.org/#decompress-and-enqueue-a-chunk
  transform(chunk, controller) {
    this.codec.write(chunk);
    return this.enqueueOutput(controller, 0);
  }

  /**
   * Enqueues what the codec gives.
   *
   * DEPARTURE: the standard enqueues all at once, whoever reads. A few bytes may become gigabytes, so what is beyond a bound waits
   * until the readable side wants more, as chunks do.
   */
  enqueueOutput(controller, enqueued) {
    for (;;) {
      const output = this.codec.read();
      if (output === null) return undefined;
      const length = TypedArrayPrototypeGetByteLength(output);
      if (length === 0) continue;
      transformStreamDefaultControllerEnqueue(controller, output);
      enqueued += length;
      const { stream } = controller;
      if (enqueued >= AT_ONCE && stream.backpressure) {
        return PromisePrototypeThen(stream.backpressureChangePromise.promise, () => {
          // Whoever has cancelled or aborted the stream wants nothing of it any more.
          return controller.transformer === undefined ? undefined : this.enqueueOutput(controller, enqueued);
        });
      }
    }
  }

  // https://compression.spec.whatwg.org/#compress-flush-and-enqueue and
  // https://compression.spec.whatwg.org/#decompress-flush-and-enqueue
  flush(controller) {
    this.codec.finish();
    for (let output; (output = this.codec.read()) !== null; ) {
      if (TypedArrayPrototypeGetByteLength(output) !== 0) transformStreamDefaultControllerEnqueue(controller, output);
    }
    this.codec.close();
  }

  cancel() {
    this.codec.close();
  }
}
