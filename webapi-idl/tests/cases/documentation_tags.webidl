// Source: A Test
// Date: 2026-07-01
interface A {
  /**
   * Of the operation.
   * @throws TypeError if it likes
   */
  undefined f();
  /** @returns {long} nothing */
  attribute long x;
};
