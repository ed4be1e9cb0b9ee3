// Traces: the W3C header, the spans of a call, and their way over OTLP/HTTP to a collector on loopback.

import { afterEach, expect, test } from "bun:test";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { callFacts, type ScriptedCall } from "../../test/support/scripted-call.ts";
import { createCallFollower } from "./follow-calls.ts";
import { createSpanExport, QUEUED_SPANS_MAX } from "./otlp-export.ts";
import { spansOf } from "./spans.ts";
import { formatTraceparent, parseTraceparent, propagate, spanIdOf, traceIdOf } from "./trace-context.ts";
import { createTraces, tracesWanted } from "./traces.ts";
import type { TrackedCall } from "./tracked-call.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const CLIENT = `00-${TRACE}-${PARENT}-01`;

test("traceparent: what is valid is read, all else begins a new trace", () => {
  expect(parseTraceparent(CLIENT)).toEqual({ traceId: TRACE, spanId: PARENT, sampled: true });
  expect(parseTraceparent(CLIENT.replace(/01$/, "00"))?.sampled).toBe(false);
  expect(parseTraceparent(`cc-${TRACE}-${PARENT}-01-what-the-future-brings`)?.traceId).toBe(TRACE);
  for (const bad of [
    undefined,
    "",
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${"0".repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    CLIENT.toUpperCase(),
    `${CLIENT}0`,
  ]) {
    expect(parseTraceparent(bad)).toBeUndefined();
  }
});

test("ids of spans are well-formed, differ, and follow from the call alone", () => {
  const ids = new Set<string>();
  for (let call = 0; call < 5_000; call++) {
    for (const number of [0, 1, 2, 3]) ids.add(spanIdOf(`call_${call}`, number));
    expect(traceIdOf(`call_${call}`)).toMatch(/^[\da-f]{32}$/);
  }
  expect(ids.size).toBe(20_000);
  for (const id of ids) if (!/^[\da-f]{16}$/.test(id)) throw new Error(id);
  expect(spanIdOf("call_1", 1)).toBe(spanIdOf("call_1", 1));
});

test("an attempt's request continues the client's trace, or begins the call's", () => {
  const span = spanIdOf("c1", 2);
  expect(propagate({ id: "c1", headers: { traceparent: CLIENT } }, 2)).toEqual({
    traceparent: formatTraceparent({ traceId: TRACE, spanId: span, sampled: true }),
  });
  expect(propagate({ id: "c1", headers: {} }, 2)).toEqual({ traceparent: `00-${traceIdOf("c1")}-${span}-01` });
});

function tracked(script: ScriptedCall): TrackedCall {
  const calls: TrackedCall[] = [];
  const follower = createCallFollower(() => 1_000_000, [(_event, call) => void calls.push(call)]);
  callFacts(script).forEach(follower.read);
  const call = calls.at(-1);
  if (call === undefined) throw new Error("no call");
  return call;
}

const SAVED: ScriptedCall = {
  id: "c1",
  attempts: [["alpha/a", "overloaded"], ["beta/b/c"]],
  usage: { inputTokens: 3, outputTokens: 5, cacheReadTokens: 1 },
  trace: { parent: CLIENT, state: "vendor=x" },
};
const resource = resourceFromAttributes({});

test("a call is a span of the client's trace, each attempt one below it", () => {
  const [call, first, second, ...more] = spansOf(tracked(SAVED), resource);
  expect(more).toEqual([]);
  expect(call?.name).toBe("chat chat");
  expect(call?.spanContext()).toMatchObject({ traceId: TRACE, spanId: spanIdOf("c1", 0) });
  expect(call?.spanContext().traceState?.serialize()).toBe("vendor=x");
  expect(call?.parentSpanContext).toMatchObject({ spanId: PARENT, isRemote: true });
  expect([call?.startTime, call?.endTime, call?.duration]).toEqual([
    [1_000, 0],
    [1_000, 200_000_000],
    [0, 200_000_000],
  ]);
  expect(call?.attributes).toMatchObject({
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "chat",
    "gen_ai.provider.name": "beta",
    "gen_ai.response.model": "b/c",
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read.input_tokens": 1,
    "holdfast.attempts": 2,
  });
  expect(call?.status.code).toBe(0);
  expect(first?.parentSpanContext?.spanId).toBe(spanIdOf("c1", 0));
  expect(first?.spanContext().spanId).toBe(spanIdOf("c1", 1));
  expect(first?.attributes).toMatchObject({ "error.type": "overloaded", "http.response.status_code": 529 });
  expect(first?.status).toEqual({ code: 2, message: "it said overloaded" });
  expect(second).toMatchObject({ name: "chat b/c", startTime: [1_000, 100_000_000] });
});

test("a client that does not sample is obeyed", () => {
  const unsampled = { parent: CLIENT.replace(/01$/, "00") };
  expect(spansOf(tracked({ id: "c1", trace: unsampled }), resource)).toEqual([]);
});

const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  delete process.env[ENDPOINT];
});

function collector(status = 200) {
  const bodies: unknown[] = [];
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      bodies.push({ path: new URL(request.url).pathname, json: await request.json() });
      return new Response("{}", { status, headers: { "content-type": "application/json" } });
    },
  });
  stops.push(() => void server.stop(true));
  process.env[ENDPOINT] = `http://127.0.0.1:${server.port}`;
  return bodies;
}

test("spans reach a collector over OTLP/HTTP", async () => {
  const bodies = collector();
  const spans = createSpanExport(() => {});
  spans.add(tracked(SAVED));
  await spans.close();
  expect(bodies).toMatchObject([
    {
      path: "/v1/traces",
      json: {
        resourceSpans: [
          {
            resource: {
              attributes: expect.arrayContaining([{ key: "service.name", value: { stringValue: "holdfast" } }]),
            },
            scopeSpans: [
              {
                scope: { name: "holdfast" },
                spans: [
                  { traceId: TRACE, parentSpanId: PARENT, kind: 2, startTimeUnixNano: "1000000000000" },
                  { traceId: TRACE, parentSpanId: spanIdOf("c1", 0), kind: 3, status: { code: 2 } },
                  { traceId: TRACE, parentSpanId: spanIdOf("c1", 0), kind: 3 },
                ],
              },
            ],
          },
        ],
      },
    },
  ]);
  expect(spans.dropped).toBe(0);
});

test("a collector that refuses costs dropped spans and one sentence", async () => {
  collector(400);
  const said: string[] = [];
  const spans = createSpanExport((message) => void said.push(message));
  spans.add(tracked(SAVED));
  await spans.close();
  expect(spans.dropped).toBe(3);
  expect(said).toEqual([expect.stringContaining("traces cannot be exported")]);
});

test("without a collector the queue stays within its limit", () => {
  process.env[ENDPOINT] = "http://127.0.0.1:9";
  const spans = createSpanExport(() => {});
  const call = tracked(SAVED);
  const calls = QUEUED_SPANS_MAX;
  for (let i = 0; i < calls; i++) spans.add(call);
  expect(spans.dropped).toBe(3 * calls - QUEUED_SPANS_MAX);
});

test("calls that end before the exporter is loaded are kept for it", async () => {
  const added: string[] = [];
  const load = async () => ({
    add: (call: TrackedCall) => void added.push(call.start.call),
    dropped: 0,
    close: () => Promise.resolve(),
  });
  const traces = createTraces(load, () => {});
  const follower = createCallFollower(() => 0, [traces.read]);
  callFacts({ id: "early" }).forEach(follower.read);
  expect(added).toEqual([]);
  await traces.close();
  callFacts({ id: "late" }).forEach(follower.read);
  expect(added).toEqual(["early", "late"]);
});

test("an exporter that cannot be loaded is told once and costs nothing more", async () => {
  const said: string[] = [];
  const traces = createTraces(
    () => Promise.reject(new Error("not installed")),
    (message) => void said.push(message),
  );
  await traces.close();
  expect(said).toEqual(["traces are off: not installed"]);
});

test("traces are wanted where an endpoint is set and nothing turns them off", () => {
  expect(tracesWanted({})).toBe(false);
  expect(tracesWanted({ [ENDPOINT]: "http://x" })).toBe(true);
  expect(tracesWanted({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://x" })).toBe(true);
  expect(tracesWanted({ [ENDPOINT]: "http://x", OTEL_SDK_DISABLED: "true" })).toBe(false);
  expect(tracesWanted({ [ENDPOINT]: "http://x", OTEL_TRACES_EXPORTER: "none" })).toBe(false);
});
