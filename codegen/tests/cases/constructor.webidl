// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Point {
  constructor(double x, optional double y = 0);
};
interface Opaque {};
