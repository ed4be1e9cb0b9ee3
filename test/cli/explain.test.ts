// What `explain` says against what the engine does: every scripted fault of the simulator, played by its providers byte by
// byte, and the rule `nextMove` asked by itself.

import { expect, test } from "bun:test";
import { explanationText } from "../../src/cli/explain-text.ts";
import { type Explanation, explainRoute } from "../../src/cli/explanation.ts";
import { type ClientOutcome, faultOutcomes } from "../../src/cli/fault-outcomes.ts";
import { tinyCall } from "../../src/cli/tiny-call.ts";
import { loadSettings } from "../../src/config/load-yaml.ts";
import { renderProblems } from "../../src/config/problem.ts";
import type { DialectId } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { FAULTS, type FaultKind, fault } from "../../src/core/fault.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Settings } from "../../src/core/settings.ts";
import { deliver } from "../../src/engine/deliver.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { nextMove } from "../../src/policies/next-move.ts";
import { FAULT_SCRIPT_KINDS, type FaultScript, standingFault } from "../../src/sim/fault-script.ts";
import { SIM_PROVIDER_DEFAULTS } from "../../src/sim/provider.ts";
import { createWorld } from "../../src/sim/world.ts";

const CONFIG = `providers:
  alpha: { dialect: anthropic-messages, url: "http://alpha.sim", key: none }
  beta: { dialect: openai-chat, url: "http://beta.sim/v1", key: none }
routes:
  both: { targets: [alpha/a, beta/b] }
  alone: { targets: [alpha/a] }
  hasty: { targets: [beta/b, alpha/a], attempts: 2, retry-wait: off }
  "claude-*": { targets: ["alpha/*", beta/b], timeouts: { first-token: 10s } }
`;
const LADDER = `${CONFIG.replace("routes:", 'gamma: { dialect: openai-chat, url: "http://gamma.sim/v1", key: none, tier: local }\nroutes:').replace(/^gamma/m, "  gamma")}  ladder: { targets: [alpha/a], last-resort: [gamma/g, { canned: Back soon. }] }
`;
const DIALECTS: readonly DialectId[] = ["anthropic-messages", "openai-chat"];

function loaded(text = CONFIG) {
  const config = loadSettings(text, { file: "f.yaml", env: {} });
  if (!config.ok) throw new Error(renderProblems(config.problems));
  return config;
}
const { settings } = loaded();

interface Play {
  readonly route: string;
  readonly dialect: DialectId;
  readonly stream: boolean;
  readonly script: FaultScript;
  /** Everywhere and always, or at the first provider in the first millisecond. */
  readonly always: boolean;
}

/** One call through the real engine over simulated providers that misbehave as scripted. */
async function play({ route, dialect, stream, script, always }: Play) {
  const first = settings.routes.find(({ name }) => name === route)?.targets[0]?.provider ?? "";
  const scheduled = { ...standingFault(script), ...(!always && { forMs: 0.001, on: [first] }) };
  const providers = settings.providers.map(({ name, dialect }) => ({ ...SIM_PROVIDER_DEFAULTS, name, dialect }));
  const world = createWorld({ seed: 7, providers, faults: [scheduled] });
  const events: GatewayEvent[] = [];
  const engine = createEngine({ settings, runtime: world.runtime, readers: [(event) => void events.push(event)] });
  let status = 0;
  const call = tinyCall({ id: "c", dialect, model: route, stream });
  const cancel = new CancelSource();
  void deliver(engine, call, cancel, 1e9).then((delivery) => {
    status = delivery.status;
    // What has begun to flow is of no interest here.
    cancel.cancel(fault("cancelled", "seen enough"));
  });
  await world.run(Number.POSITIVE_INFINITY);
  const ends = events.filter((event) => event.type === "attempt-end");
  const waits = events.flatMap((event) => (event.type === "retry-wait" ? [event.delayMs] : []));
  return {
    kind: ends[0]?.committed === false ? ends[0].fault : undefined,
    alike: ends.every((end) => end.fault === ends[0]?.fault),
    targets: ends.map(({ target }) => target),
    waitMs: waits[0] ?? 0,
    status,
  };
}

function outcomeOf(
  rows: Awaited<ReturnType<typeof faultOutcomes>>,
  kind: FaultKind,
  dialect: DialectId,
): ClientOutcome {
  const row = rows.find((candidate) => candidate.kind === kind);
  if (row === undefined) throw new Error(`explain says nothing of ${kind}`);
  return row.clients[dialect];
}

/** On a lane that translates, a 400 to a request of ours counts as `unsupported`; explain speaks of what the provider said. */
function saidBy(script: FaultScript, kind: FaultKind): FaultKind {
  return script.kind === "bad-request" && kind === "unsupported" ? "invalid-request" : kind;
}

const SCRIPTS: readonly FaultScript[] = [
  ...FAULT_SCRIPT_KINDS.filter((kind) => kind !== "rate-limit").map((kind) => ({ kind, after: 0 })),
  { kind: "reset" },
  { kind: "status", status: 429 },
  { kind: "status", status: 413 },
  { kind: "status", status: 502 },
];

for (const route of ["both", "alone", "hasty"]) {
  test(`route ${route}: explain says what the engine does on every scripted fault`, async () => {
    const rows = await faultOutcomes(settings, route);
    const kinds = new Set<FaultKind>();
    for (const script of SCRIPTS) {
      for (const dialect of DIALECTS) {
        for (const stream of [false, true]) {
          const once = await play({ route, dialect, stream, script, always: false });
          if (once.kind === undefined) continue;
          const kind = saidBy(script, once.kind);
          kinds.add(kind);
          const where = JSON.stringify({ script, dialect, stream, kind });
          const { next, tried, status } = outcomeOf(rows, kind, dialect);
          expect([where, once.targets[1]]).toEqual([where, next === "final" ? undefined : next.target]);
          if (next !== "final") expect(once.waitMs).toBeWithin(next.waitMs[0], next.waitMs[1] + 1);
          const always = await play({ route, dialect, stream, script, always: true });
          // A fault that the second provider words in another way is another row.
          if (!always.alike) continue;
          expect([where, always.targets, always.status]).toEqual([where, [...tried], status]);
        }
      }
    }
    const seen: readonly FaultKind[] = [
      "invalid-request",
      "too-large",
      "context-too-long",
      "rate-limited",
      "credential-rejected",
      "model-missing",
      "overloaded",
      "server-error",
      "first-token-timeout",
      "whole-timeout",
      "malformed-reply",
      "empty-reply",
      "stream-broken",
      "connect-failed",
    ];
    expect([...seen].filter((kind) => !kinds.has(kind))).toEqual([]);
  }, 60_000);
}

test("a retry-after is waited for as explain says", async () => {
  const rows = await faultOutcomes(settings, "both");
  for (const [seconds, which] of [
    ["2", "shortWait"],
    ["4", "longWait"],
  ] as const) {
    const seen = await play({
      route: "both",
      dialect: "openai-chat",
      stream: false,
      script: { kind: "rate-limit", retryAfter: seconds },
      always: false,
    });
    const told = outcomeOf(rows, "rate-limited", "openai-chat")[which];
    if (told === undefined || told === "final") throw new Error("explain says that nothing comes after it");
    expect(seen.targets[1] ?? "").toBe(told.target);
    expect(told.again).toBe(which === "shortWait");
    if (which === "shortWait") expect(seen.waitMs).toBeWithin(2_000, 2_401);
  }
  expect(outcomeOf(await faultOutcomes(settings, "hasty"), "rate-limited", "openai-chat").shortWait).toBeUndefined();
});

test("for a client of the target's own dialect, explain says what nextMove decides", async () => {
  const candidate = {
    pausedMs: 0,
    waitedFor: false,
    failedBefore: false,
    drained: false,
    noKey: false,
    spareKey: false,
    admitted: true,
    strained: false,
    full: false,
    crowded: false,
    soonestMs: 0,
  };
  const rows = await faultOutcomes(settings, "both");
  for (const { kind, from, clients } of rows) {
    if (from !== "attempt") continue;
    for (const mayRetry of [true, false]) {
      const move = nextMove({
        history: [{ candidate: 0, fault: fault(kind, "") }],
        candidates: ["alpha", "beta"].map((domain) => ({ ...candidate, domain, mayRetry })),
        attemptsMax: 3,
        retryWaitMs: 3_000,
        remainingMs: 600_000,
        random: 0.5,
      });
      const { next, withoutBudget } = clients["anthropic-messages"];
      const told = mayRetry ? next : withoutBudget;
      const wanted = move.type === "stop" ? "final" : (["alpha/a", "beta/b"][move.candidate] ?? "");
      expect([kind, mayRetry, told === "final" ? "final" : told.target]).toEqual([kind, mayRetry, wanted]);
    }
  }
});

test("every kind of fault is there, and what is final in the table is final", async () => {
  const rows = await faultOutcomes(settings, "both");
  expect(rows.map(({ kind }) => kind)).toEqual(Object.keys(FAULTS) as FaultKind[]);
  for (const { kind, clients } of rows) {
    if (FAULTS[kind].retry === "never") expect([kind, clients["anthropic-messages"].next]).toEqual([kind, "final"]);
    for (const { status } of Object.values(clients)) expect(status).toBeWithin(400, 600);
  }
});

async function explained(name: string, text = CONFIG): Promise<Explanation> {
  const explanation = await explainRoute(loaded(text), name);
  if (explanation === undefined) throw new Error("no such route");
  return explanation;
}

test("a pattern's route is explained for a name that it matches; each value says where it came from", async () => {
  const { route, model, origin, targets, path } = await explained("claude-x");
  expect([route, model, origin]).toEqual(["claude-*", "claude-x", "f.yaml:8:15"]);
  expect(targets.map(({ target, lanes }) => [target, lanes["anthropic-messages"], lanes["openai-chat"]])).toEqual([
    ["alpha/claude-x", "native", "translated"],
    ["beta/b", "translated", "native"],
  ]);
  expect(path.map(({ step }) => step)).toEqual([
    "deadline",
    "last-resort",
    "keep",
    "refused",
    "resume",
    "shed",
    "pursue",
    "headroom",
    "bulkhead",
    "quota",
    "attempt",
  ]);
  const values = path.flatMap((step) => step.values);
  expect(values.find(({ name }) => name === "first-token")).toEqual({
    name: "first-token",
    value: "10s",
    origin: "f.yaml:8:72",
  });
  expect(values.find(({ name }) => name === "total")).toEqual({ name: "total", value: "10m", origin: "default" });
});

test("the text has every fault, every target, and no key", async () => {
  const secret = CONFIG.replace("key: none", "key: sk-secret");
  const text = explanationText(await explained("both", secret));
  for (const kind of Object.keys(FAULTS)) expect(text).toContain(`  ${kind} `);
  expect(text).toContain("again after 0–250 ms within the retry budget, else beta/b");
  expect(text).toContain("1, 1, 2 → anthropic-messages 529, openai-chat 503");
  expect(text).not.toContain("sk-secret");
});

test("several keys of a provider are tried before another target", async () => {
  const two: Settings = {
    ...settings,
    providers: settings.providers.map((provider) => ({ ...provider, keys: ["one", "two"] })),
  };
  const rows = await faultOutcomes(two, "both");
  expect(outcomeOf(rows, "rate-limited", "openai-chat").next).toEqual({
    target: "alpha/a",
    again: true,
    waitMs: [0, 0],
  });
});

test("the last resorts of a route, in their order and with where they are written", async () => {
  const explanation = await explainRoute(loaded(LADDER), "ladder");
  const step = explanation?.path.find(({ step }) => step === "last-resort");
  expect(step?.values.map(({ value }) => value)).toEqual(["gamma/g", "canned"]);
  expect(step?.values[0]?.origin).toContain("f.yaml:10");
  const overloaded = explanation?.faults.find(({ kind }) => kind === "overloaded")?.clients["openai-chat"];
  expect([overloaded?.tried, overloaded?.status]).toEqual([["alpha/a", "alpha/a", "gamma/g"], 200]);
  expect(explanation && explanationText(explanation)).toContain("1, 1, gamma/g → 200");
  const silent = (await explainRoute(loaded(), "alone"))?.path.find(({ step }) => step === "last-resort");
  expect(silent?.values).toMatchObject([{ value: "stale-cache", origin: "default" }]);
  const without = loaded(CONFIG.replace(/\balone: \{/, "alone: { cache: off,"));
  expect((await explainRoute(without, "alone"))?.path.map(({ step }) => step)).not.toContain("last-resort");
});
