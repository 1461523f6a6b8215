// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Buffers {
  undefined views(ArrayBufferView a, Uint8Array b, DataView c, [AllowShared] ArrayBufferView d);
  undefined sources(BufferSource a, ArrayBuffer b, AllowSharedBufferSource c, [AllowResizable] ArrayBuffer d);
};
