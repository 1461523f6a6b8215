// Source: Test (https://example.org/)
// Date: 2026-07-01

interface A { attribute DOMString v; };
interface M { [PutForwards=v] readonly attribute A a; };
