// Each invariant is broken once by hand, so that the watch is known to see it.

import { expect, test } from "bun:test";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Settings } from "../core/settings.ts";
import { identityOf } from "../engine/keyed-target.ts";
import { createCells } from "../state/cells.ts";
import { standingFault } from "./fault-script.ts";
import { SIM_PROVIDER_DEFAULTS } from "./provider.ts";
import { createWatch, type Watched } from "./watch.ts";

const url = (name: string) => `http://${name}.sim`;
const NAMES = ["alpha", "beta"];

function judge(play: (tools: Tools) => void, more: Partial<Watched> = {}): readonly string[] {
  const cells = createCells();
  let inFlight = 0;
  const watch = createWatch({
    // Of the settings only providers and routes are read.
    settings: {
      providers: NAMES.map((name) => ({ name, url: url(name), keys: ["k"], dialect: "openai-chat" })),
      routes: [{ name: "r", targets: NAMES.map((provider) => ({ provider, model: "m" })) }],
    } as unknown as Settings,
    providers: NAMES.map((name) => ({ ...SIM_PROVIDER_DEFAULTS, name, dialect: "openai-chat" })),
    faults: [],
    cells,
    inFlight: () => inFlight,
    ...more,
  });
  const belief = (name: string) => cells.belief(identityOf({ name, url: url(name) }, "m"));
  play({
    // Only the fields that the watch reads.
    see: (event) => watch.see({ call: "c", atMs: 0, route: "r", target: "alpha/m", ...event } as GatewayEvent),
    sighted: (retryAfter, endedAtMs) =>
      watch.sighted({
        provider: "alpha",
        number: 1,
        atMs: endedAtMs,
        endedAtMs,
        status: 429,
        retryAfter,
        ended: "done",
        events: 0,
        method: "POST",
        path: "/",
        model: "m",
        stream: false,
      }),
    belief,
    cells,
    open: (count) => {
      inFlight = count;
    },
  });
  watch.atRest();
  return watch
    .invariants()
    .filter(({ held }) => !held)
    .map(({ name }) => name.slice(0, name.indexOf(":")));
}

interface Tools {
  see(event: Partial<Record<string, unknown>> & { readonly type: GatewayEvent["type"] }): void;
  sighted(retryAfter: string, endedAtMs: number): void;
  belief(name: string): ReturnType<ReturnType<typeof createCells>["belief"]>;
  readonly cells: ReturnType<typeof createCells>;
  open(count: number): void;
}

test("a quiet run holds", () => {
  expect(judge(({ see }) => [0, 1, 2].forEach((s) => void see({ type: "call-start", atMs: s * 1_000 })))).toEqual([]);
});

test("I1: more retries at one domain than its budget has", () => {
  const broken = judge(({ see }) => {
    for (let number = 0; number < 14; number++) {
      const call = `c${number}`;
      see({ type: "call-start", call });
      for (let attempt = 1; attempt <= 2; attempt++) {
        see({ type: "attempt-start", call, number: attempt });
        see({ type: "attempt-end", call, number: attempt, fault: "server-error" });
      }
    }
    see({ type: "call-end", atMs: 2_000 });
  });
  expect(broken).toEqual(["I1"]);
});

test("I3: a request that nobody waits for", () => {
  expect(
    judge(({ see, open }) => {
      open(1);
      see({ type: "call-start", atMs: 1_500 });
    }),
  ).toEqual(["I3"]);
});

test("I4: a score that is no number, a budget below zero", () => {
  for (const spoil of [
    ({ belief }: Tools) => {
      belief("beta").score = Number.NaN;
    },
    ({ cells }: Tools) => {
      cells.budget("alpha").tokens = -1;
    },
  ]) {
    const play = (tools: Tools) => {
      spoil(tools);
      tools.see({ type: "call-start", atMs: 1_500 });
    };
    expect(judge(play)).toEqual(["I4"]);
  }
});

test("I5: back before the time that it was told, with another target well", () => {
  const play = (atMs: number) =>
    judge(({ see, sighted }) => {
      sighted("30", 100);
      see({ type: "call-start", atMs });
      see({ type: "attempt-start", number: 1, atMs });
      see({ type: "attempt-end", number: 1, atMs });
    });
  expect([play(5_000), play(31_000)]).toEqual([["I5"], []]);
});

test("I6: a limit that was told is met again and again", () => {
  const providers = [{ ...SIM_PROVIDER_DEFAULTS, name: "alpha", dialect: "openai-chat" as const }];
  const supplied = providers.map((provider) => ({ ...provider, supply: { requestsPerMin: 60 } }));
  const play = ({ see }: Tools): void => {
    for (let number = 0; number < 20; number++) {
      see({ type: "call-start", call: `c${number}` });
      see({ type: "attempt-start", call: `c${number}`, number: 1 });
      see({ type: "attempt-end", call: `c${number}`, number: 1, fault: "rate-limited" });
    }
  };
  expect(judge(play, { providers: supplied })).toEqual(["I6"]);
});

test("I7: two cuts in one window, a hail of probes", () => {
  const cuts = judge(({ see, belief }) => {
    const cell = belief("alpha");
    cell.state = "ramp";
    cell.windowSinceMs = 1;
    for (const [second, admission] of [0.5, 0.5, 0.35, 0.25].entries()) {
      cell.admission = admission;
      see({ type: "call-open", atMs: 1_000 * (second + 1) });
    }
  });
  expect(cuts).toEqual(["I7"]);
  const probes = ({ see }: Tools): void => {
    for (let probe = 0; probe < 50; probe++) see({ type: "probe", atMs: probe * 1_000, ok: true });
  };
  expect(judge(probes)).toEqual(["I7"]);
});

test("I8 and I9: swinging, and leaving who has done nothing", () => {
  const round = ({ see }: Tools): void => {
    for (const [from, state] of [
      ["healthy", "ejected"],
      ["ejected", "ramp"],
      ["ramp", "healthy"],
    ]) {
      see({ type: "belief", from, state });
    }
  };
  expect(judge(round)).toEqual(["I8", "I9"]);
  expect(judge(round, { faults: [standingFault({ kind: "overloaded" })] })).toEqual([]);
  expect(judge(round, { faults: [standingFault({ kind: "rate-limit" })] })).toEqual(["I9"]);
});

test("I11: the critical are shed while others are not", () => {
  const play = ({ see }: Tools): void => {
    for (const target of ["alpha/m", "beta/m"]) see({ type: "belief", from: "suspect", state: "ejected", target });
    for (let number = 0; number < 200; number++) {
      const critical = number % 2 === 0;
      see({ type: "call-start", call: `${critical ? "critical" : "sheddable"}${number}` });
      if (critical) see({ type: "call-shed", criticality: "critical", why: "outage" });
    }
  };
  const faults = [standingFault({ kind: "overloaded" })];
  const criticalityOf = (call: string) => (call.startsWith("critical") ? "critical" : "sheddable");
  expect(judge(play, { faults, criticalityOf })).toEqual(["I11"]);
});
