// Source: Streams Standard (https://streams.spec.whatwg.org/)
// Date: 2026-07-01

/** A source of chunks, read at the reader's pace. */
[Sections=rs, Exposed=*, Transferable]
interface ReadableStream {
  /**
   * A stream of what a source gives.
   * @throws {TypeError} if the source is no such object
   * @throws {RangeError} if the strategy's `highWaterMark` is negative or not a number, or a stream of bytes has a `size()`
   * @throws {any} what `start()` throws
   */
  constructor(optional object underlyingSource, optional QueuingStrategy strategy = {});

  /**
   * A stream of the values of an iterable.
   * @throws {TypeError} if the value is not iterable
   */
  static ReadableStream from(any asyncIterable);

  /** Whether the stream has a reader. */
  readonly attribute boolean locked;

  /**
   * Tells the source that nobody wants more.
   * @throws {TypeError} if the stream has a reader
   * @throws {any} what the source's `cancel()` throws, or what the stream failed with
   */
  Promise<undefined> cancel(optional any reason);
  /**
   * A reader, which has the stream for itself until it is released.
   * @throws {TypeError} if the stream has a reader, or "byob" is asked of one that is not of bytes
   */
  ReadableStreamReader getReader(optional ReadableStreamGetReaderOptions options = {});
  /**
   * Pipes the stream into a transform stream, and gives the other side of that.
   * @throws {TypeError} if the stream has a reader, or the writable side a writer
   */
  ReadableStream pipeThrough(ReadableWritablePair transform, optional StreamPipeOptions options = {});
  /**
   * Writes all chunks to a writable stream; the promise resolves when it is closed.
   * @throws {TypeError} if the stream has a reader, or the destination a writer
   * @throws {any} what one of the two failed with, or the reason of the signal
   */
  Promise<undefined> pipeTo(WritableStream destination, optional StreamPipeOptions options = {});
  /**
   * Two streams of the same chunks; this one cannot be read any more.
   * @throws {TypeError} if the stream has a reader
   */
  sequence<ReadableStream> tee();

  /** Its chunks, one after the other; leaving the loop cancels the stream. */
  async_iterable<any>(optional ReadableStreamIteratorOptions options = {});
};

typedef (ReadableStreamDefaultReader or ReadableStreamBYOBReader) ReadableStreamReader;

/** What kind of reader is wanted. */
enum ReadableStreamReaderMode {
  /** A `ReadableStreamBYOBReader`, which fills arrays of the app. */
  "byob"
};

/** What kind of reader is wanted. */
dictionary ReadableStreamGetReaderOptions {
  /** "byob" for a reader that fills arrays of the app. */
  ReadableStreamReaderMode mode;
};

/** How an iteration ends. */
dictionary ReadableStreamIteratorOptions {
  /** Whether the stream goes on after an iteration that was broken off. */
  boolean preventCancel = false;
};

/** Two sides of a transform. */
dictionary ReadableWritablePair {
  /** The side that is read. */
  required ReadableStream readable;
  /** The side that is written to. */
  required WritableStream writable;
};

/** How the end of one stream acts on the other. */
dictionary StreamPipeOptions {
  /** Whether the destination stays open at the end of the source. */
  boolean preventClose = false;
  /** Whether the destination goes on after an error of the source. */
  boolean preventAbort = false;
  /** Whether the source goes on after an error of the destination. */
  boolean preventCancel = false;
  /** Breaks the pipe off when it aborts. */
  AbortSignal signal;
};

/** Where the chunks of a readable stream come from. */
dictionary UnderlyingSource {
  /** Called when the stream is made. */
  UnderlyingSourceStartCallback start;
  /** Called when there is room in the queue. */
  UnderlyingSourcePullCallback pull;
  /** Called when nobody wants more. */
  UnderlyingSourceCancelCallback cancel;
  /** "bytes" for a stream of bytes. */
  ReadableStreamType type;
  /** The size of the buffers that are made for readers without one. */
  [EnforceRange] unsigned long long autoAllocateChunkSize;
};

typedef (ReadableStreamDefaultController or ReadableByteStreamController) ReadableStreamController;

/** Begins to produce chunks. */
callback UnderlyingSourceStartCallback = any (ReadableStreamController controller);
/** Produces a chunk; not called again before its promise resolves. */
callback UnderlyingSourcePullCallback = Promise<undefined> (ReadableStreamController controller);
/** Stops producing. */
callback UnderlyingSourceCancelCallback = Promise<undefined> (optional any reason);

/** What a stream is made of. */
enum ReadableStreamType {
  /** Of bytes: it can be read into arrays of the app. */
  "bytes"
};

[Sections=generic-reader] interface mixin ReadableStreamGenericReader {
  /**
   * Resolves when the stream ends, rejects when it fails or the reader is released.
   * @throws {TypeError} if the reader is released
   * @throws {any} what the stream failed with
   */
  readonly attribute Promise<undefined> closed;

  /**
   * Tells the source that nobody wants more.
   * @throws {TypeError} if the reader was released
   * @throws {any} what the source's `cancel()` throws, or what the stream failed with
   */
  Promise<undefined> cancel(optional any reason);
};

/** Reads chunks as they are. */
[Sections=default-reader, Exposed=*]
interface ReadableStreamDefaultReader {
  /**
   * Takes the stream for itself.
   * @throws {TypeError} if the stream has a reader
   */
  constructor(ReadableStream stream);

  /**
   * The next chunk, or `done`.
   * @throws {TypeError} if the reader was released
   * @throws {any} what the stream failed with
   */
  Promise<ReadableStreamReadResult> read();
  /** Gives the stream free for other readers. */
  undefined releaseLock();
};
ReadableStreamDefaultReader includes ReadableStreamGenericReader;

/** What a reader got. */
dictionary ReadableStreamReadResult {
  /** The chunk; undefined at the end. */
  any value;
  /** Whether the stream is at its end. */
  boolean done;
};

/** Reads bytes into arrays that the app brings along. */
[Sections=byob-reader, Exposed=*]
interface ReadableStreamBYOBReader {
  /**
   * Takes the stream for itself.
   * @throws {TypeError} if the stream has a reader, or is not one of bytes
   */
  constructor(ReadableStream stream);

  /**
   * Fills the view with the next bytes, and gives back a new view of them: the old one cannot be used any more.
   * @throws {TypeError} if the reader was released, the view has no bytes, or `min` is 0
   * @throws {RangeError} if `min` is more than the view has room for
   * @throws {any} what the stream failed with
   */
  Promise<ReadableStreamReadResult> read(ArrayBufferView view, optional ReadableStreamBYOBReaderReadOptions options = {});
  /** Gives the stream free for other readers. */
  undefined releaseLock();
};
ReadableStreamBYOBReader includes ReadableStreamGenericReader;

/** How much is read. */
dictionary ReadableStreamBYOBReaderReadOptions {
  /** The number of elements that there must be before the promise resolves. */
  [EnforceRange] unsigned long long min = 1;
};

/** Fills a readable stream. */
[Sections=rs-default-controller, Exposed=*]
interface ReadableStreamDefaultController {
  /** How much room is in the queue; null after an error. */
  readonly attribute unrestricted double? desiredSize;

  /**
   * Ends the stream after the chunks in the queue.
   * @throws {TypeError} if the stream was closed, or has failed
   */
  undefined close();
  /**
   * Puts a chunk into the queue.
   * @throws {TypeError} if the stream was closed, or has failed
   * @throws {RangeError} if the size of the chunk, as the strategy says, is negative or no finite number
   * @throws {any} what the strategy's `size()` throws
   */
  undefined enqueue(optional any chunk);
  /** Makes the stream fail. */
  undefined error(optional any e);
};

/** Fills a readable stream of bytes. */
[Sections=rbs-controller, Exposed=*]
interface ReadableByteStreamController {
  /** The array that a reader waits for, if there is one. */
  readonly attribute ReadableStreamBYOBRequest? byobRequest;
  /** How much room is in the queue, in bytes; null after an error. */
  readonly attribute unrestricted double? desiredSize;

  /**
   * Ends the stream after the bytes in the queue.
   * @throws {TypeError} if the stream was closed or has failed, or a reader's element is incomplete
   */
  undefined close();
  /**
   * Puts bytes into the queue; their buffer cannot be used any more.
   * @throws {TypeError} if the stream was closed or has failed, or the chunk has no bytes
   */
  undefined enqueue(ArrayBufferView chunk);
  /** Makes the stream fail. */
  undefined error(optional any e);
};

/** An array that a reader wants to have filled. */
[Sections=rs-byob-request, Exposed=*]
interface ReadableStreamBYOBRequest {
  /** Where to write; null once it was answered. */
  readonly attribute ArrayBufferView? view;

  /**
   * Says how many bytes were written.
   * @throws {TypeError} if it was answered already, or no bytes come though the stream is open
   * @throws {RangeError} if it is more than there is room for
   */
  undefined respond([EnforceRange] unsigned long long bytesWritten);
  /**
   * Answers with another view of the same memory.
   * @throws {TypeError} if it was answered already, or the view is empty though the stream is open
   * @throws {RangeError} if the view is not where the old one was, or has more bytes
   */
  undefined respondWithNewView(ArrayBufferView view);
};

/** A destination for chunks, written at the destination's pace. */
[Sections=ws, Exposed=*, Transferable]
interface WritableStream {
  /**
   * A stream into a sink.
   * @throws {RangeError} if the sink has a `type`, or the strategy's `highWaterMark` is negative or not a number
   * @throws {any} what `start()` throws
   */
  constructor(optional object underlyingSink, optional QueuingStrategy strategy = {});

  /** Whether the stream has a writer. */
  readonly attribute boolean locked;

  /**
   * Makes the stream fail; chunks that wait are lost.
   * @throws {TypeError} if the stream has a writer
   * @throws {any} what the sink's `abort()` throws
   */
  Promise<undefined> abort(optional any reason);
  /**
   * Ends the stream after the chunks that wait.
   * @throws {TypeError} if the stream has a writer, or was closed
   * @throws {any} what the stream failed with
   */
  Promise<undefined> close();
  /**
   * A writer, which has the stream for itself until it is released.
   * @throws {TypeError} if the stream has a writer
   */
  WritableStreamDefaultWriter getWriter();
};

/** Where the chunks of a writable stream go. */
dictionary UnderlyingSink {
  /** Called when the stream is made. */
  UnderlyingSinkStartCallback start;
  /** Called with each chunk. */
  UnderlyingSinkWriteCallback write;
  /** Called after the last chunk. */
  UnderlyingSinkCloseCallback close;
  /** Called when the stream fails by the will of its writer. */
  UnderlyingSinkAbortCallback abort;
  /** Not to be given, which is a RangeError: standards to come may use it. */
  any type;
};

/** Makes the destination ready. */
callback UnderlyingSinkStartCallback = any (WritableStreamDefaultController controller);
/** Takes a chunk; not called again before its promise resolves. */
callback UnderlyingSinkWriteCallback = Promise<undefined> (any chunk, WritableStreamDefaultController controller);
/** Ends the destination. */
callback UnderlyingSinkCloseCallback = Promise<undefined> ();
/** Ends the destination, as it is. */
callback UnderlyingSinkAbortCallback = Promise<undefined> (optional any reason);

/** Writes chunks. */
[Sections=default-writer, Exposed=*]
interface WritableStreamDefaultWriter {
  /**
   * Takes the stream for itself.
   * @throws {TypeError} if the stream has a writer
   */
  constructor(WritableStream stream);

  /**
   * Resolves when the stream is closed, rejects when it fails or the writer is released.
   * @throws {TypeError} if the writer is released
   * @throws {any} what the stream failed with
   */
  readonly attribute Promise<undefined> closed;
  /**
   * How much room is in the queue; null after an error.
   * @throws {TypeError} if the writer was released
   */
  readonly attribute unrestricted double? desiredSize;
  /**
   * Resolves when there is room in the queue.
   * @throws {TypeError} if the writer is released
   * @throws {any} what the stream failed with
   */
  readonly attribute Promise<undefined> ready;

  /**
   * Makes the stream fail; chunks that wait are lost.
   * @throws {TypeError} if the writer was released
   * @throws {any} what the sink's `abort()` throws
   */
  Promise<undefined> abort(optional any reason);
  /**
   * Ends the stream after the chunks that wait.
   * @throws {TypeError} if the writer was released, or the stream was closed
   * @throws {any} what the stream failed with
   */
  Promise<undefined> close();
  /** Gives the stream free for other writers. */
  undefined releaseLock();
  /**
   * Writes a chunk; the promise resolves when the destination has taken it.
   * @throws {TypeError} if the writer was released, or the stream was closed
   * @throws {any} what the stream failed with
   */
  Promise<undefined> write(optional any chunk);
};

/** What the destination knows of its stream. */
[Sections=ws-default-controller, Exposed=*]
interface WritableStreamDefaultController {
  /** Aborts with the stream, so that a write on its way can stop. */
  readonly attribute AbortSignal signal;
  /** Makes the stream fail. */
  undefined error(optional any e);
};

/** What is written to one side comes, changed, out of the other one. */
[Sections=ts, Exposed=*, Transferable]
interface TransformStream {
  /**
   * A stream whose chunks a transformer makes of what is written; without one they are handed on.
   * @throws {RangeError} if the transformer has a `readableType` or a `writableType`, or a strategy's `highWaterMark` is negative or not a
   *   number
   * @throws {any} what `start()` throws
   */
  constructor(optional object transformer,
              optional QueuingStrategy writableStrategy = {},
              optional QueuingStrategy readableStrategy = {});

  /** The side to read from. */
  readonly attribute ReadableStream readable;
  /** The side to write to. */
  readonly attribute WritableStream writable;
};

/** What a transform stream does with chunks. */
dictionary Transformer {
  /** Called when the stream is made. */
  TransformerStartCallback start;
  /** Called with each chunk; without it, chunks pass as they are. */
  TransformerTransformCallback transform;
  /** Called after the last chunk. */
  TransformerFlushCallback flush;
  /** Called when one of the sides fails by the will of who uses it. */
  TransformerCancelCallback cancel;
  /** Not to be given, which is a RangeError: standards to come may use it. */
  any readableType;
  /** Not to be given, which is a RangeError: standards to come may use it. */
  any writableType;
};

/** Makes the transformer ready. */
callback TransformerStartCallback = any (TransformStreamDefaultController controller);
/** Enqueues what is left. */
callback TransformerFlushCallback = Promise<undefined> (TransformStreamDefaultController controller);
/** Takes a chunk and enqueues as many as it likes. */
callback TransformerTransformCallback = Promise<undefined> (any chunk, TransformStreamDefaultController controller);
/** Ends the transformer, as it is. */
callback TransformerCancelCallback = Promise<undefined> (any reason);

/** Fills the readable side of a transform stream. */
[Sections=ts-default-controller, Exposed=*]
interface TransformStreamDefaultController {
  /** How much room is in the queue of the readable side; null after an error. */
  readonly attribute unrestricted double? desiredSize;

  /**
   * Puts a chunk into the queue of the readable side.
   * @throws {TypeError} if the readable side was closed, or has failed
   * @throws {any} what the strategy's `size()` throws
   */
  undefined enqueue(optional any chunk);
  /** Makes both sides fail. */
  undefined error(optional any reason);
  /** Ends the readable side, and makes the writable side fail. */
  undefined terminate();
};

/** How much a stream keeps in its queue. */
dictionary QueuingStrategy {
  /** The size from which on the queue is full. */
  unrestricted double highWaterMark;
  /** The size of a chunk; 1 if there is no such function. */
  QueuingStrategySize size;
};

/** The size of a chunk. */
callback QueuingStrategySize = unrestricted double (any chunk);

/** How a strategy shall be. */
dictionary QueuingStrategyInit {
  /** The size from which on the queue is full. */
  required unrestricted double highWaterMark;
};

/** Measures chunks by their `byteLength`. */
[Sections=blqs, Exposed=*]
interface ByteLengthQueuingStrategy {
  /** A strategy with the size at which a queue is full. */
  constructor(QueuingStrategyInit init);

  /** The number of bytes from which on the queue is full. */
  readonly attribute unrestricted double highWaterMark;
  /** A function that gives a chunk's `byteLength`. */
  readonly attribute Function size;
};

/** Counts chunks. */
[Sections=cqs, Exposed=*]
interface CountQueuingStrategy {
  /** A strategy with the number of chunks at which a queue is full. */
  constructor(QueuingStrategyInit init);

  /** The number of chunks from which on the queue is full. */
  readonly attribute unrestricted double highWaterMark;
  /** A function that gives 1. */
  readonly attribute Function size;
};

interface mixin GenericTransformStream {
  /** The side to read from. */
  readonly attribute ReadableStream readable;
  /** The side to write to. */
  readonly attribute WritableStream writable;
};
