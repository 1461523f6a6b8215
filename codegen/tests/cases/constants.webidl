// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Phases {
  const unsigned short NONE = 0;
  const unsigned short SOME = 1;
  const boolean SURE = true;
};
