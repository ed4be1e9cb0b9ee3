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

test.each<[string, Parameters<typeof timeoutsFor>[2], Partial<Inspected>, number, number]>([
  ["far beyond the habit", { lateMs: 5_000, tokensPerS: undefined }, { maxTokens: 0 }, 20_000, 30_000],
  ["a fast one is given ten seconds", { lateMs: 300, tokensPerS: undefined }, { maxTokens: 0 }, 10_000, 30_000],
  ["never more than cold", { lateMs: 60_000, tokensPerS: 1 }, { maxTokens: 1_000 }, 30_000, 80_000],
  ["one that thinks", { lateMs: 60_000, tokensPerS: undefined }, { maxTokens: 0, thinks: true }, 240_000, 300_000],
  ["half the speed of its slow streams", { lateMs: undefined, tokensPerS: 100 }, { maxTokens: 1_000 }, 30_000, 50_000],
  ["however fast it is", { lateMs: undefined, tokensPerS: 9_999 }, { maxTokens: 1_000 }, 30_000, 40_000],
  ["not a number", { lateMs: Number.NaN, tokensPerS: Number.NaN }, { maxTokens: 1_000 }, 30_000, 80_000],
])("learnt: %s", (_, learnt, asked, firstTokenMs, wholeMs) => {
  expect(timeoutsFor(AUTO, call(asked), learnt)).toMatchObject({ firstTokenMs, wholeMs });
  const set = { ...AUTO, firstTokenMs: 8_000, wholeMs: 9_000 };
  expect(timeoutsFor(set, call(asked), learnt)).toMatchObject({ firstTokenMs: 8_000, wholeMs: 9_000 });
});

function all(firstTokenMs: number, wholeMs: number, idleMs: number, progressMs: number) {
  return { firstTokenMs, wholeMs, idleMs, progressMs };
}
