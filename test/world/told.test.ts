// The demo's outage from end to end: the real engine in virtual time, while a real mail server and a real receiver of webhooks
// on ports of this machine are told of it, and the status page, its API and its feed show it.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DEMO_CLEAN_MS, DEMO_OUTAGE, DEMO_PROVIDERS, demoSettings } from "../../src/cli/demo.ts";
import { TRAFFIC_ROUTE } from "../../src/cli/demo-traffic.ts";
import type { ChannelSettings, NoticeType } from "../../src/core/notice.ts";
import type { Runtime } from "../../src/core/runtime.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { askAndRead, drillCall } from "../../src/sim/drill-client.ts";
import { type IncidentWorld, incidentWorld, type Staged } from "../support/incident-world.ts";
import { headerOf, type MailServer, mailServer } from "../support/mail-server.ts";
import { isSigned, type Receiver, receiver } from "../support/receiver.ts";
import { ANTHROPIC, CHAT, on, sim } from "../support/virtual.ts";

const SECRET = `whsec_${btoa("0123456789012345678901234567890123")}`;
const ALL: readonly NoticeType[] = ["incident.opened", "incident.updated", "incident.resolved"];
const outage = (atS: number, forS: number) => ({
  ...on("alpha", { kind: "overloaded" }),
  atMs: atS * 1_000,
  forMs: forS * 1_000,
});

let mail: MailServer;
let hooks: Receiver;

beforeAll(async () => {
  mail = await mailServer();
  hooks = receiver();
});
afterAll(async () => {
  hooks.stop();
  await mail.stop();
});

function channels(): readonly ChannelSettings[] {
  const email = { type: "email", to: ["ops@example.com"], from: "Holdfast <bot@example.com>", smtp: mail.url } as const;
  return [
    {
      name: "hook",
      target: { type: "webhook", url: `${hooks.url}/hook`, secret: SECRET },
      on: [...ALL, "target.ejected", "target.restored"],
    },
    { name: "mail", target: email, on: ALL },
  ];
}

/** The engine's requests stay in the virtual world; what is told goes out of it. */
const outside = (inside: Runtime): Runtime => ({ ...inside, transport: createBunRuntime().transport });

/** In small steps, so that what is on its way outside arrives before its time is up inside. */
async function goTo(here: IncidentWorld, seconds: number): Promise<void> {
  for (let now = Math.round(here.world.clock.now() / 1_000); now <= seconds; now++) {
    await here.runTo(now);
    await here.room.notifier.idle();
  }
}

interface Hook {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly incident?: Readonly<Record<string, unknown>> };
}
const told = (from: number): readonly Hook[] => hooks.received.slice(from).map(({ body }) => JSON.parse(body) as Hook);

const RELAPSE_S = 400;
const MINE = { dialect: ANTHROPIC, stream: true, tools: false, tenant: "me" } as const;

const { everyMs: DEMO_EVERY_MS = 0, ...ONCE } = DEMO_OUTAGE;

/** The demo's providers, routes and calls. */
function demo(faults: Staged["faults"]): Staged {
  const placed = DEMO_PROVIDERS.map(({ name, dialect }) => ({
    name,
    dialect,
    url: `http://${name}.sim${dialect === CHAT ? "/v1" : ""}`,
  }));
  return {
    providers: DEMO_PROVIDERS.map(({ name, dialect }) => sim(name, dialect)),
    faults,
    settings: { ...demoSettings({ host: "127.0.0.1", port: 4_000 }, placed), notify: channels() },
    model: TRAFFIC_ROUTE,
    traffic: { ratePerS: 2 },
  };
}

const WATCHED = ["investigating", "identified", "monitoring", "resolved"];

test.each<[string, readonly string[], readonly string[]]>([
  ["whoever starts the demo", [], WATCHED],
  // The model that nobody asks for any more keeps it from being watched before; its end is told once.
  [
    "whoever tries models of their own during its outage, and no more,",
    ["claude-sonnet-5", "claude-sonnet-5", "claude-sonnet-5", "claude-opus-5"],
    WATCHED.filter((state) => state !== "monitoring"),
  ],
])(
  "%s sees the incident open, be followed and end before the next outage, which opens it again",
  async (_, tries, first) => {
    const [hooksBefore, mailsBefore] = [hooks.received.length, mail.mails.length];
    const here = incidentWorld({ scenario: demo([DEMO_OUTAGE]), runtime: outside, room: { cleanMs: DEMO_CLEAN_MS } });
    const shown = async () => {
      const { incidents } = (await (await here.get("/api/v2/incidents.json")).json()) as {
        incidents: { id: string; status: string }[];
      };
      const [html, atom] = await Promise.all(
        ["/status", "/history.atom"].map(async (path) => (await here.get(path)).text()),
      );
      for (const { id } of incidents) expect([html?.includes(`id="${id}"`), atom?.includes(id)]).toEqual([true, true]);
      return incidents.map(({ status }) => status);
    };
    for (const [at, model] of tries.entries()) {
      await goTo(here, 28 + at);
      const id = `mine_${at}`;
      void askAndRead(here.engine, drillCall({ ...MINE, id, model }), false);
    }
    await goTo(here, 60);
    expect(await shown()).toEqual([tries.length === 0 ? "monitoring" : "identified"]);
    await goTo(here, DEMO_EVERY_MS / 1_000);
    expect(await shown()).toEqual(["resolved"]);
    await goTo(here, DEMO_EVERY_MS / 1_000 + 35);
    expect([await shown(), here.room.desk.book.incidents.size]).toEqual([["identified"], 1]);
    const states = told(hooksBefore).flatMap(({ data }) => data.incident?.state ?? []);
    expect(states).toEqual([...first, "investigating", "identified"]);
    expect([mail.mails.length - mailsBefore, here.calls.failed]).toEqual([first.length + 2, 0]);
  },
  120_000,
);

test("the demo's outage opens, is followed and ends everywhere; a relapse while it is monitored opens it again, never twice", async () => {
  const [hooksBefore, mailsBefore] = [hooks.received.length, mail.mails.length];
  const faults = [ONCE, { ...ONCE, atMs: RELAPSE_S * 1_000 }];
  const here = incidentWorld({ scenario: demo(faults), database: openMemoryDatabase(), runtime: outside });
  await goTo(here, 35);
  const [incident] = here.room.desk.book.incidents.values();
  if (incident === undefined) throw new Error("no incident");
  const summary = async () =>
    (await (await here.get("/api/v2/summary.json")).json()) as { incidents: { id: string; status: string }[] };
  expect((await summary()).incidents).toMatchObject([{ id: incident.id, status: "identified" }]);
  expect(await (await here.get("/status")).text()).toContain(`id="${incident.id}"`);
  expect(await (await here.get("/history.atom")).text()).toContain(`Incident/${incident.id}`);

  const [first] = told(hooksBefore).filter(({ type }) => type === "incident.opened");
  expect(first?.data.incident).toEqual({
    id: incident.id,
    title: expect.any(String),
    state: "investigating",
    scope: {
      domain: "anthropic-sim",
      edge: "service",
      targets: ["anthropic-sim/demo-traffic"],
      routes: ["claude-*", "gemini-*", "demo-traffic"],
      tenants: [],
    },
    since: new Date(incident.startedMs).toISOString(),
    sentence: expect.stringContaining("another one answers in its place"),
    impact: { severity: "minor", calls: expect.any(Number), rescued: expect.any(Number), honest: 0, failed: 0 },
    doing: expect.stringContaining("next target"),
    command: `holdfast incidents show ${incident.id}`,
    url: `http://127.0.0.1:4000/status#${incident.id}`,
  });
  expect(hooks.received.every((one) => isSigned(one, SECRET))).toBe(true);

  await goTo(here, RELAPSE_S - 5);
  expect((await summary()).incidents).toMatchObject([{ status: "monitoring" }]);
  await goTo(here, RELAPSE_S + 15);
  expect((await summary()).incidents).toMatchObject([{ id: incident.id, status: "identified" }]);
  await goTo(here, 2_400);
  expect([(await summary()).incidents, incident.state, here.room.desk.book.incidents.size]).toEqual([
    [],
    "resolved",
    1,
  ]);
  expect(await (await here.get("/status")).text()).toContain("This is over.");

  const states = told(hooksBefore).flatMap(({ data }) => data.incident?.state ?? []);
  expect(states).toEqual(["investigating", "identified", "monitoring", "identified", "monitoring", "resolved"]);
  expect(
    told(hooksBefore)
      .filter(({ type }) => type.startsWith("target."))
      .map(({ type }) => type),
  ).toEqual(["target.ejected", "target.restored", "target.ejected", "target.restored"]);
  const ids = hooks.received.slice(hooksBefore).map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(ids.length);

  const mails = mail.mails.slice(mailsBefore);
  expect(mails.length).toBe(6);
  const threads = new Set(mails.map((one) => headerOf(one, "References")));
  const subjects = new Set(mails.map((one) => headerOf(one, "Subject")));
  expect([threads, subjects.size]).toEqual([new Set([`<${incident.id}@example.com>`]), 1]);
  expect(mail.mails.at(-1)).toContain("Resolved: anthropic-sim fails");
  for (const fact of ["What fails", "Since", "Clients see", "We did", "Run: holdfast incidents show"]) {
    expect(mails[0]).toContain(fact);
  }
  expect(here.calls.failed).toBe(0);
  expect(here.warnings).toEqual([]);
}, 120_000);

test("an objective at risk and a budget are told to whoever asks, routed as incidents are", async () => {
  const before = hooks.received.length;
  const target = { type: "webhook", url: `${hooks.url}/facts`, secret: SECRET } as const;
  const notify: readonly ChannelSettings[] = [
    { name: "all", target, on: ["slo.burning", "slo.recovered", "budget.warning"] },
    {
      name: "pages",
      target: { ...target, url: `${hooks.url}/pages` },
      on: ["slo.burning", "slo.recovered"],
      severity: "critical",
    },
    { name: "others", target: { ...target, url: `${hooks.url}/others` }, on: ["slo.burning"], routes: ["other"] },
  ];
  const here = incidentWorld({ settings: { notify }, runtime: outside });
  const fact = { atMs: 0, call: "", route: "chat" };
  const slo = { ...fact, type: "slo", slo: "support", burnRate: 14.5, budgetLeft: 0.6 } as const;
  here.engine.emit({ ...slo, state: "burning", severity: "page" });
  await goTo(here, 2);
  here.engine.emit({ ...slo, state: "recovered", severity: "page" });
  here.engine.emit({
    ...fact,
    type: "slo",
    slo: "gone",
    burnRate: 0,
    ended: true,
    state: "recovered",
    severity: "ticket",
  });
  here.engine.emit({ ...fact, type: "budget-warning", spentUsd: 3, withoutFailoverUsd: 1, overMs: 3_600_000 });
  await goTo(here, 5);
  const bodies = hooks.received.slice(before).map(({ body }) => body);
  expect(bodies.find((body) => body.includes('"gone"'))).toContain('"ended":true');
  const arrived = hooks.received.slice(before).map(({ path, body }) => [path, (JSON.parse(body) as Hook).type]);
  expect(arrived.sort()).toEqual([
    ["/facts", "budget.warning"],
    ["/facts", "slo.burning"],
    ["/facts", "slo.recovered"],
    ["/facts", "slo.recovered"],
    ["/pages", "slo.burning"],
    ["/pages", "slo.recovered"],
  ]);
}, 30_000);

test("a mail server that says later, and a webhook that fails, get it later and once", async () => {
  const [mailsBefore, hooksBefore] = [mail.mails.length, hooks.received.length];
  mail.refuse = 2;
  hooks.answer = (number) => new Response(null, { status: number <= hooksBefore + 1 ? 503 : 204 });
  const here = incidentWorld({ faults: [outage(10, 600)], settings: { notify: channels() }, runtime: outside });
  await goTo(here, 120);
  hooks.answer = () => new Response("ok");
  expect(mail.mails.length - mailsBefore).toBe(2);
  const ids = hooks.received.slice(hooksBefore).map(({ headers }) => headers["webhook-id"]);
  expect(ids[0]).toBe(ids[1]);
  expect(here.warnings.some((one) => one.includes("it is tried again"))).toBe(true);
}, 60_000);

describe("nothing that is told, shown or kept ever costs a call", () => {
  const hung: Runtime["transport"] = (_request, cancel) => new Promise((resolve) => cancel.onCancel(resolve));
  const boom = (): never => {
    throw new Error("boom");
  };

  test.each<[string, Parameters<typeof incidentWorld>[0]]>([
    ["receivers that hang", { runtime: (inside) => ({ ...inside, transport: hung }) }],
    ["a transport that throws", { runtime: (inside) => ({ ...inside, transport: boom }) }],
    ["mail that throws", { room: { sendMail: boom } }],
    ["mail that hangs", { room: { sendMail: () => new Promise(() => {}) } }],
    ["a store that throws", { database: new Proxy(openMemoryDatabase(), { get: () => boom }) }],
  ])(
    "%s: 0 failed calls, and the incident is on the page",
    async (_, options) => {
      const here = incidentWorld({ faults: [outage(20, 120)], settings: { notify: channels() }, ...options });
      await here.runTo(60);
      expect(await (await here.get("/status")).text()).toContain("Some answers come from another model");
      await here.runTo(300);
      expect([here.calls.made > 1_400, here.calls.failed]).toEqual([true, 0]);
    },
    60_000,
  );

  test("a desk that throws in every fact: 0 failed calls", async () => {
    const here = incidentWorld({ faults: [outage(20, 120)] });
    Object.defineProperty(here.room.desk.book, "watches", { get: boom });
    Object.defineProperty(here.room.desk.book, "open", { get: boom });
    await here.runTo(60);
    expect([here.calls.made > 290, here.calls.failed]).toEqual([true, 0]);
    expect(here.warnings).toEqual(["incidents are not followed just now: boom"]);
  });
});
