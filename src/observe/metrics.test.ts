// `/metrics` read by a strict parser of the exposition format, over scripted facts.

import { expect, test } from "bun:test";
import { callFacts, type ScriptedCall } from "../../test/support/scripted-call.ts";
import { createCallFollower } from "./follow-calls.ts";
import { createMetrics, METRICS, OTHER, TARGETS_MAX } from "./metrics.ts";

interface Parsed {
  readonly types: Map<string, string>;
  readonly samples: Map<string, number>;
}

const NUMBER = /^(?:[+-]?Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const SAMPLE = /^([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-z])|(?=\})))+\})? (\S+)$/;

/** Throws at anything the format does not allow: order of HELP and TYPE, syntax, repeated series, broken histograms. */
function parse(text: string): Parsed {
  expect(text.endsWith("\n")).toBe(true);
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line);
    if (help?.[1] !== undefined) {
      if (types.has(help[1])) throw new Error(`a family twice: ${line}`);
      family = help[1];
    } else if (type?.[1] !== undefined) {
      if (type[1] !== family) throw new Error(`TYPE without HELP: ${line}`);
      types.set(family, type[2] ?? "");
    } else {
      const sample = SAMPLE.exec(line);
      const name = sample?.[1] ?? "";
      const allowed = types.get(family) === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      if (!allowed.some((ending) => name === family + ending)) throw new Error(`outside of its family: ${line}`);
      if (!NUMBER.test(sample?.[3] ?? "")) throw new Error(`no number: ${line}`);
      const series = name + (sample?.[2] ?? "");
      if (samples.has(series)) throw new Error(`a series twice: ${series}`);
      samples.set(series, Number(sample?.[3]?.replace("Inf", "Infinity")));
    }
  }
  checkHistograms(samples);
  return { types, samples };
}

function checkHistograms(samples: ReadonlyMap<string, number>): void {
  for (const [series, count] of samples) {
    const of = /^(\w+)_count(?:\{(.*)\})?$/.exec(series);
    if (of === null) continue;
    const buckets = [...samples].filter(([name]) => name.startsWith(`${of[1]}_bucket{${of[2]},le=`));
    expect(buckets.at(-1)?.[0]).toContain('le="+Inf"');
    expect(buckets.at(-1)?.[1]).toBe(count);
    buckets.reduce((least, [, value]) => {
      expect(value).toBeGreaterThanOrEqual(least);
      return value;
    }, 0);
  }
}

function measure(...scripts: readonly ScriptedCall[]): Parsed & { readonly tell: (script: ScriptedCall) => Parsed } {
  const metrics = createMetrics({
    running: () => follower.running,
    startedWallMs: 1_000,
    dropped: () => ({ log: 3 }),
  });
  const follower = createCallFollower(() => 0, [metrics.read]);
  const tell = (script: ScriptedCall) => {
    callFacts(script).forEach(follower.read);
    return parse(metrics.text());
  };
  for (const script of scripts) callFacts(script).forEach(follower.read);
  return { ...parse(metrics.text()), tell };
}

test("before any call every family is there, with its type", () => {
  const { types, samples } = measure();
  expect([...types.keys()].sort()).toEqual(
    Object.values(METRICS)
      .map(([name]) => name)
      .sort(),
  );
  for (const [name, type] of types) expect(name.endsWith("_total")).toBe(type === "counter");
  expect(samples.get("holdfast_bugs_total")).toBe(0);
  expect(samples.get("holdfast_start_time_seconds")).toBe(1);
  expect(samples.get('holdfast_observations_dropped_total{reader="log"}')).toBe(3);
});

test("calls, attempts, times, tokens and waits are counted", () => {
  const { samples } = measure(
    { id: "c1", usage: { inputTokens: 10, outputTokens: 4, cacheReadTokens: 6 } },
    {
      id: "c2",
      attempts: [["alpha/a", "overloaded"], ["beta/b"]],
      waitMs: 500,
      degraded: "model",
      usage: { outputTokens: 5 },
    },
    { id: "c3", attempts: [["alpha/a", "overloaded"]], ending: "refused", fault: "overloaded" },
    { id: "c4", attempts: [], ending: "refused", fault: "not-found", route: "" },
  );
  const expected = {
    'holdfast_calls_total{route="chat",outcome="complete",served_by="target",degraded=""}': 1,
    'holdfast_calls_total{route="chat",outcome="complete",served_by="target",degraded="model"}': 1,
    'holdfast_calls_total{route="chat",outcome="refused",served_by="",degraded=""}': 1,
    'holdfast_calls_total{route="",outcome="refused",served_by="",degraded=""}': 1,
    'holdfast_call_faults_total{route="chat",fault="overloaded"}': 1,
    'holdfast_call_faults_total{route="",fault="not-found"}': 1,
    'holdfast_attempts_total{target="alpha/a",fault="ok"}': 1,
    'holdfast_attempts_total{target="alpha/a",fault="overloaded"}': 2,
    'holdfast_attempts_total{target="beta/b",fault="ok"}': 1,
    'holdfast_tokens_total{target="alpha/a",kind="input"}': 10,
    'holdfast_tokens_total{target="alpha/a",kind="cache_read"}': 6,
    'holdfast_tokens_total{target="beta/b",kind="output"}': 5,
    'holdfast_retry_waits_total{target="beta/b"}': 1,
    'holdfast_retry_wait_seconds_total{target="beta/b"}': 0.5,
    'holdfast_time_to_first_token_seconds_count{route="chat"}': 2,
    'holdfast_time_to_first_token_seconds_bucket{route="chat",le="0.05"}': 1,
    'holdfast_call_duration_seconds_sum{route="chat"}': 0.8,
    // One attempt and one wait of the second call; nothing of the first.
    'holdfast_added_latency_seconds_sum{route="chat"}': 0.6,
    'holdfast_added_latency_seconds_bucket{route="chat",le="0.0005"}': 1,
    holdfast_calls_in_flight: 0,
  };
  for (const [series, value] of Object.entries(expected)) {
    expect([series, samples.get(series)]).toEqual([series, expect.closeTo(value, 9)]);
  }
});

test("a whole call has no time to first token; open streams and calls in flight are seen", () => {
  const metrics = createMetrics({ running: () => follower.running, startedWallMs: 0, dropped: () => ({}) });
  const follower = createCallFollower(() => 0, [metrics.read]);
  callFacts({ id: "whole", stream: false }).forEach(follower.read);
  callFacts({ id: "begun" }).slice(0, 2).forEach(follower.read);
  callFacts({ id: "streaming" }).slice(0, 3).forEach(follower.read);
  const { samples } = parse(metrics.text());
  expect(samples.get('holdfast_time_to_first_token_seconds_count{route="chat"}')).toBe(0);
  expect(samples.get("holdfast_calls_in_flight")).toBe(2);
  expect(samples.get("holdfast_open_streams")).toBe(1);
});

test("limits: what is under way, who had no room, who was spared, what is left of a quota", () => {
  const metrics = createMetrics({ running: () => follower.running, startedWallMs: 0, dropped: () => ({}) });
  const follower = createCallFollower(() => 0, [metrics.read]);
  const [begun, asked] = callFacts({ id: "c1" });
  if (begun === undefined || asked === undefined) throw new Error("no facts");
  const limits = [{ kind: "requests", limit: 60, remaining: 12 }] as const;
  const attempt = { call: "c1", atMs: 0, target: "alpha/a" } as const;
  follower.read(begun);
  follower.read({ ...attempt, type: "target-full", target: "full/m" });
  follower.read(asked);
  expect(parse(metrics.text()).samples.get('holdfast_attempts_in_flight{target="alpha/a"}')).toBe(1);
  const over = { number: 1, committed: false, tookMs: 1, pausedMs: 0, limits };
  follower.read({ ...attempt, ...over, type: "attempt-end" });
  follower.read({ call: "c1", atMs: 0, type: "call-shed", criticality: "default", why: "outage" });
  const { samples } = parse(metrics.text());
  expect(samples.get('holdfast_attempts_in_flight{target="alpha/a"}')).toBe(0);
  expect(samples.get('holdfast_target_full_total{target="full/m"}')).toBe(1);
  expect(samples.get('holdfast_calls_shed_total{route="chat",criticality="default",why="outage"}')).toBe(1);
  expect(samples.get('holdfast_quota_limit{target="alpha/a",kind="requests"}')).toBe(60);
  expect(samples.get('holdfast_quota_remaining{target="alpha/a",kind="requests"}')).toBe(12);
});

test("names that clients make up do not make series without end", () => {
  const { tell } = measure();
  for (let i = 0; i < TARGETS_MAX + 50; i++) tell({ id: `c${i}`, attempts: [[`alpha/made-up-${i}`]] });
  const { samples } = tell({ id: "last", attempts: [["alpha/made-up-0"]] });
  const targets = [...samples.keys()].filter((series) => series.startsWith("holdfast_attempts_total"));
  expect(targets.length).toBe(TARGETS_MAX + 1);
  expect(samples.get(`holdfast_attempts_total{target="${OTHER}",fault="ok"}`)).toBe(50);
  expect(samples.get('holdfast_attempts_total{target="alpha/made-up-0",fault="ok"}')).toBe(2);
});

test("label values are escaped", () => {
  const { samples } = measure({ id: "c1", attempts: [['alpha/"quoted"\\ and\nbroken']] });
  expect(samples.get('holdfast_attempts_total{target="alpha/\\"quoted\\"\\\\ and\\nbroken",fault="ok"}')).toBe(1);
});
