// What a scenario hands back, how it is judged and how it is printed: on the terminal and as `RESULTS.md`.
// It measures nothing.

import { cpus, loadavg, totalmem } from "node:os";
import type { Subject } from "./gateway.ts";
import type { Quartiles } from "./measure.ts";

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: Readonly<Partial<Record<Subject, Quartiles>>>;
  /** Gateway ÷ relay and limit ÷ relay, of the pairs, not of the medians. */
  readonly ratio?: Quartiles;
  readonly limitRatio?: Quartiles;
  /** The most that is allowed, of the ratio or of the gateway's own value. Absent: for information. */
  readonly gate?: { readonly of: "ratio" | "gateway"; readonly most: number };
  readonly samples: number;
  /** Calls that did not get everything. Any fails the figure. */
  readonly lost: number;
  readonly notes: readonly string[];
}

export interface RunFacts {
  readonly quick: boolean;
  readonly noise: boolean;
}

/** True when the figure misses its gate or a call was lost. */
export function missed(figure: Figure): boolean {
  if (figure.lost > 0) return true;
  if (figure.gate === undefined) return false;
  const value = figure.gate.of === "ratio" ? figure.ratio : figure.values.gateway;
  return !(value !== undefined && value.median <= figure.gate.most);
}

function verdict(figure: Figure, facts: RunFacts): string {
  if (figure.lost > 0) return `FAIL: ${figure.lost} lost`;
  if (facts.noise || figure.gate === undefined) return "";
  return missed(figure) ? "FAIL" : "PASS";
}

function decimals(value: number): string {
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

function spread(value: Quartiles | undefined, form: (value: number) => string): string {
  if (value === undefined) return "";
  return `${form(value.median)} (${form(value.q1)}–${form(value.q3)})`;
}

const COLUMNS = ["figure", "relay", "gateway", "limit", "gateway ÷ relay", "limit ÷ relay", "gate", "", "samples"];

function row(figure: Figure, facts: RunFacts): string[] {
  const ratioForm = (value: number): string => value.toFixed(3);
  const gate = figure.gate === undefined || facts.noise ? "" : `≤ ${figure.gate.most}`;
  return [
    `${figure.name}, ${figure.unit}`,
    spread(figure.values.relay, decimals),
    spread(figure.values.gateway, decimals),
    spread(figure.values.limit, decimals),
    spread(figure.ratio, ratioForm),
    spread(figure.limitRatio, ratioForm),
    gate,
    verdict(figure, facts),
    String(figure.samples),
  ];
}

function lines(figures: readonly Figure[], facts: RunFacts): string[] {
  const rows = [COLUMNS, ...figures.map((figure) => row(figure, facts))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(COLUMNS), rule, ...rows.slice(1).map(line)];
}

/** The table with its notes, for the terminal and for Markdown alike. */
export function table(figures: readonly Figure[], facts: RunFacts): string {
  const notes = figures.flatMap((figure) => figure.notes.map((note) => `- ${figure.name}: ${note}`));
  return [...lines(figures, facts), "", ...notes, ""].join("\n");
}

/** One line on the machine: what a reader needs to place the absolute figures. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${model}, ${memory} GB, Bun ${Bun.version}, ${process.platform} ${process.arch}, load before the run ${loadavg()[0]?.toFixed(2)}`;
}

/** The page that `--write` leaves. */
export function resultsPage(figures: readonly Figure[], facts: RunFacts, where: string): string {
  const date = new Date().toISOString().slice(0, 10);
  return `# Results of the bench

${date} · ${where}${facts.quick ? " · quick run" : ""}

Written by \`npm run bench -- --write\`; [README.md](README.md) says how it measures. Medians, quartiles in parentheses.
Absolute values are those of this machine on that day; the ratios are what is judged.

${table(figures, facts)}`;
}
