import { expect, test } from "bun:test";
import type { Call, Inspected } from "../core/call.ts";
import { type AttemptTimeouts, timeoutsFor } from "./timeouts.ts";

const AUTO: AttemptTimeouts = { connectMs: 5_000, firstTokenMs: "auto", wholeMs: "auto", idleMs: "auto" };

function call(asked: Partial<Inspected>): Call {
  const inspected: Inspected = { model: "m", stream: true, thinks: false, modelSpan: { start: 0, end: 0 }, ...asked };
  return {
    id: "c",
    operation: "generate",
    dialect: "openai-chat",
    model: "m",
    stream: true,
    body: new Uint8Array(),
    inspected,
    headers: {},
    query: "",
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: "t",
    criticality: "default",
    retryCount: 0,
  };
}

test.each<[string, Partial<AttemptTimeouts>, Partial<Inspected>, ReturnType<typeof timeoutsFor>]>([
  ["auto, cold", {}, { maxTokens: 1_000 }, all(30_000, 80_000, 45_000, 60_000)],
  ["auto, no limit set", {}, {}, all(30_000, 30_000 + 409_600, 45_000, 60_000)],
  ["auto, thinking", {}, { maxTokens: 1_000, thinks: true }, all(300_000, 350_000, 45_000, 300_000)],
  ["auto, nothing to write", {}, { maxTokens: 0 }, all(30_000, 30_000, 45_000, 60_000)],
  ["set", { firstTokenMs: 8_000, wholeMs: 9_000, idleMs: 15_000 }, {}, all(8_000, 9_000, 15_000, 20_000)],
  ["whole follows a set first token", { firstTokenMs: 8_000 }, { maxTokens: 20 }, all(8_000, 9_000, 45_000, 60_000)],
  ["set idle, thinking", { idleMs: 15_000 }, { thinks: true, maxTokens: 0 }, all(300_000, 300_000, 15_000, 300_000)],
])("%s", (_, set, asked, expected) => {
  expect(timeoutsFor({ ...AUTO, ...set }, call(asked))).toEqual(expected);
});

function all(firstTokenMs: number, wholeMs: number, idleMs: number, progressMs: number) {
  return { firstTokenMs, wholeMs, idleMs, progressMs };
}
