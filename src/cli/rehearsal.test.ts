import { expect, test } from "bun:test";
import { loadSettings } from "../config/load-yaml.ts";
import { renderProblems } from "../config/problem.ts";
import type { Runtime } from "../core/runtime.ts";
import { systemClock } from "../runtime/clock.ts";
import { type FaultScript, standingFault } from "../sim/fault-script.ts";
import { SIM_PROVIDER_DEFAULTS } from "../sim/provider.ts";
import { randomStream } from "../sim/random.ts";
import { createWorld } from "../sim/world.ts";
import { adviceFor } from "./advice.ts";
import { rehearseLadders } from "./ladder-rehearsal.ts";
import { type Rehearsal, rehearse } from "./rehearsal.ts";

const ENV = { ALPHA_KEY: "sk-alpha", ONE: "sk-one", TWO: "sk-two" };

function loaded(routes: string, providers = "") {
  const text = `providers:
  anthropic: { url: "http://anthropic.sim", key: "\${ALPHA_KEY}" }
  openai: { url: "http://openai.sim/v1", keys: ["\${ONE}", "\${TWO}"] }
${providers}routes:
${routes}`;
  const config = loadSettings(text, { file: "f.yaml", env: ENV });
  if (!config.ok) throw new Error(renderProblems(config.problems));
  return config;
}

async function play(
  config: ReturnType<typeof loaded>,
  faults: readonly (FaultScript & { on: string })[] = [],
  totalMs = 60_000,
) {
  const providers = config.settings.providers.map(({ name, dialect }) => ({ ...SIM_PROVIDER_DEFAULTS, name, dialect }));
  const models = { anthropic: ["claude-sonnet-5"], openai: ["gpt-6-sol"] };
  const world = createWorld({
    seed: 1,
    providers: providers.map((provider) => ({
      ...provider,
      ...(provider.name in models && { models: models[provider.name as keyof typeof models] }),
    })),
    faults: faults.map(({ on, ...script }) => ({ ...standingFault(script), on: [on] })),
  });
  let rehearsal: Rehearsal | undefined;
  void rehearse(config.settings, { runtime: world.runtime, totalMs }).then((done) => {
    rehearsal = done;
  });
  await world.run(Number.POSITIVE_INFINITY);
  if (rehearsal === undefined) throw new Error("the rehearsal never ended");
  expect(world.inFlight()).toBe(0);
  return { ...rehearsal, requests: world.attempts(), tookMs: world.clock.now() };
}

const BOTH = "  chat: { targets: [anthropic/claude-sonnet-5, openai/gpt-6-sol] }\n";

test("every target, whole and streamed, each key of a provider once; what it spent", async () => {
  const config = loaded(`${BOTH}  again: { targets: [openai/gpt-6-sol] }\n`);
  const { results, spent, requests, skipped } = await play(config);
  expect(
    results.map(({ target, keyNumber, routes, whole, stream }) => [
      target,
      keyNumber,
      routes,
      whole.fault,
      stream?.fault,
    ]),
  ).toEqual([
    ["anthropic/claude-sonnet-5", undefined, ["chat"], "ok", "ok"],
    ["openai/gpt-6-sol", 1, ["chat", "again"], "ok", "ok"],
    ["openai/gpt-6-sol", 2, ["chat", "again"], "ok", "ok"],
  ]);
  expect(requests).toBe(6);
  expect(spent.calls).toBe(6);
  expect(spent.outputTokens).toBe(6);
  expect(spent.inputTokens).toBeGreaterThan(0);
  expect(skipped).toEqual([]);
  expect(results.map((result) => adviceFor(result, config))).toEqual([undefined, undefined, undefined]);
});

test("a pattern is rehearsed with a model of the catalog that it matches, or told to be skipped", async () => {
  const config = loaded(
    `  "claude-*": { targets: ["anthropic/*", "openai/*"] }\n  "claude-haiku-*": { targets: ["anthropic/*"] }\n`,
  );
  const { results, skipped } = await play(config);
  expect(results.map(({ target }) => target)).toEqual(["anthropic/claude-sonnet-5-5", "anthropic/claude-haiku-5-5"]);
  expect(skipped).toEqual(["openai/*"]);
});

for (const [script, fault, said] of [
  [{ kind: "credential" }, "credential-rejected", "the provider rejects the key: ${ALPHA_KEY}, f.yaml:2:50"],
  [{ kind: "reset" }, "connect-failed", "nothing answers at http://anthropic.sim (f.yaml:2:21)"],
  [
    { kind: "html" },
    "malformed-reply",
    "what answers at http://anthropic.sim (f.yaml:2:21) does not speak the provider's dialect (catalog)",
  ],
  [{ kind: "overloaded" }, "overloaded", "the provider says it is overloaded: the provider answered 529"],
  [{ kind: "status", status: 429 }, "rate-limited", "it is limited at the moment: try again later"],
  [{ kind: "silence" }, "deadline-exceeded", "no answer within the time of the rehearsal"],
] as const) {
  test(`${script.kind}: ${fault}`, async () => {
    const config = loaded(BOTH);
    const { results } = await play(config, [{ ...script, on: "anthropic" }]);
    const [first, second] = results;
    expect(first?.whole.fault).toBe(fault);
    expect(first?.stream).toBeUndefined();
    expect(first === undefined ? "" : adviceFor(first, config)).toStartWith(said);
    expect(second?.stream?.fault).toBe("ok");
  });
}

test("a model that the provider does not know: the nearest of the catalog", async () => {
  const config = loaded("  chat: { targets: [anthropic/claude-sonet-5, openai/nothing-like-it] }\n");
  const { results } = await play(config);
  expect(results.map((result) => adviceFor(result, config))).toEqual([
    "the provider does not know this model; did you mean anthropic/claude-sonnet-5?",
    "the provider does not know this model",
    "the provider does not know this model",
  ]);
});

test("a stream that breaks is a failure, although the whole answer came", async () => {
  const config = loaded(BOTH);
  const { results } = await play(config, [{ kind: "no-finish", on: "openai" }]);
  expect(results[1]?.stream?.fault ?? results[1]?.whole.fault).not.toBe("ok");
  expect(adviceFor(results[1] ?? results[0]!, config)).toBeDefined();
});

test("all of it ends in its time, and what was not reached is told", async () => {
  const config = loaded(BOTH);
  const { results, tookMs } = await play(config, [{ kind: "silence", on: "openai" }], 5_000);
  expect(tookMs).toBeLessThanOrEqual(5_000);
  expect(results.map(({ whole }) => whole.fault)).toEqual(["ok", "deadline-exceeded", "deadline-exceeded"]);
});

test("the ladder is rehearsed with its targets masked, in the dialect of each", async () => {
  const rungs = "last-resort: [stale-cache, { canned: Back soon. }, defer]";
  const { settings } = loaded(
    `  chat: { targets: [anthropic/claude-sonnet-5], ${rungs} }\n  other: { targets: [openai/gpt-6-sol], cache: { healthy: stem }, ${rungs} }\n  bare: { targets: [openai/gpt-6-sol], cache: off }\n`,
  );
  const runtime: Runtime = {
    clock: systemClock,
    wallMs: () => 0,
    random: randomStream(1, "ladders"),
    transport: () => Promise.reject(new Error("nobody may be asked")),
  };
  const steps = await rehearseLadders(settings, runtime);
  const expected = ["chat", "other"].flatMap((route) =>
    ["stale-cache", "canned", "defer"].map((rung) => ({ route, rung, ok: true })),
  );
  expect(steps).toEqual(expected as typeof steps);
});

test("a local model of last resort is rehearsed too, and a prepared sentence hides no failure", async () => {
  const spare = '  spare: { dialect: openai-chat, url: "http://spare.sim/v1", key: none, tier: local }\n';
  const rungs = "last-resort: [spare/small, { canned: Back soon. }]";
  const config = loaded(`  chat: { targets: [anthropic/claude-sonnet-5], ${rungs} }\n`, spare);
  const { results } = await play(config, [{ kind: "server-error", on: "anthropic" }]);
  expect(results.map(({ target, whole, stream }) => [target, whole.fault, stream?.fault])).toEqual([
    ["anthropic/claude-sonnet-5", "server-error", undefined],
    ["spare/small", "ok", "ok"],
  ]);
});
