// Source: A Case
// Date: 2026-07-01

interface A {
  attribute long a;
