// Each invariant is broken once by hand, so that the watch is known to see it.

import { describe, expect, test } from "bun:test";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Settings } from "../core/settings.ts";
import { identityOf } from "../engine/keyed-target.ts";
import { createCells } from "../state/cells.ts";
import { type ScheduledFault, standingFault } from "./fault-script.ts";
import type { Heard } from "./heard.ts";
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
    delivered: watch.delivered,
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
  delivered: ReturnType<typeof createWatch>["delivered"];
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

describe("I2", () => {
  const words = "This is alpha with m: kelp.";
  const provider = { ...SIM_PROVIDER_DEFAULTS, name: "alpha", dialect: "openai-chat" as const, words: 5 };
  const told = "This is alpha with m: ";
  const tool = { id: "t", json: "{}" };
  const whole = { end: "complete", endings: 1, text: told, tools: [] } as const;
  const end = { ending: "complete", target: "alpha/m" } as const;
  const play =
    (
      heard: Partial<Heard>,
      more: Record<string, unknown>,
      status = 200,
      facts: readonly Record<string, unknown>[] = [],
    ) =>
    ({ see, delivered }: Tools): void => {
      see({ type: "call-start" });
      for (const fact of facts) see({ ...fact } as never);
      see({ type: "call-end", ...end, ...more });
      delivered({ call: "c", status, prompt: "p", heard: { ...whole, ...heard } });
    };

  test.each<[string, (tools: Tools) => void, readonly string[]]>([
    ["a whole answer", play({}, {}), []],
    ["it has no end", play({ end: "open", endings: 0 }, {}), ["I2"]],
    ["it has two", play({ endings: 2 }, {}), ["I2"]],
    ["it looks whole and broke", play({}, { ending: "broken" }), ["I2"]],
    ["it broke, and says so", play({ end: "error", text: "This is" }, { ending: "broken" }), []],
    ["its words are another's", play({ text: words }, {}), ["I2"]],
    ["what broke is not a beginning", play({ end: "error", text: "kelp" }, { ending: "broken" }), ["I2"]],
    ["it was gone on with", play({ text: words }, {}, 200, [{ type: "resume" }]), []],
    ["a last resort has its own words", play({ text: words }, { servedBy: "canned" }), []],
    ["a refusal with content", play({ end: "error" }, { ending: "refused" }, 503), ["I2"]],
    ["a call of a tool twice", play({ text: "", tools: [tool, tool] }, {}), ["I2"]],
    ["a call of a tool that is cut", play({ text: "", tools: [{ id: "t", json: "{" }] }, {}), ["I2"]],
    ["never answered", ({ see }) => [see({ type: "call-start" }), see({ type: "call-end", ...end })], ["I2"]],
    [
      "answered, and it goes on",
      ({ delivered }) => delivered({ call: "c", status: 200, prompt: "p", heard: whole }),
      ["I2"],
    ],
  ])("%s", (_, happen, broken) => {
    expect(judge(happen, { providers: [provider], isRead: true })).toEqual([...broken]);
  });
});

describe("I3, time", () => {
  const deadlineOf = () => 10_000;

  test.each<[string, (tools: Tools) => void, readonly string[]]>([
    ["answered in time", ({ see }) => see({ type: "call-commit", atMs: 10_020 }), []],
    ["answered late", ({ see }) => see({ type: "call-commit", atMs: 10_100 }), ["I3"]],
    ["refused late", ({ see }) => see({ type: "call-end", atMs: 10_100 }), ["I3"]],
    ["still waiting", ({ see }) => see({ type: "call-open", atMs: 10_900 }), ["I3"]],
    [
      "it goes on after its beginning",
      ({ see }) => [see({ type: "call-commit", atMs: 9_000 }), see({ type: "call-end", atMs: 19_000 })],
      [],
    ],
  ])("%s", (_, happen, broken) => {
    const play = (tools: Tools): void => {
      tools.see({ type: "call-start", stream: true });
      happen(tools);
    };
    expect(judge(play, { deadlineOf })).toEqual([...broken]);
    if (broken.length > 0) {
      expect(judge(play, { deadlineOf, jumps: [{ atMs: 5_000, wallMs: 0, asleepMs: 6_000 }] })).toEqual([]);
    }
  });

  test("what cannot be in time is begun again and again", () => {
    const broken = judge(
      ({ see, open }) => {
        for (let number = 0; number < 200; number++) {
          const call = `c${number}`;
          open(0);
          see({ type: "call-start", call, stream: true, atMs: number });
          see({ type: "attempt-start", call, number: 1, atMs: number });
          see({ type: "attempt-end", call, number: 1, atMs: number, firstContentMs: 900 });
          see({ type: "call-end", call, atMs: number });
        }
      },
      { deadlineOf: () => 300 },
    );
    expect(broken).toEqual(["I3"]);
  });
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

describe("I8 and I9", () => {
  const sick = (more: Partial<ScheduledFault>) => ({ ...standingFault({ kind: "overloaded" }), ...more });
  const leave = ({ see }: Tools, atMs: number) => see({ type: "belief", from: "suspect", state: "ejected", atMs });
  const comeBack = ({ see }: Tools, atMs: number) => see({ type: "belief", from: "ramp", state: "healthy", atMs });
  const round = (tools: Tools, fromMs: number): void => {
    leave(tools, fromMs);
    comeBack(tools, fromMs + 60_000);
  };
  const minute = 60_000;

  test.each<[string, readonly ScheduledFault[], (tools: Tools) => void, readonly string[]]>([
    ["left for nothing", [], (tools) => leave(tools, 1), ["I9"]],
    ["left for a caller's doing", [standingFault({ kind: "rate-limit" })], (tools) => leave(tools, 1), ["I9"]],
    ["one round for one fault", [sick({ forMs: minute })], (tools) => round(tools, 1), []],
    [
      "two rounds for one fault",
      [sick({ forMs: minute })],
      (tools) => [round(tools, 1), round(tools, 2 * minute)],
      ["I8"],
    ],
    [
      "two rounds for a fault that fades",
      [sick({ forMs: minute, share: 0.4 }), sick({ atMs: minute, forMs: minute, share: 0.12 })],
      (tools) => [round(tools, 1), round(tools, 2 * minute)],
      ["I8"],
    ],
    [
      "two rounds for two faults",
      [sick({ forMs: minute }), sick({ atMs: 3 * minute, forMs: minute })],
      (tools) => [round(tools, 1), round(tools, 3 * minute + 1)],
      [],
    ],
    [
      "back and left again while nothing changes",
      [sick({ atMs: 0, share: 0.2 }), sick({ atMs: 30 * minute, share: 0.1 })],
      (tools) => [leave(tools, 12 * minute), comeBack(tools, 13 * minute), leave(tools, 14 * minute)],
      ["I8"],
    ],
    [
      "a fault of every other minute: left each time",
      [sick({ forMs: minute, everyMs: 2 * minute })],
      (tools) => [0, 2, 4, 6].forEach((at) => void leave(tools, at * minute + 1)),
      [],
    ],
    [
      "a fault of every other minute: left more often",
      [sick({ forMs: minute, everyMs: 2 * minute })],
      (tools) => [0, 1, 2, 3, 4].forEach((at) => void leave(tools, at * minute + 1)),
      ["I8"],
    ],
    [
      "a score for a 429",
      [],
      ({ see, belief }) => {
        see({ type: "attempt-end", fault: "rate-limited", number: 1 });
        belief("alpha").score = 1;
        see({ type: "call-open", atMs: 1_500 });
      },
      ["I9"],
    ],
  ])("%s", (_, faults, happen, broken) => {
    const found = judge(happen, { faults, untilMs: 60 * minute }).filter((name) => ["I8", "I9"].includes(name));
    expect(found).toEqual([...broken]);
  });
});

test("I10: calls do not come back, or somebody waits for room", () => {
  const calls =
    (first: number) =>
    ({ see }: Tools): void => {
      for (let number = 0; number < 100; number++) {
        const target = number < first ? "alpha/m" : "beta/m";
        const at = { call: `c${number}`, atMs: 300_000 + number };
        see({ type: "call-start", ...at });
        see({ type: "attempt-start", ...at, number: 1, target });
        see({ type: "attempt-end", ...at, number: 1, target });
        see({ type: "call-end", ...at });
      }
    };
  const faults = [{ ...standingFault({ kind: "overloaded" }), forMs: 60_000 }];
  const played = (first: number, more = {}) => judge(calls(first), { faults, untilMs: 400_000, ...more });
  expect([played(92), played(80), played(80, { untilMs: undefined })]).toEqual([[], ["I10"], []]);
  const waits = ({ see, cells }: Tools): void => {
    cells.admission("r").waiting = 1;
    see({ type: "call-start", atMs: 300_000 });
  };
  expect(judge(waits, { faults, untilMs: 400_000 })).toEqual(["I10"]);
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

test("I11: a critical call is shed while sheddable ones are let in; a tenant takes more than its share", () => {
  const criticalityOf = (call: string) => (call.startsWith("critical") ? "critical" : "sheddable");
  const shed = ({ see }: Tools): void => {
    for (const target of ["alpha/m", "beta/m"]) see({ type: "belief", from: "probation", state: "ejected", target });
    for (let number = 0; number < 10; number++) {
      const call = `sheddable${number}`;
      see({ type: "call-start", call, atMs: number });
      see({ type: "attempt-start", call, number: 1, atMs: number });
      see({ type: "attempt-end", call, number: 1, atMs: number });
      if (number < 7) continue;
      see({ type: "call-start", call: `critical${number}`, atMs: number });
      see({ type: "call-shed", call: `critical${number}`, criticality: "critical", why: "outage", atMs: number });
    }
  };
  expect(judge(shed, { criticalityOf })).toEqual(["I11"]);
  const greedy = ({ see, cells }: Tools): void => {
    const intake = cells.intake(`alpha\n${url("alpha")}`);
    intake.calls = 100;
    intake.tenants.set("greedy", 90).set("other", 10);
    see({ type: "call-start", call: "o", tenant: "other" });
    see({ type: "target-full", call: "o" });
    see({ type: "call-start", call: "g", tenant: "greedy" });
    see({ type: "attempt-start", call: "g", number: 1 });
    see({ type: "attempt-end", call: "g", number: 1 });
  };
  expect(judge(greedy)).toEqual(["I11"]);
});
