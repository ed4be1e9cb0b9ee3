// Scripted facts through all readers: what people then see of the calls.

import { expect, test } from "bun:test";
import { callFacts, type ScriptedCall } from "../../test/support/scripted-call.ts";
import { tellAll } from "../core/fact-readers.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { createCallFollower } from "./follow-calls.ts";
import { createObservers, type ObserverOptions } from "./observers.ts";
import { createRecentCalls } from "./recent-calls.ts";

const WALL_MS = Date.UTC(2026, 0, 31, 8);
const clock = { now: () => 0, after: () => () => {} };

function observe(options: Partial<ObserverOptions> = {}) {
  let wallMs = WALL_MS;
  const observers = createObservers({ wallMs: () => wallMs++, clock, env: {}, ...options });
  const read = tellAll(observers.readers);
  const tell = (facts: readonly GatewayEvent[]) => {
    for (const fact of facts) read(fact);
  };
  return { observers, tell, call: (script: ScriptedCall) => tell(callFacts(script)) };
}

test("a saved call is told with each attempt, why it was left and what followed", () => {
  const { observers, call } = observe();
  call({
    id: "c1",
    attempts: [["alpha/a", "server-error"], ["alpha/a", "overloaded"], ["beta/b"]],
    waitMs: 250,
    usage: { inputTokens: 7, outputTokens: 9 },
  });
  const record = observers.calls.get("c1");
  expect(record).toMatchObject({
    id: "c1",
    route: "chat",
    state: "ended",
    ending: "complete",
    servedBy: "target",
    target: "beta/b",
    tookMs: 550,
    firstContentMs: 490,
    usage: { inputTokens: 7, outputTokens: 9 },
    waits: [{ target: "alpha/a", startedMs: 100, delayMs: 250 }],
  });
  expect(record?.startedAt).toStartWith("2026-01-31T08:00:00.0");
  expect(record?.attempts.map(({ number, state, fault, startedMs }) => [number, state, fault, startedMs])).toEqual([
    [1, "failed", "server-error", 0],
    [2, "failed", "overloaded", 350],
    [3, "ok", undefined, 450],
  ]);
  expect(record?.attempts.map(({ why }) => why)).toEqual([
    "the provider failed inside; tried there again after 250 ms",
    "the provider says it is overloaded; went on to beta/b",
    undefined,
  ]);
});

test("how a call that was not saved ended is told", () => {
  const { observers, call } = observe();
  call({ id: "refused", attempts: [["alpha/a", "overloaded"]], ending: "refused", fault: "overloaded" });
  call({ id: "broken", attempts: [["alpha/a", "stream-broken"]], ending: "broken", fault: "stream-broken" });
  call({ id: "left", attempts: [["alpha/a", "cancelled"]], ending: "cancelled", fault: "cancelled" });
  call({ id: "unknown", route: "", attempts: [], ending: "refused", fault: "not-found" });
  const why = (id: string) => observers.calls.get(id)?.attempts[0]?.why;
  expect(why("refused")).toEndWith("nothing else was tried and the client got an error");
  expect(why("broken")).toEndWith("the client was told that the answer broke off");
  expect(why("left")).toEndWith("the client had left, so nothing else was tried");
  expect(observers.calls.get("unknown")).toMatchObject({ route: "", attempts: [], fault: "not-found" });
});

test("a call that runs is seen in each of its states", () => {
  const { observers, tell } = observe();
  const [start, attempt, commit, attemptEnd, end] = callFacts({ id: "c1" });
  const states = [start, attempt, commit, attemptEnd, end].map((fact) => {
    if (fact !== undefined) tell([fact]);
    return observers.calls.list()[0]?.state;
  });
  expect(states).toEqual(["running", "running", "streaming", "streaming", "ended"]);
  tell([...callFacts({ id: "c2" }).slice(0, 2), { type: "call-open", atMs: 1, call: "c2" }]);
  expect(observers.calls.get("c2")).toMatchObject({
    state: "open",
    attempts: [{ number: 1, state: "running", committed: false }],
  });
});

test("calls are listed newest first, by route, fault and time", () => {
  const { observers, call } = observe();
  call({ id: "c1", atMs: 0 });
  call({ id: "c2", atMs: 10, route: "other" });
  call({ id: "c3", atMs: 20, attempts: [["alpha/a", "overloaded"], ["beta/b"]] });
  const ids = (query?: Parameters<typeof observers.calls.list>[0]) => observers.calls.list(query).map(({ id }) => id);
  expect(ids()).toEqual(["c3", "c2", "c1"]);
  expect(ids({ limit: 1 })).toEqual(["c3"]);
  expect(ids({ route: "other" })).toEqual(["c2"]);
  expect(ids({ fault: "overloaded" })).toEqual(["c3"]);
  const since = Date.parse(observers.calls.get("c2")?.startedAt ?? "");
  expect(ids({ sinceMs: since })).toEqual(["c3", "c2"]);
  expect(ids({ limit: 0 })).toEqual([]);
});

test("the oldest ended calls are forgotten; those that run are not", () => {
  const recent = createRecentCalls(3);
  const follower = createCallFollower(() => WALL_MS, [recent.read]);
  const first = callFacts({ id: "running" })[0];
  if (first !== undefined) follower.read(first);
  for (let i = 1; i <= 10; i++) callFacts({ id: `c${i}`, atMs: i }).forEach(follower.read);
  expect(recent.list(follower.running).map(({ id }) => id)).toEqual(["c10", "c9", "c8", "running"]);
  expect(recent.get(follower.running, "c1")).toBeUndefined();
  expect(follower.running.size).toBe(1);
});

test("a client's long model name is cut", () => {
  const { observers, call } = observe();
  call({ id: "c1", model: "x".repeat(100_000) });
  expect(observers.calls.get("c1")?.model.length).toBe(257);
});

test("a reader that throws harms neither the others nor the teller", () => {
  const seen: string[] = [];
  const bad = () => {
    throw new Error("a bug of a reader");
  };
  const follower = createCallFollower(() => WALL_MS, [bad, (event) => void seen.push(event.type)]);
  callFacts({ id: "c1" }).forEach(follower.read);
  expect(seen).toEqual(["call-start", "attempt-start", "call-commit", "attempt-end", "call-end"]);
});

test("facts of unknown calls are taken in silence", () => {
  const { observers, tell } = observe();
  tell(callFacts({ id: "c1" }).slice(1));
  expect(observers.calls.list()).toEqual([]);
});
