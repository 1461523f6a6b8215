// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Event {};
[LegacyTreatNonObjectAsNull]
callback EventHandlerNonNull = any (Event event);
typedef EventHandlerNonNull? EventHandler;
interface Button {
  attribute EventHandler onclick;
};
