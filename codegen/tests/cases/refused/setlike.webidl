// Source: Test (https://example.org/)
// Date: 2026-07-01

interface M { setlike<DOMString>; };
interface ReadOnlyM { readonly setlike<M>; };
interface OwnM { setlike<any>; undefined clear(); };
