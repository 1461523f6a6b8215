// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Animal {
  constructor();
  readonly attribute Animal? parent;
};
interface Dog : Animal {
  constructor(DOMString name);
  boolean knows(Animal other);
};
