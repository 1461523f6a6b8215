// Source: A Case
// Date: 2026-07-01

interface A {
  getter long (DOMString name);
  setter undefined (unsigned long index, long value);
  getter long f(optional unsigned long index = 0);
  getter long (unsigned long index);
};
