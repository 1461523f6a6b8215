// Source: A Case
// Date: 2026-07-01

[Implementation=Native] interface A {};
[Implementation=Script] partial interface A {};
[Implementation=Script] interface mixin M { attribute long a; };
interface B {};
B includes M;
[Internal=folder, Implementation=Script] namespace N {};
