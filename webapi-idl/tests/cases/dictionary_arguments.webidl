// Source: A Case
// Date: 2026-07-01

dictionary Options { long a; };
dictionary Init { required long a; };
dictionary More : Init { long b; };
interface A {
  constructor(Options options);
  undefined f(optional Options options);
  undefined g(optional Options? options = {});
  undefined h(long a, (Options or boolean) options, optional long b);
  undefined fine(Init a, More b);
  undefined alsoFine(Options a, long b);
};
