// The report of impact as one long table for spreadsheets: what, of whom, which measure, how much. Unknown is left empty.

import { csvRow } from "../core/csv.ts";
import type { ImpactReport } from "./impact-report.ts";

type Row = readonly (string | number)[];

/** Columns: section, item, measure, value. */
export function impactCsv(report: ImpactReport): string {
  const { calls, users, money, added = {}, providers, routes, slots } = report;
  const rows = (section: string, item: string, measures: object): Row[] =>
    flat(measures).map(([measure, value]) => [section, item, measure, value]);
  const all: readonly Row[] = [
    ["section", "item", "measure", "value"],
    ["span", "", "from", report.from],
    ["span", "", "to", report.to],
    ...rows("calls", "", calls),
    ...rows("users", "", users),
    ...rows("added", "", added),
    ...rows("money", "", money),
    ...providers.flatMap(({ provider, models, ...measures }) => [
      ...rows("provider", provider, measures),
      ...models.flatMap(({ model, ...of }) => rows("model", `${provider}/${model}`, of)),
    ]),
    ...routes.flatMap(({ route, ...measures }) => rows("route", route, measures)),
    ...slots.from.flatMap((from, index) =>
      rows("time", from, {
        calls: slots.calls[index],
        rescued: slots.rescued[index],
        word: slots.word[index],
        rawError: slots.rawError[index],
        failing: Object.fromEntries(
          Object.entries(slots.failing).map(([provider, values]) => [provider, values[index] ?? undefined]),
        ),
      }),
    ),
  ];
  return all.map(csvRow).join("");
}

function flat(measures: object, prefix = ""): [string, string | number][] {
  return Object.entries(measures).flatMap(([name, value]: [string, unknown]): [string, string | number][] => {
    if (typeof value === "number" || typeof value === "string") return [[prefix + name, value]];
    return typeof value === "object" && value !== null ? flat(value, `${prefix}${name}.`) : [];
  });
}
