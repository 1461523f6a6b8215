// Teeing of readable streams with a default controller: https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee

import { PromisePrototypeThen } from "../script/primordials.js";
import { resolvedWithUndefined } from "../script/webidl.js";
import { structuredClone } from "nano:native";
import { Deferred, doNothing, queueMicrotaskSteps, resolveWith } from "./promises.js";
import { readableByteStreamTee } from "./readable_byte_stream_tee.js";
import {
  readableStreamDefaultControllerClose,
  readableStreamDefaultControllerEnqueue,
  readableStreamDefaultControllerError,
} from "./readable_stream_default_controller.js";
import { acquireReadableStreamDefaultReader, createReadableStream, readableStreamCancel } from "./readable_stream_operations.js";
import { readableStreamDefaultReaderRead } from "./readable_stream_reader_operations.js";

/** The two branches of `stream`, in an array. https://streams.spec.whatwg.org/#readable-stream-tee */
export function readableStreamTee(stream, cloneForBranch2) {
  if (stream.controller.isByteController) return readableByteStreamTee(stream);
  const tee = new DefaultTee(stream, cloneForBranch2);
  return [tee.branch1, tee.branch2];
}

/** The variables that the algorithms of ReadableStreamDefaultTee share. It is its own read request. */
class DefaultTee {
  constructor(stream, cloneForBranch2) {
    this.stream = stream;
    this.cloneForBranch2 = cloneForBranch2;
    // 3. to 12.
    this.reader = acquireReadableStreamDefaultReader(stream);
    this.reading = false;
    this.readAgain = false;
    this.canceled1 = false;
    this.canceled2 = false;
    this.reason1 = undefined;
    this.reason2 = undefined;
    this.cancelPromise = new Deferred();
    // The chunk that waits for its microtask: there is never more than one.
    this.chunk = undefined;
    this.distributeChunk = () => this.distribute();
    // 16. to 18.
    this.branch1 = createReadableStream(new TeeBranchSource(this, 1), 1, undefined);
    this.branch2 = createReadableStream(new TeeBranchSource(this, 2), 1, undefined);
    // 19. Upon rejection of reader.[[closedPromise]] with reason r,
    PromisePrototypeThen(this.reader.closedPromise.promise, doNothing, (reason) => {
      this.errorBranches(reason);
      this.resolveCancelPromiseUnlessBothCanceled();
    });
  }

  // 13. The pull algorithm.
  pull() {
    if (this.reading) {
      this.readAgain = true;
      return resolvedWithUndefined;
    }
    this.reading = true;
    readableStreamDefaultReaderRead(this.reader, this);
    return resolvedWithUndefined;
  }

  // An error of the stream shows after a microtask, so a chunk that is there must not be faster.
  chunkSteps(chunk) {
    this.chunk = chunk;
    queueMicrotaskSteps(this.distributeChunk);
  }

  closeSteps() {
    this.reading = false;
    if (!this.canceled1) readableStreamDefaultControllerClose(this.branch1.controller);
    if (!this.canceled2) readableStreamDefaultControllerClose(this.branch2.controller);
    this.resolveCancelPromiseUnlessBothCanceled();
  }

  errorSteps() {
    this.reading = false;
  }

  // The steps in the microtask of the chunk steps.
  distribute() {
    const chunk1 = this.chunk;
    let chunk2 = chunk1;
    this.chunk = undefined;
    this.readAgain = false;
    if (!this.canceled2 && this.cloneForBranch2) {
      try {
        chunk2 = structuredClone(chunk2);
      } catch (error) {
        this.errorBranches(error);
        resolveWith(this.cancelPromise, readableStreamCancel(this.stream, error));
        return;
      }
    }
    if (!this.canceled1) readableStreamDefaultControllerEnqueue(this.branch1.controller, chunk1);
    if (!this.canceled2) readableStreamDefaultControllerEnqueue(this.branch2.controller, chunk2);
    this.reading = false;
    if (this.readAgain) this.pull();
  }

  errorBranches(error) {
    readableStreamDefaultControllerError(this.branch1.controller, error);
    readableStreamDefaultControllerError(this.branch2.controller, error);
  }

  resolveCancelPromiseUnlessBothCanceled() {
    if (!this.canceled1 || !this.canceled2) this.cancelPromise.resolve(undefined);
  }
}

/** The algorithms of one branch: `tee.pull(branchNumber)` and the two cancel algorithms, which differ only in the number. */
export class TeeBranchSource {
  constructor(tee, branchNumber) {
    this.tee = tee;
    this.branchNumber = branchNumber;
  }

  start() {}

  pull() {
    return this.tee.pull(this.branchNumber);
  }

  // 14. and 15. The cancel algorithms: the stream is cancelled when both branches are.
  cancel(reason) {
    const tee = this.tee;
    if (this.branchNumber === 1) {
      tee.canceled1 = true;
      tee.reason1 = reason;
    } else {
      tee.canceled2 = true;
      tee.reason2 = reason;
    }
    if (tee.canceled1 && tee.canceled2) {
      resolveWith(tee.cancelPromise, readableStreamCancel(tee.stream, [tee.reason1, tee.reason2]));
    }
    return tee.cancelPromise.promise;
  }
}
