// Reads what a process has cost (CPU and resident memory, Linux `/proc`) and sums samples up. The CPU is that of all its
// threads: Bun does the I/O of `fetch` on another thread than JavaScript's.

import { readFileSync } from "node:fs";

export interface Quartiles {
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
}

const FALLBACK_TICKS_PER_SECOND = 100;

function ticksPerSecond(): number {
  const told = Number(Bun.spawnSync(["getconf", "CLK_TCK"]).stdout.toString());
  return told > 0 ? told : FALLBACK_TICKS_PER_SECOND;
}

let msPerTick = 0;

/** User and system CPU time of the process with all its threads, in ms; steps of one tick, 10 ms as a rule. */
export function cpuMs(pid: number): number {
  if (msPerTick === 0) msPerTick = 1000 / ticksPerSecond();
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The command's name, in parentheses, may hold blanks: count the fields behind it. The first there is field 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * msPerTick;
}

/** Resident memory in KB. */
export function rssKb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  return Number(line?.[1] ?? Number.NaN);
}

/** True if the process has started others, whose cost `cpuMs` and `rssKb` would miss. */
export function hasChildren(pid: number): boolean {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim() !== "";
}

/** The value below which `share` of the sorted values lie, interpolated. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** Median and quartiles. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((one, other) => one - other);
  return { q1: quantile(sorted, 0.25), median: quantile(sorted, 0.5), q3: quantile(sorted, 0.75) };
}
