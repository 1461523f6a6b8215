// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Thing {};
callback Measure = unrestricted double (any chunk);
callback Pull = Promise<undefined> (Thing thing);
callback Done = undefined (DOMString name, optional Thing thing, optional long count);
callback Anything = any (any... arguments);
callback Pick = Thing? ();
interface Callbacks {
  undefined run(Measure measure, Pull pull, Done done, Anything anything, Pick? pick);
  readonly attribute Measure measure;
};
