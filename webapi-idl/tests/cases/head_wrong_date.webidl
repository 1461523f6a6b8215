// Source: A Case (https://example.org/)
// Date: 1 July 2026
interface A {};
