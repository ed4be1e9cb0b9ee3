// What belief costs a call at 1 000 calls a second: standing, watching and both halves of its outcome, as the engine runs them
// around an attempt, less the same without. `npm run bench:belief`; a quarter of a minute. Exit 1: over its share.

import type { Call } from "../src/core/call.ts";
import { CancelSource } from "../src/core/cancel.ts";
import { isFault } from "../src/core/fault.ts";
import type { Answer, Ending, Reply } from "../src/core/reply.ts";
import type { Runtime } from "../src/core/runtime.ts";
import type { Scope } from "../src/core/service.ts";
import type { Target } from "../src/core/target.ts";
import { DIALECTS } from "../src/dialects/registry.ts";
import { createBelieving } from "../src/engine/believing.ts";
import { createCells } from "../src/state/cells.ts";
import { quartiles } from "./measure.ts";
import { requestBody } from "./payload.ts";

const RATE_PER_S = 1_000;
/** Calls that wait for their first content at once: a second each. */
const WAITING = 1_000;
const CALLS = 200_000;
const ROUNDS = 7;
/** Of a call's CPU, which is the least that was measured of the gateway (RESULTS.md). */
const [SHARE, CALL_US] = [0.01, 250];
const FAILING = 0.005;

let nowMs = 0;
let seed = 20_260_623;
function random(): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) / 0x1_0000_0000;
}

const runtime: Runtime = {
  clock: { now: () => nowMs, after: () => () => {} },
  wallMs: () => nowMs,
  random,
  transport: () => Promise.reject(new Error("nothing is sent here")),
};
const scope: Scope = { runtime, cancel: new CancelSource(), emit() {} };
const body = new TextEncoder().encode(requestBody("anthropic", "m", true));
const inspected = DIALECTS["anthropic-messages"].wire.inspect(body, "generate");
if (isFault(inspected)) throw new Error(inspected.message);

const TENANTS = ["t0", "t1", "t2", "t3", "t4"];
const HEADERS = {};

/** Written out, as the answer is: a harness that costs more than what it measures drowns it in its own noise. */
function callOf(number: number): Call {
  if (isFault(inspected)) throw new Error(inspected.message);
  return {
    id: `call_${number}`,
    operation: "generate",
    dialect: "anthropic-messages",
    model: "m",
    stream: true,
    body,
    inspected,
    headers: HEADERS,
    query: "",
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: TENANTS[number % TENANTS.length] ?? "",
    retryCount: 0,
  };
}

const ended: Ending = {
  kind: "complete",
  usage: { inputTokens: 200, outputTokens: 150 },
  firstContentMs: 1_000,
  tookMs: 3_000,
  pausedMs: 0,
};

const UNDER_WAY = { written: 150, writingMs: () => 2_000 };
const FRAMES = { read: () => Promise.resolve(undefined), underWay: UNDER_WAY };
const NOTHING: readonly never[] = [];
const stay = (): void => {};

function answer(ending: Promise<Ending>): Answer {
  return {
    ok: true,
    target: "p/m",
    ending,
    dialect: "anthropic-messages",
    status: 200,
    headers: HEADERS,
    servedBy: "target",
    lossy: NOTHING,
    frames: FRAMES,
    trail: NOTHING,
    cancel: { cancel: stay },
  };
}

interface Open {
  readonly resolve: (reply: Reply) => void;
  readonly end: (ending: Ending) => void;
  readonly reply: Reply;
}

/** Each call is answered when `WAITING` others have come after it. In µs of CPU a call. */
async function played(believed: boolean): Promise<number> {
  const cells = createCells();
  const target: Target = {
    id: "p/m",
    provider: "p",
    model: "m",
    dialect: "anthropic-messages",
    domain: "p",
    tier: "remote",
    price: { inputPerMillionUsd: 3, outputPerMillionUsd: 15 },
  };
  const context = { cells, identity: "p", provider: "p", target, probesUsdPerDay: 0, send: () => never() };
  const believing = createBelieving(context);
  const open: Open[] = [];
  const before = process.cpuUsage();
  for (let number = 0; number < CALLS; number++) {
    nowMs += 1_000 / RATE_PER_S;
    const call = callOf(number);
    const send = () => {
      let end: (ending: Ending) => void = () => {};
      const reply: Reply =
        random() < FAILING
          ? { ok: false, fault: { kind: "overloaded", message: "no" }, trail: [] }
          : answer(new Promise((resolve) => (end = resolve)));
      return new Promise<Reply>((resolve) => open.push({ resolve, end, reply }));
    };
    if (believed) {
      believing.stand(call, scope);
      void believing.watch(call, scope, { key: undefined, beganMs: nowMs, send, came: stay });
    } else void send();
    if (open.length < WAITING) continue;
    const due = open.splice(0, 50);
    for (const { resolve, reply } of due) resolve(reply);
    await Promise.resolve();
    await Promise.resolve();
    for (const { end } of due) end(ended);
    await Promise.resolve();
    await Promise.resolve();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

function never(): Promise<Reply> {
  return new Promise(() => {});
}

const [withIt, without]: [number[], number[]] = [[], []];
await played(true);
await played(false);
for (let round = 0; round < ROUNDS; round++) {
  withIt.push(await played(true));
  without.push(await played(false));
}
const { q1, median, q3 } = quartiles(withIt.map((cost, round) => cost - (without[round] ?? 0)));
// Other work on the machine only ever adds: the least of each is nearest to the truth, and is what is judged.
const least = Math.min(...withIt) - Math.min(...without);
const us = (value: number): string => value.toFixed(2);
const share = least / CALL_US;
console.log(
  `belief a call at ${RATE_PER_S}/s: ${us(least)} µs CPU, ${(share * 100).toFixed(2)} % of a call's ${CALL_US} µs`,
);
console.log(
  `by rounds ${us(median)} (${us(q1)}–${us(q3)}); limit ${SHARE * 100} %: ${share <= SHARE ? "PASS" : "FAIL"}`,
);
process.exit(share <= SHARE ? 0 : 1);
