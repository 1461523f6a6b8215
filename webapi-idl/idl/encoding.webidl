// Source: Encoding Standard (https://encoding.spec.whatwg.org/)
// Date: 2026-07-01

interface mixin TextDecoderCommon {
  /** The name of the encoding, in lower case. */
  [Section=dom-textdecoder-encoding] readonly attribute DOMString encoding;
  /** Whether bytes that are no text of the encoding are an error. */
  [Section=dom-textdecoder-fatal] readonly attribute boolean fatal;
  /** Whether a byte order mark is part of the text. */
  [Section=dom-textdecoder-ignorebom] readonly attribute boolean ignoreBOM;
};

/** How a decoder shall treat its input. */
[Section=textdecoderoptions] dictionary TextDecoderOptions {
  /** Whether bytes that are no text of the encoding are an error, and do not become U+FFFD. */
  boolean fatal = false;
  /** Whether a byte order mark is part of the text. */
  boolean ignoreBOM = false;
};

/** How one call of `decode()` belongs to others. */
[Section=textdecodeoptions] dictionary TextDecodeOptions {
  /** Whether further bytes follow, which may complete a character. */
  boolean stream = false;
};

/** Makes text of bytes, in one of the encodings of the web. */
[Exposed=*]
interface TextDecoder {
  /**
   * A decoder of the encoding that a label, such as "utf-8", stands for.
   * @throws {RangeError} if the label is that of no encoding
   */
  [Section=dom-textdecoder] constructor(optional DOMString label = "utf-8", optional TextDecoderOptions options = {});

  // DEPARTURE: USVString. The decoder makes the JavaScript string itself, without a copy in between; it has no lone surrogates.
  /**
   * The text of the bytes, those of earlier calls with `stream` included.
   * @throws {TypeError} if the decoder is fatal and the bytes are no text of its encoding
   */
  DOMString decode(optional AllowSharedBufferSource input, optional TextDecodeOptions options = {});
};
TextDecoder includes TextDecoderCommon;

interface mixin TextEncoderCommon {
  /** "utf-8". */
  [Section=dom-textencoder-encoding] readonly attribute DOMString encoding;
};

/** How far `encodeInto()` came. */
[Section=textencoderencodeintoresult] dictionary TextEncoderEncodeIntoResult {
  /** How many code units of the text were taken. */
  unsigned long long read;
  /** How many bytes were written. */
  unsigned long long written;
};

/** Makes bytes of text, in UTF-8. */
[Exposed=*]
interface TextEncoder {
  /** An encoder; there is UTF-8 only. */
  [Section=dom-textencoder] constructor();

  // DEPARTURE: USVString for both strings. The encoder reads the JavaScript string itself, without a copy in between, and
  // replaces lone surrogates as the conversion to USVString would.
  /** The bytes of a text. */
  [NewObject] Uint8Array encode(optional DOMString input = "");
  /** Writes as much of a text as has room in an array. */
  TextEncoderEncodeIntoResult encodeInto(DOMString source, [AllowShared] Uint8Array destination);
};
TextEncoder includes TextEncoderCommon;

/** A transform stream from chunks of bytes to chunks of text. */
[Exposed=*]
interface TextDecoderStream {
  /**
   * A stream that decodes the encoding that a label stands for.
   * @throws {RangeError} if the label is that of no encoding
   */
  [Section=dom-textdecoderstream] constructor(optional DOMString label = "utf-8", optional TextDecoderOptions options = {});
};
TextDecoderStream includes TextDecoderCommon;
TextDecoderStream includes GenericTransformStream;

/** A transform stream from chunks of text to chunks of bytes, in UTF-8. */
[Exposed=*]
interface TextEncoderStream {
  /** A stream that encodes in UTF-8. */
  [Section=dom-textencoderstream] constructor();
};
TextEncoderStream includes TextEncoderCommon;
TextEncoderStream includes GenericTransformStream;
