// Source: A Case
// Date: 2026-07-01

interface A { attribute long; };
interface B { undefined f(long a long b); };
interface C { undefined f(optional long... a); };
interface D { undefined f(long a = 1); };
interface E { const long A; };
interface F { maplike<long>; };
interface G { setlike<long, long>; };
interface mixin H { static undefined f(); };
interface mixin I { iterable<long, long>; };
partial interface A { constructor(); };
interface J { inherit readonly attribute long a; };
interface K { stringifier DOMString f(); };
dictionary L { required long a = 1; };
dictionary M { sequence<long> a = [1]; };
