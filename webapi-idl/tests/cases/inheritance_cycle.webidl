// Source: A Case
// Date: 2026-07-01

interface A : B {};
interface B : C {};
interface C : A {};
interface D : A {};
dictionary E : E {};
