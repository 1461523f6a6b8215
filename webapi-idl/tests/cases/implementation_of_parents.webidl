// Source: A Case
// Date: 2026-07-01

[Implementation=Script] interface Parent {};
interface Child : Parent {};
[Global=Worker] interface Scope : Parent {};
