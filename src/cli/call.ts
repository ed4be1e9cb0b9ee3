// `holdfast call ID`: explains one call of a running gateway: what was asked, each attempt and why it was left, what the
// client got.

import type { Usage } from "../core/usage.ts";
import { type Paint, paint, printable } from "../observe/call-line.ts";
import { wantsColour } from "../observe/call-log.ts";
import type { AttemptView, CallRecord } from "../observe/call-record.ts";
import { duration } from "../observe/tracked-call.ts";
import type { Aside } from "../server/asides.ts";
import type { PassedOver } from "../server/passed-over.ts";
import { type Command, misuse } from "./command.ts";
import { readFlags } from "./flags.ts";
import { GATEWAY_FLAGS, GATEWAY_HELP, openGateway } from "./gateway-client.ts";

const HELP = `holdfast call ID [--gateway URL | --config FILE] [--json]

Explains one call: what was asked, each attempt and why it was left, what the client got. The id is in the header
x-holdfast-call of every response, and in the call log. A gateway keeps its newest 1,000 calls, and as many requests that
were refused before they had a route, or passed through.

  --json          one object on one line: the call's record
${GATEWAY_HELP}

Exit codes: 0 done, 1 the gateway does not answer or does not know the call, 2 bad use.`;

export const call: Command = { summary: "explain one call of a running gateway", help: HELP, run: runCall };

async function runCall(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, GATEWAY_FLAGS, 1);
  if (!parsed.ok) return misuse("call", parsed.message);
  const [id] = parsed.rest;
  if (id === undefined || id === "") return misuse("call", "which call? Its id is in the header x-holdfast-call");
  const gateway = await openGateway(parsed.flags);
  if ("problem" in gateway) return misuse("call", gateway.problem);
  const told = await gateway.get(`/admin/v1/calls/${encodeURIComponent(id)}`);
  const record = told.ok ? (asAside(told.json) ?? asRecord(told.json)) : undefined;
  if (record === undefined) {
    console.error(`holdfast call: ${told.ok ? `${gateway.url} is no Holdfast gateway` : told.message}`);
    return 1;
  }
  const tint = paint(wantsColour(process.env, process.stdout.isTTY));
  const lines = "aside" in record ? explainAside(record, tint) : explainCall(record, tint);
  console.log(parsed.flags.json === true ? JSON.stringify(record) : lines.join("\n"));
  return 0;
}

function asAside(json: unknown): Aside | undefined {
  // Made by the gateway at the other end; the rest of its shape is taken on trust.
  return typeof json === "object" && json !== null && "aside" in json ? (json as Aside) : undefined;
}

/** What never was a call of a route. */
function explainAside(raw: Aside, tint: Paint): readonly string[] {
  const { id, aside, status, dialect, at, fault, message = "", method, path, provider } = printable(raw);
  const refused = aside === "refused";
  const how = refused ? tint("red", `refused (${fault})`) : tint("yellow", `passed through to ${provider}`);
  return [
    `${tint("bold", id)}  ${how}, HTTP ${status}`,
    `  asked    ${refused ? dialect : `${method} ${path}`}`,
    `  answered ${at}`,
    `  ${refused ? `before it had a route: ${message}` : "unprotected: nothing of it was tried again, failed over or counted"}`,
  ];
}

/** A record as the admin API gives it; `undefined` for anything else. */
export function asRecord(json: unknown): Told | undefined {
  if (typeof json !== "object" || json === null || !("id" in json) || !("attempts" in json)) return undefined;
  // Made by `recordOf` at the other end; the rest of its shape is taken on trust.
  return typeof json.id === "string" && Array.isArray(json.attempts) ? (json as Told) : undefined;
}

/** A call's record, and which targets were passed over when it came. */
export type Told = CallRecord & { readonly passedOver?: readonly PassedOver[] };

/** The explanation, line by line. */
export function explainCall(raw: Told, tint: Paint): readonly string[] {
  const record = printable(raw);
  const { route, operation, dialect, stream, tenant, model } = record;
  const asked = [
    model,
    operation === "generate" ? dialect : `${dialect}, ${operation}`,
    stream ? "streamed" : "whole",
    route === "" ? "no route has this model" : `route ${route}`,
    ...(tenant === "default" ? [] : [`tenant ${tenant}`]),
  ];
  return [
    `${tint("bold", record.id)}  ${summary(record, tint)}`,
    `  asked    ${asked.join(" · ")}`,
    `  started  ${record.startedAt}`,
    ...passedLines(record, tint),
    ...record.attempts.flatMap((attempt) => attemptLines(attempt, record, tint)),
    `  the client got ${received(record)}`,
  ];
}

/** Targets that were left before this call came, and why. */
function passedLines({ passedOver = [] }: Told, tint: Paint): readonly string[] {
  return passedOver.flatMap(({ target, state, since, why }) => [
    `  –  ${tint("bold", target)}  ${tint("yellow", `not asked: ${state}`)} since ${since}`,
    `       ${why}`,
  ]);
}

function summary({ state, ending, fault, tookMs = 0 }: CallRecord, tint: Paint): string {
  if (state !== "ended") return tint("yellow", state === "running" ? "still running" : "still streaming");
  const colour = ending === "complete" ? "green" : ending === "cancelled" ? "dim" : "red";
  return `${tint(colour, ending ?? "")}${fault === undefined ? "" : ` (${fault})`} after ${duration(tookMs)}`;
}

function attemptLines(attempt: AttemptView, { waits, stream }: CallRecord, tint: Paint): readonly string[] {
  const { number, target, startedMs, state, fault, status, tookMs, why, message, requestId } = attempt;
  const http = status === undefined || fault === undefined ? "" : ` (HTTP ${status})`;
  const verdict = state === "ok" ? tint("green", "ok") : state === "failed" ? tint("red", fault ?? "failed") : state;
  const facts = [
    `at ${duration(startedMs)}`,
    ...(tookMs === undefined ? [] : [`took ${duration(tookMs)}`]),
    ...(attempt.firstContentMs === undefined || !stream
      ? []
      : [`first content after ${duration(attempt.firstContentMs)}`]),
    ...tokens(attempt.usage),
  ];
  const wait = waits.find(
    (one) => one.target === target && Math.abs(one.startedMs + one.delayMs - startedMs) < one.delayMs,
  );
  const more = [
    wait && number > 1 ? `waited ${duration(wait.delayMs)} first` : "",
    why ?? "",
    message === undefined ? "" : tint("dim", message),
    requestId === undefined ? "" : tint("dim", `the provider's request id: ${requestId}`),
  ];
  return [
    `  ${number}. ${tint("bold", target)}  ${verdict}${http}  ${facts.join(", ")}`,
    ...more.filter((line) => line !== "").map((line) => `       ${line}`),
  ];
}

function received(record: CallRecord): string {
  const { state, ending, target, degraded, servedBy, firstContentMs, tookMs = 0, usage } = record;
  if (state !== "ended") return state === "streaming" ? `content of ${target} so far` : "nothing yet";
  if (ending === "cancelled") return "what it took before it left";
  if (ending === "refused") return "an error, with this trail in its body";
  const first =
    record.stream && firstContentMs !== undefined ? `first content after ${duration(firstContentMs)}, ` : "";
  const which = ending === "broken" ? "a part of the answer and then an error" : "the whole answer";
  const from = servedBy === undefined || servedBy === "target" ? "" : ` (${servedBy})`;
  const lesser = degraded === undefined ? "" : `; degraded: ${degraded}`;
  return `${which} of ${target}${from}: ${[`${first}all after ${duration(tookMs)}`, ...tokens(usage)].join(", ")}${lesser}`;
}

function tokens(usage: Usage | undefined): readonly string[] {
  return usage === undefined ? [] : [`${usage.inputTokens ?? "?"}+${usage.outputTokens ?? "?"} tokens`];
}
