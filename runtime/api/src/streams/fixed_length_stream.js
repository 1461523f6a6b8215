// `FixedLengthStream`, as in Workers: an identity stream of which it is known how many bytes go through it.

import { IdentityTransformStreamImpl } from "./identity_transform_stream.js";

/** https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream */
export class FixedLengthStreamImpl extends IdentityTransformStreamImpl {
  constructor_(expectedLength, writableStrategy) {
    this.setUp_(expectedLength, writableStrategy);
  }
}
