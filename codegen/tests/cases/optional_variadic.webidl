// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Lists {
  undefined some(long first, optional long second, optional DOMString third = "c");
  long sum(long... values);
  undefined keep(DOMString name, any... values);
};
