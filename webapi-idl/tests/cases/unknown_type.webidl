// Source: A Case
// Date: 2026-07-01

interface Headers {};
enum Mode { "a" };
interface mixin Body {};
namespace console {};
interface A {
	attribute Header headers;
  undefined f(sequence<Nothing> a, Body b);
  console g();
};
interface B : Missing {};
interface C : Mode {};
interface D : Haeders {};
dictionary E : Headers {};
