// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Happening {};
callback interface Listener {
  undefined handleHappening(Happening happening);
};
interface Source2 {
  undefined listen(Listener? listener);
};
