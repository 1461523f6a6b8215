// Source: Test (https://example.org/)
// Date: 2026-07-01

[Implementation=Script] interface Target {
  constructor();
};
[Implementation=Script] interface SubTarget : Target {
  constructor(DOMString name);
};
interface Native {};

dictionary Init {
  required boolean on;
  long count = 3;
};
dictionary Options {
  boolean deep = false;
  sequence<Target> list = [];
};
enum Mode { "a", "b" };
callback Measure = long (Target target, optional DOMString name);
callback Pull = Promise<undefined> (any value);
callback interface Listener {
  undefined handle(Target target);
};
[LegacyTreatNonObjectAsNull] callback HandlerNonNull = any (Target target);
typedef HandlerNonNull? Handler;

[Implementation=Script] interface Features {
  constructor();
  constructor(DOMString name, optional long count = 7);
  constructor(Target target);

  const long LIMIT = 5;
  static readonly attribute long count;
  static Features make(optional DOMString name = "default");

  any union((sequence<long> or BufferSource or double or boolean or DOMString)? value);
  any initOrString((Init or DOMString) value);
  any optionsOrBoolean(optional (Options or boolean) value = {});
  any post(any message, sequence<object> transfer);
  any post(any message, optional Options options = {});

  any integers(byte a, octet b, short c, unsigned short d, long e, unsigned long f, long long g, unsigned long long h);
  any clamped([Clamp] octet a, [Clamp] long b);
  any enforced([EnforceRange] octet a, [EnforceRange] long long b);
  any floats(float a, unrestricted double b);
  any strings(DOMString a, ByteString b, USVString c, [LegacyNullToEmptyString] DOMString d);
  any variadic(long first, DOMString... rest);
  any table(record<DOMString, long> value);
  any buffers(Uint8Array a, ArrayBuffer b, AllowSharedBufferSource c, [AllowResizable] ArrayBufferView d);
  any native(Native value);

  any callbacks(Measure measure, Pull pull, Listener listener);
  any handle();
  attribute Handler handler;
  attribute Mode mode;
  attribute Target? target;

  readonly attribute Promise<any> failing;
  Promise<any> later(Promise<any> promise, long count);

  sequence<Target> targets();
  record<DOMString, Target> named();
  Init init();

  [Default] object toJSON();
  readonly attribute DOMString name;
  [LegacyUnforgeable] readonly attribute boolean fixed;
  stringifier;
  iterable<DOMString, Target>;
};

[Implementation=Script] interface Flow {
  constructor();
  async_iterable<DOMString, any>;
};

[Implementation=Script] namespace tools {
  const long VERSION = 1;
  readonly attribute long zero;
  any twice(long value);
};

[Global=Scope, Implementation=Script] interface Scope : Target {
  [Implementation=Script] attribute DOMString title;
  [Implementation=Script] boolean isMe(Target target);
};
