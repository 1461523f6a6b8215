// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Numbers {
  undefined small(byte a, octet b, short c, unsigned short d);
  undefined large(long a, unsigned long b, long long c, unsigned long long d);
  undefined floating(float a, unrestricted float b, double c, unrestricted double d);
  undefined clamped([Clamp] octet a, [Clamp] long long b);
  undefined enforced([EnforceRange] octet a, [EnforceRange] unsigned long long b);
};
