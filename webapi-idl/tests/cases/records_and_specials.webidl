// Source: A Case
// Date: 2026-07-01

interface A {
  undefined f(record<long, long> a);
  getter long item(unsigned long index);
  deleter undefined (DOMString name);
  long (DOMString name);
};
callback interface B { undefined f(); undefined g(); };
callback interface C { const long A = 1; };
