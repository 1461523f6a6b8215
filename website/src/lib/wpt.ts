// What the Web Platform Tests say, as of the last run that `npm run data -- --wpt` has taken over.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface Count {
  passed: number;
  total: number;
}
/** Of a member: what the tests of the IDL say, and those that name it. */
export type OfMember = Count & { named: Count };
export interface Wpt {
  date: string;
  /** `departures` are subtests that want what NANO does otherwise on purpose; they do not count. */
  folders: Record<string, Count & { tests: number; departures?: number }>;
  interfaces: Record<string, Count & { members: Record<string, OfMember>; named: Count }>;
}

const file = resolve(process.cwd(), "data/wpt.json");
export const wpt: Wpt | undefined = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
/** The runs of all tests that `cargo wpt update` has recorded, as numbers have changed. */
export interface Run {
  date: string;
  wpt: string;
  all: { passed: number; total: number; departures: number };
}
export const runs: Run[] = readFileSync(resolve(process.cwd(), "../conformance/history.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));

export const ofInterface = (name: string) => wpt?.interfaces[name];

/** All folders together. */
export const sum: Count | undefined =
  wpt && Object.values(wpt.folders).reduce((sum, { passed, total }) => ({ passed: sum.passed + passed, total: sum.total + total }), { passed: 0, total: 0 });

/** Subtests of all folders that want what NANO does otherwise on purpose. */
export const departures = Object.values(wpt?.folders ?? {}).reduce((sum, folder) => sum + (folder.departures ?? 0), 0);

/** Rounded down, so that 100 is all. */
export const percent = ({ passed, total }: Count) => (Math.floor((1000 * passed) / total) / 10).toFixed(1);
