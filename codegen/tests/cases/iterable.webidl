// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Entry {};
interface Map2 {
  iterable<DOMString, Entry>;
};
