// The outbox and the notifier in virtual time, with receivers in the test's hand.

import { describe, expect, test } from "bun:test";
import type { Database } from "../core/database.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { ChannelSettings, Notice } from "../core/notice.ts";
import type { Runtime, WireRequest } from "../core/runtime.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";
import { createWorld } from "../sim/world.ts";
import { createNotifier } from "./notifier.ts";
import { isMeant } from "./routing.ts";

const SECRET = `whsec_${btoa("0123456789012345678901234567890123")}`;
const HOOK: ChannelSettings = {
  name: "hook",
  target: { type: "webhook", url: "https://hook.test/in", secret: SECRET },
  on: ["incident.opened", "incident.updated", "incident.resolved"],
};
const SLACK: ChannelSettings = { ...HOOK, name: "slack", target: { type: "slack", url: "https://slack.test/x" } };
const PAGER: ChannelSettings = {
  ...HOOK,
  name: "pagerduty",
  target: { type: "pagerduty", routingKey: "R0UT1NGKEY", url: "https://pager.test/v2/enqueue" },
};

function notice(number: number, more: Partial<Notice> = {}): Notice {
  const thread = more.thread ?? "inc_1";
  return {
    id: `${thread}.${number}`,
    type: "incident.updated",
    atMs: 1_790_000_000_000,
    severity: "major",
    routes: ["chat"],
    tenants: ["web"],
    thread,
    threadTitle: "alpha",
    ends: false,
    title: `alpha fails (${number})`,
    facts: [["What fails", "alpha/m"]],
    url: "http://127.0.0.1:4000/status#inc_1",
    data: { incident: { id: thread } },
    ...more,
  };
}

type Answer = (
  request: WireRequest,
  number: number,
) => { status: number; headers?: Record<string, string>; body?: string } | Fault | "hang";

interface Arrival {
  readonly host: string;
  readonly id: string;
  readonly json: Record<string, unknown>;
  readonly atMs: number;
}

function setUp(channels: readonly ChannelSettings[], answer: Answer = () => ({ status: 200 }), database?: Database) {
  const world = createWorld({ seed: 1, providers: [] });
  const arrived: Arrival[] = [];
  let requests = 0;
  const runtime: Runtime = {
    ...world.runtime,
    transport: (request, cancel) =>
      new Promise((resolve) => {
        const told = answer(request, ++requests);
        if (told === "hang") cancel.onCancel(resolve);
        else if ("kind" in told) resolve(told);
        else {
          const text = new TextDecoder().decode(request.body);
          if (told.status < 300) {
            const json = JSON.parse(text);
            const { host } = new URL(request.url);
            arrived.push({ host, id: request.headers["webhook-id"] ?? "", json, atMs: world.clock.now() });
          }
          const body = new TextEncoder().encode(told.body ?? "");
          resolve({
            status: told.status,
            headers: told.headers ?? {},
            body: { read: async () => undefined, whole: async () => body, cancel: () => {} },
          });
        }
      }),
  };
  const warnings: string[] = [];
  const sendMail = async () => ({ ok: true }) as const;
  const warn = (message: string) => void warnings.push(message);
  const notifier = createNotifier({ runtime, channels, sendMail, warn, database });
  return {
    world,
    arrived,
    warnings,
    notifier,
    runTo: (seconds: number) => world.run(seconds * 1_000),
    requests: () => requests,
  };
}

describe("one notice", () => {
  test("arrives at once, signed, at every channel that wants it, and once however often it is told", async () => {
    const here = setUp([HOOK, SLACK, PAGER]);
    here.notifier.accept([notice(1)]);
    here.notifier.accept([notice(1)]);
    await here.runTo(1);
    expect(here.arrived.map(({ host }) => host).sort()).toEqual(["hook.test", "pager.test", "slack.test"]);
    expect(here.arrived.find(({ host }) => host === "hook.test")).toMatchObject({
      id: "inc_1.1",
      json: { type: "incident.updated", timestamp: "2026-09-21T14:13:20.000Z", data: { incident: { id: "inc_1" } } },
    });
    expect(here.arrived.find(({ host }) => host === "pager.test")?.json).toMatchObject({
      event_action: "trigger",
      dedup_key: "inc_1",
      payload: { severity: "error" },
    });
  });

  test("that cannot be delivered is tried again with growing pauses, and given up after three days", async () => {
    const times: number[] = [];
    const here = setUp([HOOK], () => {
      times.push(here.world.clock.now());
      return fault("connect-failed", "nobody there");
    });
    here.notifier.accept([notice(1)]);
    await here.runTo(5 * 86_400);
    const pauses = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(pauses[0]).toBeGreaterThan(3_900);
    expect(pauses[0]).toBeLessThan(6_100);
    expect(Math.max(...pauses)).toBeLessThan(2.5 * 3_600_000);
    expect(times.length).toBeLessThan(60);
    expect(here.notifier.view()).toMatchObject([{ waiting: 0, dropped: 1 }]);
    expect(here.warnings.length).toBe(2);
  });

  test.each<[string, ReturnType<Answer>, number]>([
    ["429 with retry-after", { status: 429, headers: { "retry-after": "120" } }, 120],
    ["429 as Discord has it", { status: 429, body: '{"retry_after": 90.5}' }, 90.5],
    ["503 with retry-after", { status: 503, headers: { "retry-after": "1800" } }, 1_800],
  ])("%s is honoured", async (_, told, seconds) => {
    const here = setUp([SLACK], (_request, number) => (number === 1 ? told : { status: 200 }));
    here.notifier.accept([notice(1)]);
    here.notifier.accept([notice(2)]);
    await here.runTo(seconds - 1);
    expect(here.requests()).toBe(1);
    await here.runTo(seconds + 5);
    expect(here.arrived.length).toBe(2);
  });

  test("410 drops the channel and says so; another address brings it back", async () => {
    const here = setUp([HOOK], ({ url }) => ({ status: url.includes("new") ? 200 : 410 }));
    here.notifier.accept([notice(1)]);
    await here.runTo(1);
    here.notifier.accept([notice(2)]);
    await here.runTo(60);
    expect([here.requests(), here.notifier.view()]).toMatchObject([1, [{ state: "gone", waiting: 0 }]]);
    expect(here.warnings[0]).toContain("hook is dropped");
    here.notifier.takeOver([{ ...HOOK, target: { type: "webhook", url: "https://new.test/in", secret: SECRET } }]);
    here.notifier.accept([notice(3)]);
    await here.runTo(61);
    expect(here.arrived.map(({ id }) => id)).toEqual(["inc_1.3"]);
  });

  test("a receiver that hangs holds up nobody else, and is tried again", async () => {
    const here = setUp([HOOK, SLACK], ({ url }, number) =>
      url.includes("hook") && number < 3 ? "hang" : { status: 200 },
    );
    here.notifier.accept([notice(1)]);
    await here.runTo(1);
    expect(here.arrived.map(({ host }) => host)).toEqual(["slack.test"]);
    await here.runTo(60);
    expect(here.arrived.map(({ host }) => host)).toEqual(["slack.test", "hook.test"]);
  });

  test("what a receiver calls wrong is given up after three tries", async () => {
    const here = setUp([HOOK], () => ({ status: 400 }));
    here.notifier.accept([notice(1)]);
    await here.runTo(600);
    expect([here.requests(), here.notifier.view()[0]?.dropped]).toEqual([3, 1]);
  });
});

describe("a storm", () => {
  test("1,000 updates in a minute reach a channel as a few messages and digests that hold them all", async () => {
    const here = setUp([SLACK, HOOK, PAGER]);
    for (let number = 0; number < 1_000; number++) {
      await here.world.run(number * 60);
      const thread = `inc_${number % 7}`;
      here.notifier.accept([notice(number, { thread, ends: number >= 993 })]);
    }
    await here.runTo(600);
    const at = (host: string) => here.arrived.filter((one) => one.host === host);
    expect(at("slack.test").length).toBeLessThan(15);
    expect(at("hook.test").length).toBeLessThan(15);
    const counted = at("hook.test").map(({ json }) =>
      Number((json.data as { digest?: { count: number } }).digest?.count ?? 1),
    );
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(1_000);
    expect(String(at("slack.test").at(-1)?.json.text)).toMatch(/^\d+ updates on 7 matters, 0 of them open$/);
    // Each alert of PagerDuty ends as its incident did.
    const last = new Map(at("pager.test").map(({ json }) => [json.dedup_key, json.event_action]));
    expect([last.size, new Set(last.values())]).toEqual([7, new Set(["resolve"])]);
    expect(at("pager.test").length).toBeLessThan(200);
    expect(here.notifier.view().map(({ waiting }) => waiting)).toEqual([0, 0, 0]);
  });

  test("with the receiver down, what waits stays small", async () => {
    const database = openMemoryDatabase();
    const here = setUp([HOOK], () => fault("connect-failed", "down"), database);
    for (let number = 0; number < 3_000; number++) {
      await here.world.run(number * 100);
      here.notifier.accept([notice(number)]);
    }
    const rows = database.prepare<{ n: number }>("SELECT count(*) AS n FROM notify_outbox").get();
    expect(rows?.n).toBeLessThan(60);
  });
});

describe("killed at any point", () => {
  /** Throws at its nth write, and at all after it: the process is no more. */
  function mortal(database: Database, writes: { left: number }): Database {
    const spend = (): void => {
      if (writes.left-- <= 0) throw new Error("killed");
    };
    return {
      ...database,
      prepare: (sql) => {
        const statement = database.prepare<never>(sql);
        const run: typeof statement.run = (...values) => {
          spend();
          return statement.run(...values);
        };
        return { ...statement, run };
      },
    };
  }

  test("every notice arrives at least once, and a second time under the same id", async () => {
    for (let writes = 5; writes < 25; writes++) {
      const database = openMemoryDatabase();
      const first = setUp(
        [HOOK],
        (_request, number) => ({ status: number % 3 === 0 ? 500 : 200 }),
        mortal(database, { left: writes }),
      );
      for (let number = 1; number <= 5; number++) first.notifier.accept([notice(number)]);
      // The five were kept; what is written after the nth time never reaches the disk.
      await first.runTo(writes / 10);
      first.notifier.stop();
      const second = setUp([HOOK], undefined, database);
      await second.runTo(60);
      const ids = [...first.arrived, ...second.arrived].map(({ id }) => id);
      expect([writes, [...new Set(ids)].sort()]).toEqual([writes, [1, 2, 3, 4, 5].map((number) => `inc_1.${number}`)]);
      expect(database.prepare("SELECT * FROM notify_outbox").all()).toEqual([]);
    }
  });

  test("while a message is on its way: it is sent again under its id", async () => {
    const database = openMemoryDatabase();
    const first = setUp([HOOK], () => "hang", database);
    first.notifier.accept([notice(1)]);
    await first.runTo(1);
    first.notifier.stop();
    const second = setUp([HOOK], undefined, database);
    await second.runTo(10);
    expect(second.arrived.map(({ id }) => id)).toEqual(["inc_1.1"]);
  });
});

describe("routing", () => {
  test.each<[string, Partial<ChannelSettings>, Partial<Notice>, boolean]>([
    ["by kind", { on: ["incident.resolved"] }, {}, false],
    ["by kind", { on: ["incident.updated"] }, {}, true],
    ["by severity", { severity: "critical" }, {}, false],
    ["by severity", { severity: "major" }, {}, true],
    ["raised to it: a beginning", { on: ["incident.opened"], severity: "major" }, { raisedFrom: "minor" }, true],
    [
      "raised beyond it: no beginning",
      { on: ["incident.opened"], severity: "major" },
      { severity: "critical", raisedFrom: "major" },
      false,
    ],
    ["by route", { routes: ["mail"] }, {}, false],
    ["by route", { routes: ["mail", "chat"] }, {}, true],
    ["by tenant", { tenants: ["app"] }, {}, false],
    ["by tenant", { tenants: ["web"] }, {}, true],
    ["nobody's yet", { tenants: ["web"] }, { tenants: [] }, false],
  ])("%s: %#", (_, channel, told, meant) => {
    expect(isMeant({ ...HOOK, ...channel }, notice(1, told))).toBe(meant);
  });
});
