// A contract of one's own with a provider, from a YAML file: what it promises, in the words of the catalog's promises. It is
// no part of the configuration; `report sla` is given it.

import * as z from "zod";
import type { SlaEntry, SlaGuarantee } from "../../catalog/slas.ts";
import { FAILURE_CLASSES } from "../core/sla.ts";
import { integer, list, object, oneOf, scalar, text } from "./fields.ts";
import { shapeIssues } from "./issues.ts";
import { readYaml } from "./load-yaml.ts";
import type { Issue, Problem } from "./problem.ts";
import { timeZone } from "./quantities.ts";
import { parseDuration, parseShare } from "./units.ts";

export interface Contract
  extends Pick<SlaEntry, "name" | "models" | "timeZone" | "definition" | "remedy" | "claiming" | "exclusions"> {
  /** As the configuration names it. */
  readonly provider: string;
  readonly guarantee: SlaGuarantee;
}

export type ReadContract =
  | { readonly ok: true; readonly contract: Contract }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const MINUTE_MS = 60_000;

const share = scalar(parseShare, "a share such as 99.9%");
const minutes = scalar((value) => {
  const ms = parseDuration(value);
  return ms !== undefined && ms % MINUTE_MS === 0 && ms >= MINUTE_MS && ms <= 1_440 * MINUTE_MS
    ? ms / MINUTE_MS
    : undefined;
}, "whole minutes such as 5m, at most 24h");
const runs = object({ "error-share": share, least: minutes }, "{ error-share: 5%, least: 5m }");
const RULES =
  "request-ratio | { interval-mean: 5m } | { downtime-periods: { error-share: 5%, least: 5m } } | { minute-sum: { error-share: 50%, least: 5m } }";
const failures = list(oneOf(...FAILURE_CLASSES), `a list of ${FAILURE_CLASSES.join(", ")}`);

const schema = object({
  name: text("a name for people"),
  provider: text("a provider, as the configuration names it"),
  models: list(text("a model's name; * at its end stands for the rest"), "a list of models").optional(),
  "time-zone": timeZone.optional(),
  promised: share,
  rule: z.union(
    [
      oneOf("request-ratio"),
      object(
        { "interval-mean": minutes.optional(), "downtime-periods": runs.optional(), "minute-sum": runs.optional() },
        RULES,
      ),
    ],
    { error: RULES },
  ),
  errors: failures,
  "left-out": failures.optional(),
  credits: list(object({ below: share, share }), "a list of { below: 99.9%, share: 10% }").optional(),
  of: text("what a credit is a share of").optional(),
  claim: z
    .union(
      [object({ days: integer(1, 366), from: oneOf("incident", "month-end") }), object({ months: integer(0, 24) })],
      {
        error: "{ days: 30, from: incident | month-end } | { months: 2 }",
      },
    )
    .optional(),
  definition: text("a sentence").optional(),
  remedy: text("a sentence").optional(),
  claiming: text("a sentence").optional(),
  exclusions: list(text("a few words"), "a list of what does not count").optional(),
});

type Written = z.output<typeof schema>;

/** `file` is only for messages. */
export function readContract(source: string, file: string): ReadContract {
  const { tree, problems, locate } = readYaml(source, file);
  if (problems.length > 0) return { ok: false, problems };
  const shape = schema.safeParse(tree ?? {});
  const issues = shape.success ? meaningIssues(shape.data) : shapeIssues(shape.error.issues, tree ?? {});
  if (!shape.success || issues.length > 0) return { ok: false, problems: issues.map(locate) };
  return { ok: true, contract: contractOf(shape.data) };
}

/** What no schema can see. */
function meaningIssues({ promised, rule, errors, "left-out": leftOut = [], credits = [] }: Written): Issue[] {
  const issues: Issue[] = [];
  if (typeof rule === "object" && Object.keys(rule).length !== 1) {
    issues.push({ path: ["rule"], message: "is not one rule", allowed: RULES });
  }
  if (!(promised > 0 && promised < 1)) {
    issues.push({ path: ["promised"], message: "is no promise", allowed: "more than 0% and less than 100%" });
  }
  if (errors.length === 0) issues.push({ path: ["errors"], message: "is empty: nothing could ever break it" });
  leftOut.forEach((kind, index) => {
    if (errors.includes(kind)) issues.push({ path: ["left-out", index], message: `${kind} is among the errors too` });
  });
  credits.forEach(({ below, share: due }, index) => {
    if (below > promised) issues.push({ path: ["credits", index, "below"], message: "is above what is promised" });
    const cheaper = credits.some((other) => other.below > below && other.share > due);
    if (cheaper) issues.push({ path: ["credits", index, "share"], message: "is less than for a better month" });
  });
  return issues;
}

function contractOf(written: Written): Contract {
  const { name, provider, models, promised, errors, credits = [], of = "the month's fees", claim } = written;
  return {
    name: name.trim(),
    provider: provider.trim(),
    ...(models && { models: models.map(patternOf) }),
    timeZone: written["time-zone"] ?? "UTC",
    definition: written.definition ?? "",
    remedy: written.remedy ?? "",
    claiming: written.claiming ?? "",
    exclusions: written.exclusions ?? [],
    guarantee: {
      promised,
      rule: ruleOf(written.rule),
      errors,
      leftOut: written["left-out"] ?? [],
      bands: credits,
      of,
      ...(claim && { claim }),
    },
  };
}

function ruleOf(rule: Written["rule"]): SlaGuarantee["rule"] {
  if (typeof rule === "string") return { kind: rule };
  const { "interval-mean": intervalMinutes, "downtime-periods": periods, "minute-sum": sum } = rule;
  if (intervalMinutes !== undefined) return { kind: "interval-mean", intervalMinutes };
  if (periods !== undefined) return { kind: "downtime-periods", ...runsOf(periods) };
  return sum === undefined ? { kind: "request-ratio" } : { kind: "minute-sum", ...runsOf(sum) };
}

function runsOf(written: z.output<typeof runs>): { readonly errorShare: number; readonly leastMinutes: number } {
  return { errorShare: written["error-share"], leastMinutes: written.least };
}

function patternOf(model: string): string {
  const name = model.trim();
  const literal = name.replace(/\*$/, "").replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return `^${literal}${name.endsWith("*") ? "" : "$"}`;
}
