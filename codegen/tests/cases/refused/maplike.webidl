// Source: Test (https://example.org/)
// Date: 2026-07-01

interface M { maplike<DOMString, long>; };
interface ReadOnlyM { readonly maplike<USVString, M>; };
interface OwnM { maplike<double, any>; boolean delete(double key); };
