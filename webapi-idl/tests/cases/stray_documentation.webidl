// Source: A Test
// Date: 2026-07-01
/** Of the interface. */
[Exposed=*]
interface A {
  /** Of the operation. */
  undefined f(/** Of an argument. */ long x);
  /** Of nothing. */
};
