// What is promised to each route by the providers of its targets: the report that needs no traffic.

import { csvRow } from "../core/csv.ts";
import type { Page, Section } from "./page.ts";
import { shareText } from "./wording.ts";

export interface PromisedTerms {
  readonly name: string;
  /** Sold apart under this name: it holds only where it was bought. */
  readonly tier?: string;
  /** 0..1; absent: nothing is promised. */
  readonly promised?: number;
  readonly definition: string;
  readonly remedy: string;
  readonly claiming: string;
  /** Until when one claims, in words; absent: not known, or nothing to claim. */
  readonly claimWithin?: string;
  readonly exclusions: readonly string[];
  /** Absent, as the next two: a contract of one's own. */
  readonly source?: string;
  readonly verified?: string;
  readonly confidence?: string;
}

export interface PromisedReport {
  readonly report: "promised";
  readonly routes: readonly {
    readonly route: string;
    readonly targets: readonly { readonly target: string; readonly promises: readonly PromisedTerms[] }[];
  }[];
}

export function promisedPage({ routes }: PromisedReport): Page {
  const all = new Map<string, PromisedTerms>();
  for (const { targets } of routes) {
    for (const { promises } of targets) for (const one of promises) all.set(one.name, one);
  }
  return {
    title: "What providers promise",
    about: [
      "As far as it could be read, each with its source and its day. A contract of your own wins over it (--contract).",
    ],
    sections: [
      {
        title: "By route",
        table: {
          head: ["route", "target", "promise", "of the month"],
          rows: routes.flatMap(({ route, targets }) => targets.flatMap((target) => rowsOf(route, target))),
        },
      },
      ...[...all.values()].map(sectionOf),
    ],
  };
}

/** A row for each promise of each target; a target without any has one too. */
export function promisedCsv({ routes }: PromisedReport): string {
  const head = ["route", "target", "promise", "sold_apart", "promised", "definition", "remedy", "claiming"];
  const more = ["claim_within", "does_not_count", "source", "verified", "confidence"];
  const rows = routes.flatMap(({ route, targets }) =>
    targets.flatMap(({ target, promises }) => {
      if (promises.length === 0) return csvRow([route, target, ...Array.from({ length: 11 }, () => "")]);
      return promises.map((one) =>
        csvRow([
          ...[route, target, one.name, one.tier ?? "", one.promised ?? "", one.definition, one.remedy, one.claiming],
          ...[one.claimWithin ?? "", one.exclusions.join("; "), one.source ?? "", one.verified ?? ""],
          one.confidence ?? "",
        ]),
      );
    }),
  );
  return csvRow([...head, ...more]) + rows.join("");
}

type Target = PromisedReport["routes"][number]["targets"][number];

function rowsOf(route: string, { target, promises }: Target): readonly (readonly string[])[] {
  if (promises.length === 0) return [[route, target, "none is known", "nothing"]];
  return promises.map((one) => [route, target, titleOf(one), promisedText(one)]);
}

function sectionOf(one: PromisedTerms): Section {
  const { definition, remedy, claiming, claimWithin, exclusions, source, verified, confidence } = one;
  const said: readonly (readonly [string, string | undefined])[] = [
    ["Promised", promisedText(one)],
    ["Downtime", definition],
    ["Does not count", exclusions.join(", ")],
    ["Remedy", remedy],
    ["Claiming", claiming],
    ["Claim within", claimWithin],
    ["Source", source ?? "a contract of your own"],
    ["Verified", verified],
    ["Confidence", confidence],
  ];
  return {
    title: titleOf(one),
    lines: said.flatMap(([what, text]) => (text === undefined || text === "" ? [] : [`${what}: ${text}`])),
  };
}

function titleOf({ name, tier }: PromisedTerms): string {
  return tier === undefined ? name : `${name} (sold apart)`;
}

function promisedText({ promised }: PromisedTerms): string {
  return promised === undefined ? "nothing" : shareText(promised);
}
