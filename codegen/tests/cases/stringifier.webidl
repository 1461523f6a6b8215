// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Printed {
  stringifier;
};
interface Address {
  stringifier attribute USVString href;
};
