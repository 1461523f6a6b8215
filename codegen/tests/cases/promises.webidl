// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Future {
  readonly attribute Promise<undefined> ready;
  Promise<any> wait(optional any reason);
  Promise<DOMString> after(Promise<long> other);
  static Promise<undefined> all(sequence<Promise<any>> list);
};
