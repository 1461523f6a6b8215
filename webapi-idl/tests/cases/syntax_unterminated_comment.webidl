// Source: A Case
// Date: 2026-07-01

/* enum A { "a" };
