// Source: A Case
// Date: 2026-07-01

interface A { iterable<long>; };
interface B { iterable<long, long>; undefined forEach(); };
interface C { iterable<long, long>; maplike<long, long>; };
interface D : B { setlike<long>; };
interface E { async_iterable<any>; attribute long values; };
interface F { maplike<long, long>; undefined set(long a, long b); readonly attribute long size; };
