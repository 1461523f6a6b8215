// Teeing of readable byte streams: https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamtee
//
// A branch whose reader brings a buffer has the stream read into that buffer; the other branch gets a copy.

import { PromisePrototypeThen } from "../script/primordials.js";
import { resolvedWithUndefined } from "../script/webidl.js";
import { cloneAsUint8Array } from "./buffers.js";
import { Deferred, doNothing, queueMicrotaskSteps, resolveWith } from "./promises.js";
import {
  readableByteStreamControllerClose,
  readableByteStreamControllerEnqueue,
  readableByteStreamControllerError,
} from "./readable_byte_stream_controller.js";
import {
  readableByteStreamControllerGetBYOBRequest,
  readableByteStreamControllerRespond,
  readableByteStreamControllerRespondWithNewView,
} from "./readable_byte_stream_pull_into.js";
import {
  acquireReadableStreamBYOBReader,
  acquireReadableStreamDefaultReader,
  createReadableByteStream,
  readableStreamCancel,
} from "./readable_stream_operations.js";
import {
  readableStreamBYOBReaderRead,
  readableStreamBYOBReaderRelease,
  readableStreamDefaultReaderRead,
  readableStreamDefaultReaderRelease,
} from "./readable_stream_reader_operations.js";
import { TeeBranchSource } from "./readable_stream_tee.js";

/** The two branches of `stream`, in an array. */
export function readableByteStreamTee(stream) {
  const tee = new ByteTee(stream);
  return [tee.branch1, tee.branch2];
}

/** The variables that the algorithms of ReadableByteStreamTee share. */
class ByteTee {
  constructor(stream) {
    this.stream = stream;
    // 3. to 13.
    this.reader = acquireReadableStreamDefaultReader(stream);
    this.reading = false;
    this.readAgainForBranch1 = false;
    this.readAgainForBranch2 = false;
    this.canceled1 = false;
    this.canceled2 = false;
    this.reason1 = undefined;
    this.reason2 = undefined;
    this.cancelPromise = new Deferred();
    this.readRequest = new ByteTeeReadRequest(this);
    // 21. to 23.
    this.branch1 = createReadableByteStream(new TeeBranchSource(this, 1));
    this.branch2 = createReadableByteStream(new TeeBranchSource(this, 2));
    // 24.
    this.forwardReaderError(this.reader);
  }

  // 14.
  forwardReaderError(thisReader) {
    PromisePrototypeThen(thisReader.closedPromise.promise, doNothing, (reason) => {
      if (thisReader !== this.reader) return;
      this.errorBranches(reason);
      if (!this.canceled1 || !this.canceled2) this.cancelPromise.resolve(undefined);
    });
  }

  // 17. and 18. The pull algorithms, which differ only in the branch.
  pull(branchNumber) {
    if (this.reading) {
      if (branchNumber === 1) this.readAgainForBranch1 = true;
      else this.readAgainForBranch2 = true;
      return resolvedWithUndefined;
    }
    this.reading = true;
    const branch = branchNumber === 1 ? this.branch1 : this.branch2;
    const byobRequest = readableByteStreamControllerGetBYOBRequest(branch.controller);
    if (byobRequest === null) this.pullWithDefaultReader();
    else this.pullWithBYOBReader(byobRequest.view, branchNumber === 2);
    return resolvedWithUndefined;
  }

  // 15.
  pullWithDefaultReader() {
    if (this.reader.isBYOB) {
      readableStreamBYOBReaderRelease(this.reader);
      this.reader = acquireReadableStreamDefaultReader(this.stream);
      this.forwardReaderError(this.reader);
    }
    readableStreamDefaultReaderRead(this.reader, this.readRequest);
  }

  // 16.
  pullWithBYOBReader(view, forBranch2) {
    if (!this.reader.isBYOB) {
      readableStreamDefaultReaderRelease(this.reader);
      this.reader = acquireReadableStreamBYOBReader(this.stream);
      this.forwardReaderError(this.reader);
    }
    readableStreamBYOBReaderRead(this.reader, view, 1, new ByteTeeReadIntoRequest(this, forBranch2));
  }

  /** The end of both kinds of chunk steps. */
  finishReading() {
    this.reading = false;
    if (this.readAgainForBranch1) this.pull(1);
    else if (this.readAgainForBranch2) this.pull(2);
  }

  errorBranches(error) {
    readableByteStreamControllerError(this.branch1.controller, error);
    readableByteStreamControllerError(this.branch2.controller, error);
  }

  /** A copy of `chunk`; undefined after a failure, which errors everything. */
  cloneOrFail(chunk) {
    try {
      return cloneAsUint8Array(chunk);
    } catch (error) {
      this.errorBranches(error);
      resolveWith(this.cancelPromise, readableStreamCancel(this.stream, error));
      return undefined;
    }
  }
}

/** The read request of step 15. */
class ByteTeeReadRequest {
  constructor(tee) {
    this.tee = tee;
    // The chunk that waits for its microtask: there is never more than one.
    this.chunk = undefined;
    this.distributeChunk = () => this.distribute();
  }

  // An error of the stream shows after a microtask, so a chunk that is there must not be faster.
  chunkSteps(chunk) {
    this.chunk = chunk;
    queueMicrotaskSteps(this.distributeChunk);
  }

  distribute() {
    const tee = this.tee;
    const chunk1 = this.chunk;
    let chunk2 = chunk1;
    this.chunk = undefined;
    tee.readAgainForBranch1 = false;
    tee.readAgainForBranch2 = false;
    if (!tee.canceled1 && !tee.canceled2) {
      chunk2 = tee.cloneOrFail(chunk1);
      if (chunk2 === undefined) return;
    }
    if (!tee.canceled1) readableByteStreamControllerEnqueue(tee.branch1.controller, chunk1);
    if (!tee.canceled2) readableByteStreamControllerEnqueue(tee.branch2.controller, chunk2);
    tee.finishReading();
  }

  closeSteps() {
    const tee = this.tee;
    const controller1 = tee.branch1.controller;
    const controller2 = tee.branch2.controller;
    tee.reading = false;
    if (!tee.canceled1) readableByteStreamControllerClose(controller1);
    if (!tee.canceled2) readableByteStreamControllerClose(controller2);
    if (controller1.pendingPullIntos.length > 0) readableByteStreamControllerRespond(controller1, 0);
    if (controller2.pendingPullIntos.length > 0) readableByteStreamControllerRespond(controller2, 0);
    if (!tee.canceled1 || !tee.canceled2) tee.cancelPromise.resolve(undefined);
  }

  errorSteps() {
    this.tee.reading = false;
  }
}

/** The read-into request of step 16. */
class ByteTeeReadIntoRequest {
  constructor(tee, forBranch2) {
    this.tee = tee;
    this.forBranch2 = forBranch2;
  }

  get byobController() {
    return (this.forBranch2 ? this.tee.branch2 : this.tee.branch1).controller;
  }

  get otherController() {
    return (this.forBranch2 ? this.tee.branch1 : this.tee.branch2).controller;
  }

  get byobCanceled() {
    return this.forBranch2 ? this.tee.canceled2 : this.tee.canceled1;
  }

  get otherCanceled() {
    return this.forBranch2 ? this.tee.canceled1 : this.tee.canceled2;
  }

  // In a microtask, as above.
  chunkSteps(chunk) {
    queueMicrotaskSteps(() => this.distribute(chunk));
  }

  distribute(chunk) {
    const tee = this.tee;
    tee.readAgainForBranch1 = false;
    tee.readAgainForBranch2 = false;
    const byobCanceled = this.byobCanceled;
    if (!this.otherCanceled) {
      const clonedChunk = tee.cloneOrFail(chunk);
      if (clonedChunk === undefined) return;
      if (!byobCanceled) readableByteStreamControllerRespondWithNewView(this.byobController, chunk);
      readableByteStreamControllerEnqueue(this.otherController, clonedChunk);
    } else if (!byobCanceled) {
      readableByteStreamControllerRespondWithNewView(this.byobController, chunk);
    }
    tee.finishReading();
  }

  closeSteps(chunk) {
    const tee = this.tee;
    const byobCanceled = this.byobCanceled;
    const otherCanceled = this.otherCanceled;
    tee.reading = false;
    if (!byobCanceled) readableByteStreamControllerClose(this.byobController);
    if (!otherCanceled) readableByteStreamControllerClose(this.otherController);
    if (chunk !== undefined) {
      if (!byobCanceled) readableByteStreamControllerRespondWithNewView(this.byobController, chunk);
      if (!otherCanceled && this.otherController.pendingPullIntos.length > 0) readableByteStreamControllerRespond(this.otherController, 0);
    }
    if (!byobCanceled || !otherCanceled) tee.cancelPromise.resolve(undefined);
  }

  errorSteps() {
    this.tee.reading = false;
  }
}
