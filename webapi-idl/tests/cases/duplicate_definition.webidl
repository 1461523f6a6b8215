// Source: A Case
// Date: 2026-07-01

interface A {};
dictionary A {};
interface B {};
interface B {};
typedef (ArrayBufferView or ArrayBuffer) BufferSource;
