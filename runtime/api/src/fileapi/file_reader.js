// `FileReader`: reads blobs, and tells how far it has come by events.

import { Blob, DOMException, packageFileData, postTask } from "nano:native";
import { ProgressEventImpl } from "nano:bindings";
import { initializeTrustedEvent } from "../dom/event.js";
import { getEventHandler, setEventHandler } from "../dom/event_handler.js";
import { EventTargetImpl, dispatch } from "../dom/event_target.js";
import { ArrayBufferPrototypeGetByteLength, PromisePrototypeThen, uncurryGetter, uncurryThis } from "../script/primordials.js";

const BlobPrototypeArrayBuffer = uncurryThis(Blob.prototype.arrayBuffer);
const BlobPrototypeGetSize = uncurryGetter(Blob.prototype, "size");
const BlobPrototypeGetType = uncurryGetter(Blob.prototype, "type");

const EMPTY = 0;
const LOADING = 1;
const DONE = 2;

/** https://w3c.github.io/FileAPI/#dfn-filereader */
export class FileReaderImpl extends EventTargetImpl {
  readyState = EMPTY;
  result = null;
  error = null;
  // The read operation that is under way: an object, so that a later one is another.
  operation = undefined;

  constructor_() {}

  // https://w3c.github.io/FileAPI/#readAsArrayBuffer
  readAsArrayBuffer(blob) {
    this.read_(blob, (bytes) => bytes);
  }

  // https://w3c.github.io/FileAPI/#readAsBinaryString
  readAsBinaryString(blob) {
    this.read_(blob, (bytes) => packageFileData("BinaryString", bytes, "", null));
  }

  // https://w3c.github.io/FileAPI/#readAsDataText
  readAsText(blob, encoding = null) {
    this.read_(blob, (bytes, type) => packageFileData("Text", bytes, type, encoding));
  }

  // https://w3c.github.io/FileAPI/#readAsDataURL
  readAsDataURL(blob) {
    this.read_(blob, (bytes, type) => packageFileData("DataURL", bytes, type, null));
  }

  // https://w3c.github.io/FileAPI/#readOperation
  read_(blob, packageData) {
    // 1.
    if (this.readyState === LOADING) throw new DOMException("The FileReader is reading another blob", "InvalidStateError");
    // 2. to 4.
    this.readyState = LOADING;
    this.result = null;
    this.error = null;
    // 5. to 10. The bytes of a blob are in memory: they come as one chunk.
    const operation = { __proto__: null };
    this.operation = operation;
    const size = BlobPrototypeGetSize(blob);
    const type = BlobPrototypeGetType(blob);
    const task = (steps) => {
      postTask(() => {
        if (this.operation === operation) steps();
      });
    };
    PromisePrototypeThen(
      BlobPrototypeArrayBuffer(blob),
      (bytes) => {
        const loaded = ArrayBufferPrototypeGetByteLength(bytes);
        task(() => this.fire_("loadstart", 0, size));
        if (loaded > 0) task(() => this.fire_("progress", loaded, size));
        task(() => {
          this.readyState = DONE;
          this.operation = undefined;
          try {
            this.result = packageData(bytes, type);
          } catch (error) {
            this.fail_(error, size);
            return;
          }
          this.end_("load", loaded, size);
        });
      },
      (error) => {
        task(() => {
          this.readyState = DONE;
          this.operation = undefined;
          this.fail_(error, size);
        });
      },
    );
  }

  /** The end of a read operation that has failed. */
  fail_(error, size) {
    this.error = new DOMException(error.message, "NotReadableError");
    this.end_("error", 0, size);
  }

  /** Fires an event, and then one called loadend: in a task of its own, so that the microtasks of listeners come in between. */
  end_(type, loaded, total) {
    this.fire_(type, loaded, total);
    postTask(() => {
      if (this.readyState !== LOADING) this.fire_("loadend", loaded, total);
    });
  }

  // https://w3c.github.io/FileAPI/#abort
  abort() {
    // 1. and 2.
    this.result = null;
    if (this.readyState !== LOADING) return;
    this.readyState = DONE;
    // 3. and 4.
    this.operation = undefined;
    // 5.
    this.error = new DOMException("The reading was aborted", "AbortError");
    this.fire_("abort", 0, 0);
    // 6.
    if (this.readyState !== LOADING) this.fire_("loadend", 0, 0);
  }

  // https://w3c.github.io/FileAPI/#fire-a-progress-event
  fire_(type, loaded, total) {
    const event = initializeTrustedEvent(new ProgressEventImpl(), type);
    event.lengthComputable = total > 0;
    event.loaded = loaded;
    event.total = total;
    dispatch(event, this);
  }

  get onloadstart() {
    return getEventHandler(this, "loadstart");
  }
  set onloadstart(value) {
    setEventHandler(this, "loadstart", value);
  }

  get onprogress() {
    return getEventHandler(this, "progress");
  }
  set onprogress(value) {
    setEventHandler(this, "progress", value);
  }

  get onload() {
    return getEventHandler(this, "load");
  }
  set onload(value) {
    setEventHandler(this, "load", value);
  }

  get onabort() {
    return getEventHandler(this, "abort");
  }
  set onabort(value) {
    setEventHandler(this, "abort", value);
  }

  get onerror() {
    return getEventHandler(this, "error");
  }
  set onerror(value) {
    setEventHandler(this, "error", value);
  }

  get onloadend() {
    return getEventHandler(this, "loadend");
  }
  set onloadend(value) {
    setEventHandler(this, "loadend", value);
  }
}
