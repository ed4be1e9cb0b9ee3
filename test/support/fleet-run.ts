// One run of a fleet: a provider is down for two minutes and then warms up over 400 s from a twentieth of its size, as in the
// notes on recovery. For the tests and for the page of measured figures.

import { askAndRead, drillCall } from "../../src/sim/drill-client.ts";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import { createFleet } from "../../src/sim/fleet.ts";
import type { SimProvider } from "../../src/sim/provider.ts";
import { randomStream } from "../../src/sim/random.ts";
import { warmthAt } from "../../src/sim/supply.ts";
import { createWorld } from "../../src/sim/world.ts";
import { ANTHROPIC, CHAT, on, settingsOf, sim } from "./virtual.ts";

export interface FleetPlay {
  readonly seed: number;
  readonly gateways: number;
  readonly ratePerS: number;
  /** They tell each other. */
  readonly told: boolean;
  readonly loss?: number;
  /** 40 % of its calls fail, and then none. */
  readonly partial?: boolean;
}

export interface FleetFigures {
  /** The most that was asked beyond what it could serve, as a share of normal load. */
  readonly overload: number;
  /** In all, in the mean of the outage, and in the worst 10 s of the run. */
  readonly probesPerS: number;
  readonly probesPerSMost: number;
  readonly shareOfFirst: number;
  /** Calls that failed after the provider was there again. */
  readonly failedWhileComingBack: number;
  /** Attempts on it then that failed, as a share of those sent. */
  readonly sentInVain: number;
  readonly backMs: number;
  /** From the fault until half of the gateways held it for ejected. */
  readonly detectedMs: number;
  readonly attemptsPerCall: number;
  readonly broken: readonly string[];
}

const DOWN_AT_MS = 60_000;
const HEALED_AT_MS = 180_000;
const WARM_MS = 400_000;
const END_MS = HEALED_AT_MS + WARM_MS + 60_000;
const WARM_UP = { atMs: HEALED_AT_MS, forMs: WARM_MS, from: 0.05, to: 1.3 };
const WINDOW_MS = 5_000;
const PROBES_WINDOW_MS = 10_000;
const BUS = { delayMs: [20, 200] } as const;

export async function fleetRun({
  seed,
  gateways,
  ratePerS,
  told,
  loss = 0.05,
  partial = false,
}: FleetPlay): Promise<FleetFigures> {
  const alpha = sim("alpha", ANTHROPIC, {
    errors: 0.005,
    ...(!partial && { supply: { capacityPerS: ratePerS * 1.3, warmUp: warmUp() } }),
  });
  const providers: readonly SimProvider[] = [alpha, sim("beta", CHAT, { errors: 0.005 })];
  const faults: readonly ScheduledFault[] = [
    {
      ...on("alpha", { kind: "overloaded" }),
      atMs: DOWN_AT_MS,
      forMs: HEALED_AT_MS - DOWN_AT_MS,
      share: partial ? 0.4 : 1,
    },
  ];
  const world = createWorld({ seed, providers, faults });
  const asked = new Array<number>(Math.ceil(END_MS / WINDOW_MS) + 4).fill(0);
  const first = new Array<number>(asked.length).fill(0);
  const begun = new Array<number>(asked.length).fill(0);
  const probes: number[] = [];
  const ejectedBy = new Set<number>();
  let detectedMs = Number.POSITIVE_INFINITY;
  const tally = { failed: 0, calls: 0, vain: 0, sent: 0, attempts: 0, all: 0 };
  const slot = (atMs: number): number => Math.floor(atMs / WINDOW_MS);
  const fleet = createFleet({
    world,
    settings: settingsOf(world, { providers }),
    seed,
    gateways,
    bus: told ? { ...BUS, loss } : undefined,
    untilMs: END_MS,
    reader(event, gateway) {
      const late = event.atMs >= HEALED_AT_MS;
      if (event.type === "probe") probes.push(event.atMs);
      else if (event.type === "belief" && event.state === "ejected" && event.target === "alpha/m") {
        ejectedBy.add(gateway);
        if (ejectedBy.size >= gateways / 2) detectedMs = Math.min(detectedMs, event.atMs - DOWN_AT_MS);
      } else if (event.type === "attempt-start") {
        tally.attempts++;
        if (event.target === "alpha/m") asked[slot(event.atMs)] = (asked[slot(event.atMs)] ?? 0) + 1;
        if (event.number !== 1) return;
        begun[slot(event.atMs)] = (begun[slot(event.atMs)] ?? 0) + 1;
        if (event.target === "alpha/m") first[slot(event.atMs)] = (first[slot(event.atMs)] ?? 0) + 1;
      } else if (event.type === "attempt-end" && event.target === "alpha/m" && late) {
        tally.sent++;
        if (event.fault !== undefined) tally.vain++;
      } else if (event.type === "call-end" && late) {
        tally.calls++;
        if (event.ending !== "complete") tally.failed++;
      }
    },
  });
  await traffic({ seed, ratePerS, world }, (number) => {
    tally.all++;
    const ask = { id: `call_${number}`, dialect: ANTHROPIC, model: "chat", stream: true, tools: false } as const;
    void askAndRead(fleet.engineOf(number), drillCall({ ...ask, tenant: `tenant${number % 5}` }), false);
  });
  fleet.atRest();
  const shares = begun.map((count, place) => (first[place] ?? 0) / Math.max(1, count));
  return {
    overload: overloadOf(asked, ratePerS),
    probesPerS: probes.length / ((HEALED_AT_MS - DOWN_AT_MS) / 1_000),
    probesPerSMost: mostWithin(probes, PROBES_WINDOW_MS) / (PROBES_WINDOW_MS / 1_000),
    shareOfFirst: Math.min(...shares.slice(slot(END_MS - 30_000), slot(END_MS) - 1)),
    failedWhileComingBack: tally.failed / Math.max(1, tally.calls),
    sentInVain: tally.vain / Math.max(1, tally.sent),
    detectedMs,
    attemptsPerCall: tally.attempts / Math.max(1, tally.all),
    backMs: backAfter(shares, slot(HEALED_AT_MS)),
    broken: fleet.invariants().flatMap(({ name, held }) => (held ? [] : [name])),
  };
}

/** 130 % of normal load is all of it: shares of that. */
function warmUp() {
  return { ...WARM_UP, from: WARM_UP.from / WARM_UP.to, to: 1 };
}

/** In windows of 5 s, after the provider was there again. */
function overloadOf(asked: readonly number[], ratePerS: number): number {
  let most = 0;
  for (const [place, count] of asked.entries()) {
    const atMs = place * WINDOW_MS;
    if (atMs < HEALED_AT_MS || atMs >= HEALED_AT_MS + WARM_MS) continue;
    const capacity = warmthAt(WARM_UP, atMs + WINDOW_MS / 2);
    most = Math.max(most, (count * 1_000) / WINDOW_MS / ratePerS - capacity);
  }
  return most;
}

function mostWithin(times: readonly number[], windowMs: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
}

function backAfter(shares: readonly number[], healed: number): number {
  const place = shares.findIndex((share, at) => at >= healed && share >= 0.9);
  return place < 0 ? Number.POSITIVE_INFINITY : (place - healed) * WINDOW_MS;
}

async function traffic(
  {
    seed,
    ratePerS,
    world,
  }: { readonly seed: number; readonly ratePerS: number; readonly world: ReturnType<typeof createWorld> },
  begin: (number: number) => void,
): Promise<void> {
  const random = randomStream(seed, "traffic");
  for (let atMs = 0, number = 0; ; number++) {
    atMs += (-Math.log(1 - random()) * 1_000) / ratePerS;
    if (atMs >= END_MS) break;
    await world.run(atMs);
    begin(number);
  }
  await world.run(Number.POSITIVE_INFINITY);
}
