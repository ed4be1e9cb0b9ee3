// Incidents of the real engine in the virtual world: from the first failure to the last clean minute.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readIncidents } from "../../src/incidents/store.ts";
import type { viewOf } from "../../src/incidents/view.ts";
import { impactOf } from "../../src/reports/impact.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { isPassed, playDrill } from "../../src/sim/drill.ts";
import { readScenario } from "../../src/sim/scenario.ts";
import { incidentWorld, USERS } from "../support/incident-world.ts";
import { on } from "../support/virtual.ts";

const OUTAGE = (atS: number, forS: number) => ({
  ...on("alpha", { kind: "overloaded" }),
  atMs: atS * 1_000,
  forMs: forS * 1_000,
});

interface Listed {
  readonly incidents: readonly { readonly id: string; readonly state: string; readonly updates: { state: string }[] }[];
}

test("an outage opens one incident, which is followed and ends after ten clean minutes; no call fails", async () => {
  const here = incidentWorld({ faults: [OUTAGE(60, 180)] });
  const list = async () => ((await (await here.get("/admin/v1/incidents")).json()) as Listed).incidents;
  await here.runTo(59);
  expect(await list()).toEqual([]);
  await here.runTo(75);
  expect(await list()).toMatchObject([{ state: "identified", domain: "alpha", routes: ["chat"], published: true }]);
  await here.runTo(300);
  expect((await list())[0]?.state).toBe("monitoring");
  await here.runTo(1_800);
  const [incident] = await list();
  expect(incident).toMatchObject({
    state: "resolved",
    severity: "minor",
    impact: { failed: 0 },
    cause: { suspected: { class: "demand" } },
  });
  expect(incident?.updates.map(({ state }) => state)).toEqual([
    "investigating",
    "identified",
    "monitoring",
    "resolved",
  ]);
  expect(here.calls.failed).toBe(0);
  expect(here.warnings).toEqual([]);

  const path = `/admin/v1/incidents/${incident?.id}`;
  const markdown = await (await here.get(`${path}?format=md`)).text();
  for (const heading of ["## Impact", "## Cause", "## Timeline"]) expect(markdown).toContain(heading);

  const yaml = await (await here.get(`${path}?format=scenario`)).text();
  const read = readScenario(yaml, { file: "x.yaml", name: "x" });
  if (!read.ok) throw new Error(JSON.stringify([read.problems, yaml]));
  const { faults } = read.scenario;
  const lastedMs = Math.max(...faults.map(({ atMs, forMs }) => atMs + forMs)) - 120_000;
  expect(Math.abs(lastedMs - 180_000)).toBeLessThan(10_000);
  const drilled = await playDrill(read.scenario, { seed: 1, stopwatch: () => 0 });
  expect([isPassed(drilled), drilled.detectionMs === null]).toEqual([true, false]);
}, 90_000);

test("its impact is the ledger's: calls, end users and money as in a report of impact for that provider and time", async () => {
  const here = incidentWorld({ faults: [OUTAGE(60, 180)], ledger: true });
  await here.runTo(1_500);
  const { ledger } = here;
  const [incident] = here.room.desk.book.incidents.values();
  if (incident?.resolvedMs === undefined || ledger === undefined) throw new Error("no incident that is over");
  const view = (await (await here.get(`/admin/v1/incidents/${incident.id}`)).json()) as ReturnType<typeof viewOf>;
  ledger.flush();
  const minute = (ms: number) => Math.floor(ms / 60_000);
  const span = { fromMinute: minute(incident.startedMs), toMinute: minute(incident.resolvedMs) + 1 };
  const report = await impactOf(ledger.reader, { ...span, provider: "alpha" });
  expect(report.calls.hit).toBeGreaterThan(500);
  expect(view.impact).toMatchObject({
    calls: report.calls.hit,
    rescued: report.calls.rescued,
    honest: 0,
    failed: 0,
    byRoute: { chat: { calls: report.calls.hit } },
    users: { hit: USERS, failed: 0, namedCalls: report.calls.hit },
    addedP50Ms: Math.round(report.added?.p50Ms ?? -1),
    money: { extraUsd: report.money.failoverExtra, unknownCalls: 0 },
  });
  expect(report.money.failoverExtra).toBeGreaterThan(0.1);
  expect(view.clientsSee).toBe(
    `${report.calls.hit} calls of 7 end users met it: ${report.calls.hit} answered by another target, 0 failed`,
  );
  expect(view.costs).toMatch(/^\d+\.\d\d USD more for the answers of other targets$/);
  const markdown = await (await here.get(`/admin/v1/incidents/${incident.id}?format=md`)).text();
  expect(markdown).toContain(`It cost ${view.costs}.`);
}, 90_000);

test("a relapse while it is monitored is the same incident", async () => {
  const here = incidentWorld({ faults: [OUTAGE(60, 60), OUTAGE(400, 60)] });
  await here.runTo(2_400);
  const { incidents } = (await (await here.get("/admin/v1/incidents")).json()) as Listed;
  expect(incidents.length).toBe(1);
  expect(incidents[0]?.updates.map(({ state }) => state)).toEqual([
    "investigating",
    "identified",
    "monitoring",
    "identified",
    "monitoring",
    "resolved",
  ]);
}, 90_000);

test("2026-06-23 again: traffic has moved and an incident is open before the page's 14:19; the page confirms it", async () => {
  const file = join(import.meta.dir, "../../drills/claude-2026-06-23.yaml");
  const read = readScenario(readFileSync(file, "utf8"), { file, name: "x" });
  if (!read.ok) throw new Error("the drill does not read");
  const here = incidentWorld({ scenario: read.scenario });
  const { desk } = here.room;
  // The drill begins at 14:00; the page told of it at 14:19:06.
  const fourteen = desk.nowMs();
  const pageMs = fourteen + 19 * 60_000 + 6_000;
  await here.runTo(19 * 60);
  const [incident] = desk.book.incidents.values();
  const openedS = ((incident?.openedMs ?? 0) - fourteen) / 1_000;
  expect([openedS > 8 * 60, openedS < 12 * 60, incident?.routes]).toEqual([true, true, ["chat"]]);
  const base = { models: [], regions: [], components: [], impact: "major_outage" } as const;
  const page = { ...base, id: "jbhf20wjmzrf", title: "Elevated error rate across multiple models", startedMs: pageMs };
  await here.runTo(19 * 60 + 60);
  here.tellPage("alpha", [{ ...page, lifecycle: "investigating", open: true, surfaces: ["api", "web", "console"] }]);
  const view = (await (await here.get(`/admin/v1/incidents/${incident?.id}`)).json()) as Record<string, unknown>;
  expect(Number(view.detectionLeadS)).toBeGreaterThan(7 * 60);
  expect(incident?.counts.failed).toBe(0);
}, 60_000);

test("2026-10-07 again: a usage page that is broken for eight hours moves nothing and opens nothing", async () => {
  const here = incidentWorld({ ratePerS: 1 });
  const base = { models: [], regions: [], components: [], impact: "major_outage", open: true } as const;
  for (let hour = 0; hour < 8; hour++) {
    const startedMs = here.room.desk.nowMs();
    const page = { ...base, id: "978mjkgw6mh7", title: "Usage page", lifecycle: "identified", startedMs } as const;
    here.tellPage("alpha", [{ ...page, surfaces: ["console"] }]);
    await here.runTo((hour + 1) * 600);
  }
  expect([here.room.desk.book.incidents.size, here.calls.failed]).toEqual([0, 0]);
}, 90_000);

test("a store keeps it: after a restart it goes on, and nobody hears old news", async () => {
  const database = openMemoryDatabase();
  const first = incidentWorld({ faults: [OUTAGE(60, 6_000)], database });
  await first.runTo(120);
  first.room.stop();
  const second = incidentWorld({ database, startMs: 130_000 });
  await second.runTo(1);
  const open = (await (await second.get("/admin/v1/incidents?state=open")).json()) as Listed;
  expect(open.incidents.map(({ state, updates }) => [state, updates.length])).toEqual([["identified", 2]]);
  await second.runTo(900);
  const after = (await (await second.get("/admin/v1/incidents")).json()) as Listed;
  expect(after.incidents.map(({ state }) => state)).toEqual(["resolved"]);
  second.room.stop();
  expect(readIncidents(database)?.map(({ state }) => state)).toEqual(["resolved"]);
  const third = incidentWorld({ database, startMs: 2_000_000 });
  expect(third.room.desk.book.incidents.size).toBe(1);
  expect([...(third.room.desk.watches.get("chat")?.days.values() ?? [])][0]?.degradedMs).toBeGreaterThan(20_000);
}, 90_000);

test("people add, correct, open and announce; what is wrong is told and changes nothing", async () => {
  const here = incidentWorld({ faults: [OUTAGE(10, 600)] });
  await here.runTo(60);
  const { incidents } = (await (await here.get("/admin/v1/incidents")).json()) as Listed;
  const path = `/admin/v1/incidents/${incidents[0]?.id}`;
  const changed = await here.post(path, { note: "called them", cause: "deployment or configuration" });
  expect(await changed.json()).toMatchObject({ cause: { suspected: { class: "deployment or configuration" } } });
  for (const [where, body] of [
    [path, { state: "gone" }],
    [path, []],
    ["/admin/v1/incidents", { title: "x" }],
    ["/admin/v1/incidents/policy", { publish: "soon" }],
    ["/admin/v1/incidents/maintenance", { title: "x", from: "2026-01-01", until: "2025-01-01" }],
  ] as const) {
    expect([(await here.post(where, body)).status, where]).toEqual([400, where]);
  }
  expect((await here.post("/admin/v1/incidents/nothing", { note: "x" })).status).toBe(404);
  const opened = await here.post("/admin/v1/incidents", {
    title: "Login is slow",
    text: "We look into it.",
    severity: "major",
  });
  expect(await opened.json()).toMatchObject({
    domain: "people",
    state: "investigating",
    severity: "major",
    sentence: "We look into it.",
    doing: "people look after it",
  });
  expect(await (await here.post("/admin/v1/incidents/policy", { publish: "after 10m" })).json()).toEqual({
    publish: "after 10m",
  });
  const soon = new Date(here.room.desk.nowMs() + 3_600_000).toISOString();
  const later = new Date(here.room.desk.nowMs() + 7_200_000).toISOString();
  const made = await here.post("/admin/v1/incidents/maintenance", {
    title: "Move",
    from: soon,
    until: later,
    routes: ["chat"],
  });
  const { id } = (await made.json()) as { id: string };
  expect(await (await here.post(`/admin/v1/incidents/maintenance/${id}/cancel`, {})).json()).toMatchObject({
    cancelled: true,
  });
});

test("a store that fails keeps nothing and harms nothing", async () => {
  const broken = new Proxy(openMemoryDatabase(), {
    get: (target, name) =>
      name === "transaction"
        ? () => {
            throw new Error("disk full");
          }
        : Reflect.get(target, name),
  });
  const here = incidentWorld({ faults: [OUTAGE(10, 60)], database: broken });
  await here.runTo(60);
  expect([here.room.desk.book.incidents.size, here.calls.failed]).toEqual([1, 0]);
  // Said once, however often it fails.
  expect(here.warnings).toEqual([expect.stringContaining("disk full")]);
});
