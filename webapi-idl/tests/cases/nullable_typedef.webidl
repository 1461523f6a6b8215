// Source: A Case
// Date: 2026-07-01

callback F = any ();
typedef F? Handler;
typedef Promise<any> Later;
interface A {
  attribute Handler? onabort;
  Later? f();
};
