// Source: A Case
// Date: 2026-07-01

interface A { getter long (unsigned long index); };
interface B { getter long item(unsigned long index); readonly attribute double length; };
interface C { getter long item(unsigned long index); readonly attribute long length; iterable<DOMString>; };
interface D { getter long item(unsigned long index); readonly attribute long length; iterable<long, long>; };
interface E : D { setlike<long>; };
interface F { getter long item(unsigned long index); readonly attribute long length; iterable<long>; };
