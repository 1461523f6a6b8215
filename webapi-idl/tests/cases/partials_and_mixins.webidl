// Source: A Case
// Date: 2026-07-01

interface A {};
partial interface B {};
partial dictionary A { long a; };
interface mixin M {};
A includes M;
A includes M;
A includes N;
A includes A;
C includes M;
M includes M;
partial interface mixin Mm {};
