// Source: A Case
// Date: 2026-07-01

[Expose=*] interface A {};
[Global] interface B {};
[Clamp] interface C {};
[Implementation=Rust] interface D {};
[Internal=folder] interface E {};
[LegacyFactoryFunction=Image(DOMString src)] interface F {};
[SameObject=yes] interface G {
  [SameObject] attribute object a;
  [Throws=(a, b)] readonly attribute long b;
  [Transferable] undefined f([NewObject] long c, optional [NewObject] long d);
};
[Exposed=*] G includes M;
interface mixin M {};
[Internal] interface H {};
