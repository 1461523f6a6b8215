// Source: File API (https://w3c.github.io/FileAPI/)
// Date: 2026-07-01

/** Bytes that do not change, with a type. */
[Section=blob-section, Exposed=(Window,Worker), Serializable]
interface Blob {
  /** The parts, one after the other. */
  [Section=constructorBlob] constructor(optional sequence<BlobPart> blobParts,
              optional BlobPropertyBag options = {});

  /** The number of bytes. */
  [Section=dfn-size] readonly attribute unsigned long long size;
  /** The media type in lower case, or nothing. */
  [Section=dfn-type] readonly attribute DOMString type;

  // slice Blob into byte-ranged chunks
  /** The bytes from one index up to another one; negative indexes count from the end. */
  [Section=dfn-slice] Blob slice(optional [Clamp] long long start,
            optional [Clamp] long long end,
            optional DOMString contentType);

  // read from the Blob.
  /** The bytes as a stream. */
  [NewObject] ReadableStream stream();
  /** The bytes as text in UTF-8. */
  [NewObject] Promise<USVString> text();
  /** A copy of the bytes. */
  [NewObject] Promise<ArrayBuffer> arrayBuffer();
  /** A copy of the bytes. */
  [NewObject] Promise<Uint8Array> bytes();
};

/** Whether line ends of text are kept, or become those of the system. */
enum EndingType {
  /** Texts are taken as they are. */
  "transparent",
  /** Line ends of texts become `\n`. */
  "native"
};

/** How a new blob shall be. */
[Section=dfn-BlobPropertyBag] dictionary BlobPropertyBag {
  /** The media type. */
  DOMString type = "";
  /** Whether line ends become the system's: "native". */
  EndingType endings = "transparent";
};

typedef (BufferSource or Blob or USVString) BlobPart;

/** A blob with a name, as it is part of a form. */
[Section=file-section, Exposed=(Window,Worker), Serializable]
interface File : Blob {
  /** The parts, one after the other, under a name. */
  [Section=file-constructor] constructor(sequence<BlobPart> fileBits,
              USVString fileName,
              optional FilePropertyBag options = {});
  /** The file's name. */
  [Section=dfn-name] readonly attribute DOMString name;
  /** When the file was changed last, in milliseconds since the Unix epoch. */
  [Section=dfn-lastModified] readonly attribute long long lastModified;
};

/** How a new file shall be. */
[Section=dfn-FilePropertyBag] dictionary FilePropertyBag : BlobPropertyBag {
  /** When the file was changed last, in milliseconds since the Unix epoch; now, if it is not given. */
  long long lastModified;
};

/** Reads blobs, and tells how far it has come by events. `blob.arrayBuffer()` and `blob.text()` are simpler. */
[Exposed=(Window,Worker)]
interface FileReader : EventTarget {
  /** A new reader, which reads one thing at a time. */
  [Section=filereaderConstrctr] constructor();
  // async read methods
  /**
   * Reads a blob's bytes.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   */
  [Section=readAsArrayBuffer] undefined readAsArrayBuffer(Blob blob);
  /**
   * Reads a blob as a string with a character for each byte.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   */
  [Section=readAsBinaryString] undefined readAsBinaryString(Blob blob);
  /**
   * Reads a blob as text, in UTF-8 where neither the argument nor its type says otherwise.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   */
  [Section=readAsDataText] undefined readAsText(Blob blob, optional DOMString encoding);
  /**
   * Reads a blob as a `data:` URL.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   */
  [Section=readAsDataURL] undefined readAsDataURL(Blob blob);

  /** Ends the reading. */
  [Section=abort] undefined abort();

  // states
  /** Nothing is read yet. */
  [Section=dom-filereader-empty] const unsigned short EMPTY = 0;
  /** A blob is being read. */
  [Section=dom-filereader-loading] const unsigned short LOADING = 1;
  /** It is read, or the reading has ended otherwise. */
  [Section=dom-filereader-done] const unsigned short DONE = 2;

  /** What it does. */
  readonly attribute unsigned short readyState;

  // File or Blob data
  /** What was read; null before, and where that failed. */
  readonly attribute (DOMString or ArrayBuffer)? result;

  /** Why the reading failed. */
  readonly attribute DOMException? error;

  // event handler content attributes
  /** Called when reading begins. */
  [Section=dfn-onloadstart] attribute EventHandler onloadstart;
  /** Called while it is read. */
  [Section=dfn-onprogress] attribute EventHandler onprogress;
  /** Called when all was read. */
  [Section=dfn-onload] attribute EventHandler onload;
  /** Called when reading was given up. */
  [Section=dfn-onabort] attribute EventHandler onabort;
  /** Called when it cannot be read. */
  [Section=dfn-onerror] attribute EventHandler onerror;
  /** Called when reading is over, however it ended. */
  [Section=dfn-onloadend] attribute EventHandler onloadend;
};

// DEPARTURE: the standard's union with MediaSource, of which there are none. Its `[Exposed]` leaves service workers out, which end when they
// are idle, and their URLs with them; so do apps' instances, but what `[Exposed]` says means nothing here.
[Exposed=(Window,DedicatedWorker,SharedWorker)]
partial interface URL {
  /** A `blob:` URL that `fetch()` answers with the blob, within the app's instance and until it is revoked. It keeps the blob in memory. */
  [Section=dfn-createObjectURL] static DOMString createObjectURL(Blob obj);
  /** Has a `blob:` URL stand for nothing any more. */
  [Section=dfn-revokeObjectURL] static undefined revokeObjectURL(DOMString url);
};
