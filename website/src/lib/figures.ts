// The figures of ARCHITECTURE.md, which is where they are written.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const text = readFileSync(resolve(process.cwd(), "../ARCHITECTURE.md"), "utf8");
const section = text.match(/^## Figures(.*)\n([\s\S]*?)(?=^## )/m);
if (!section) throw new Error("ARCHITECTURE.md has no section Figures");

export const circumstances = section[1].trim().replace(/^\(|\)$/g, "");
export const rows = section[2]
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .slice(2)
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()) as [string, string, string]);
/** What is said below the table. */
export const remarks = section[2].split("\n\n").filter((part) => part.trim() && !part.trim().startsWith("|")).map((part) => part.replaceAll("\n", " ").trim());

/** One figure, by words of its row; an error where there is no such row any more. */
export function figure(words: string): string {
  const row = rows.find(([what]) => what.includes(words));
  if (!row) throw new Error(`no row of ARCHITECTURE.md's figures says "${words}"`);
  return row[1];
}

/** A number of a figure's row, where `pattern` finds it in column 1 (NANO) or 2 (compared with). */
export function number(words: string, column: 1 | 2, pattern: RegExp): number {
  const row = rows.find(([what]) => what.includes(words));
  const found = row?.[column].match(pattern)?.[1];
  if (found === undefined) throw new Error(`no row of ARCHITECTURE.md's figures says "${words}" with ${pattern}`);
  return Number(found);
}
