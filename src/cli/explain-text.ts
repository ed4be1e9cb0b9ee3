// The explanation of a route for people: plain columns that fit a terminal.

import type { DialectId } from "../core/call.ts";
import { FAULTS } from "../core/fault.ts";
import type { ExplainedTarget, Explanation, Value } from "./explanation.ts";
import type { ClientOutcome, FaultOutcome, Step } from "./fault-outcomes.ts";

export function explanationText({ route, model, origin, targets, path, costs, faults }: Explanation): string {
  const title = model === undefined ? route : `${model} (as ${route})`;
  return [
    `route ${title}   ${origin}`,
    "",
    "targets, best first",
    ...targets.map(targetText),
    "",
    "the path of a call",
    ...path.map(
      ({ step, does, values }) => `  ${step.padEnd(13)}${[does, ...values.map(valueLine)].join(`\n${" ".repeat(15)}`)}`,
    ),
    "",
    "what costs money beyond the calls themselves, or would",
    ...costs.map(({ feature, on, cost }) => `  ${feature.padEnd(13)}${on ? "on: " : "off; on it costs: "}${cost}`),
    "",
    ...faultTable(
      faults,
      targets.map(({ target }) => target),
    ),
  ].join("\n");
}

function valueLine({ name, value, origin }: Value): string {
  return `${name} ${value}   (${origin})`;
}

function targetText(target: ExplainedTarget, index: number): string {
  const lanes = Object.entries(target.lanes).map(([dialect, lane]) => `${dialect} clients: ${lane}`);
  const facts = [
    `domain ${target.domain}`,
    ...(target.tier === "local" ? ["local"] : []),
    ...lanes,
    ...(target.contextTokens === undefined ? [] : [`context ${target.contextTokens}`]),
    ...(target.maxOutputTokens === undefined ? [] : [`writes at most ${target.maxOutputTokens}`]),
    ...(target.price === undefined ? [] : [target.price]),
  ];
  return `  ${index + 1}  ${target.target}   (${target.origin})
     ${target.url.value}   (${target.url.origin}); ${target.key.value}   (${target.key.origin})
     ${facts.join(" · ")}`;
}

interface Row {
  readonly kind: string;
  readonly next: string;
  readonly end: string;
}

/** Where the clients of both dialects fare alike, one line; statuses are always told apart. */
function faultTable(faults: readonly FaultOutcome[], targets: readonly string[]): string[] {
  const attempt = faults.filter(({ from }) => from === "attempt").flatMap((fault) => rowsOf(fault, targets));
  const gateway = faults.filter(({ from }) => from === "gateway");
  const widths = { kind: width(attempt.map(({ kind }) => kind)), next: width(attempt.map(({ next }) => next)) };
  const line = ({ kind, next, end }: Row) =>
    `  ${kind.padEnd(widths.kind)}  ${next.padEnd(widths.next)}  ${end}`.trimEnd();
  return [
    "when the first target fails, while all else is well; and when every attempt fails so: targets by number, status",
    line({ kind: "fault", next: "then", end: "if every attempt fails so" }),
    ...attempt.map(line),
    ...waitNote(faults),
    "",
    "refused without an attempt",
    ...gateway.map(
      ({ kind, clients }) => `  ${kind.padEnd(widths.kind)}  ${statusText(clients)}   ${FAULTS[kind].summary}`,
    ),
  ];
}

function width(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

function rowsOf({ kind, clients }: FaultOutcome, targets: readonly string[]): Row[] {
  const byText = new Map<string, { next: string; dialects: DialectId[] }>();
  // The keys are dialects.
  for (const [dialect, outcome] of Object.entries(clients) as [DialectId, ClientOutcome][]) {
    const next = nextText(outcome);
    const alike = byText.get(`${next}\n${outcome.tried.join()}`) ?? { next, dialects: [] };
    alike.dialects.push(dialect);
    byText.set(`${next}\n${outcome.tried.join()}`, alike);
  }
  const alone = byText.size === 1;
  return [...byText.values()].map(({ next, dialects }, index) => {
    const told = Object.fromEntries(dialects.map((dialect) => [dialect, clients[dialect]]));
    const tried = dialects[0] === undefined ? [] : clients[dialects[0]].tried;
    return {
      kind: index === 0 ? kind : "",
      next: alone ? next : `${dialects.join(", ")} clients: ${next}`,
      end: `${tried.map((target) => targets.indexOf(target) + 1 || target).join(", ")} → ${statusText(told)}`,
    };
  });
}

/** One status for all, or each with its dialect. */
function statusText(clients: Readonly<Partial<Record<DialectId, ClientOutcome>>>): string {
  const statuses = Object.entries(clients).map(([dialect, { status }]) => ({ dialect, status }));
  const [first] = statuses;
  if (first === undefined || statuses.every(({ status }) => status === first.status))
    return String(first?.status ?? "");
  return statuses.map(({ dialect, status }) => `${dialect} ${status}`).join(", ");
}

function nextText({ next, withoutBudget, shortWait }: ClientOutcome): string {
  const waits = shortWait !== undefined && shortWait !== "final" && shortWait.again ? " ¹" : "";
  if (next === "final") return `final${waits}`;
  if (!next.again) return `${next.target}${waits}`;
  const budget = sameStep(next, withoutBudget) ? "" : ` within the retry budget, else ${targetOf(withoutBudget)}`;
  return `again${waitText(next)}${budget}${waits}`;
}

function waitText({ waitMs: [least, most] }: Step): string {
  return most === 0 ? "" : ` after ${least}–${most} ms`;
}

function targetOf(step: Step | "final"): string {
  if (step === "final") return "final";
  return step.again ? `again${waitText(step)}` : step.target;
}

function sameStep(one: Step, other: Step | "final"): boolean {
  return other !== "final" && other.target === one.target;
}

/** What a `retry-after` changes, from the first fault that shows it. */
function waitNote(faults: readonly FaultOutcome[]): string[] {
  for (const { clients } of faults) {
    for (const { shortWait, longWait } of Object.values(clients)) {
      if (shortWait === undefined || shortWait === "final" || !shortWait.again) continue;
      const [least, most] = shortWait.waitMs;
      const longer = longWait === undefined ? "" : `; asked for more: ${targetOf(longWait)}`;
      return [
        `  ¹ asked by its retry-after to wait at most ${least} ms: the same target again after that (up to ${most} ms)${longer}`,
      ];
    }
  }
  return [];
}
