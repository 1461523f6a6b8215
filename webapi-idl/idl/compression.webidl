// Source: Compression Standard (https://compression.spec.whatwg.org/)
// Date: 2026-07-01

// "brotli" is newer than the copy of the definitions: https://github.com/whatwg/compression/pull/74
/** How bytes are compressed. */
[Section=enumdef-compressionformat] enum CompressionFormat {
  /** DEFLATE with the head and checksum of zlib, RFC 1950; what HTTP calls deflate. */
  "deflate",
  /** DEFLATE alone, RFC 1951. */
  "deflate-raw",
  /** DEFLATE in a file of gzip, RFC 1952. */
  "gzip",
  /** Brotli, RFC 7932; what HTTP calls br. */
  "brotli",
};

/** A transform stream that compresses bytes. */
[Exposed=*]
interface CompressionStream {
  /** A stream that compresses what is written to it in this format. */
  [Section=dom-compressionstream-compressionstream] constructor(CompressionFormat format);
};
CompressionStream includes GenericTransformStream;

/** A transform stream of what compressed bytes were made of. */
[Exposed=*]
interface DecompressionStream {
  /** A stream that decompresses what is written to it in this format. */
  [Section=dom-decompressionstream-decompressionstream] constructor(CompressionFormat format);
};
DecompressionStream includes GenericTransformStream;
