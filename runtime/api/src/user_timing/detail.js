// What an app gives with an entry.

import { structuredSerialize } from "nano:native";

/** A copy of a detail; null where there is none. */
export function copyOfDetail(detail) {
  if (detail === undefined || detail === null) return null;
  return structuredSerialize(detail, [], "Failed to copy the detail of a performance entry").deserialize()[0];
}
