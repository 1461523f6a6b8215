// Source: A Case
// Date: 2026-07-01

interfce A {};
interface B { };
interface C {}
dictionary D { long a };
enum E { };
enum F { "a" "b" };
callback G any ();
typedef long;
partial enum H { "a" };
partial interface I : B {};
namespace J { attribute long a; };
