// Source: Test (https://example.org/)
// Date: 2026-07-01

// [LegacyUnforgeable], also inherited.
interface Trusted {
  constructor();
  [LegacyUnforgeable] readonly attribute boolean isTrusted;
  [LegacyUnforgeable] USVString vouch(USVString what);
};
interface TrustedChild : Trusted {
  constructor();
};

// The other ways of setters and receivers.
interface Lenient {
  constructor();
  [PutForwards=how] readonly attribute Shape shape;
  [LegacyLenientSetter] readonly attribute long quiet;
  [LegacyLenientThis] attribute long loose;
  [Replaceable] readonly attribute long spare;
};

// Overloads.
interface Shape {
  constructor();
  constructor(USVString name);
  constructor(Shape other, optional long scale = 1);
  constructor(sequence<USVString> names);
  attribute USVString how;
  USVString pick(long value);
  USVString pick(USVString value, USVString... rest);
  USVString pick(boolean a, long b, long c);
};

// maplike
interface Registry {
  constructor();
  maplike<USVString, double>;
};
interface Scores {
  constructor(record<USVString, double> initial);
  readonly maplike<double, USVString>;
};
interface OwnRegistry {
  constructor();
  maplike<USVString, long>;
  [WithScope] undefined set(USVString key, long value);
  undefined clear();
};

// setlike
interface Tags {
  constructor();
  setlike<double>;
};
interface Shapes {
  constructor(sequence<Shape> shapes);
  readonly setlike<Shape>;
};

// Indexed properties, also inherited.
interface List {
  constructor(unsigned long length);
  readonly attribute unsigned long length;
  getter unsigned long? item(unsigned long index);
  iterable<unsigned long?>;
};
interface ListChild : List {
  constructor();
};
interface Letters {
  constructor(USVString text);
  readonly attribute unsigned long length;
  getter USVString (unsigned long index);
};

// A mixin's members, implemented once for all that include it.
interface mixin Named {
  readonly attribute USVString name;
  USVString greet(USVString greeting);
  stringifier;
};
interface Cat {
  constructor();
};
Cat includes Named;
interface Dog {
  constructor();
  readonly attribute boolean barks;
};
Dog includes Named;

// [Serializable]
[Serializable] interface Stamp {
  constructor(USVString text);
  readonly attribute USVString text;
};
