// The report of impact against what the simulated providers logged and what the clients got: two outages in a month.

import { beforeAll, expect, test } from "bun:test";
import type { MinuteCount } from "../../src/core/sla.ts";
import { htmlOf } from "../../src/reports/html.ts";
import { impactOf } from "../../src/reports/impact.ts";
import { impactCsv } from "../../src/reports/impact-csv.ts";
import { impactPage } from "../../src/reports/impact-page.ts";
import type { ImpactReport } from "../../src/reports/impact-report.ts";
import { minuteCounts } from "../../src/reports/minute-counts.ts";
import { markdownOf } from "../../src/reports/page.ts";
import { countText, shareText } from "../../src/reports/wording.ts";
import { claimPack } from "../../src/sla/claim-pack.ts";
import { measured } from "../../src/sla/measured.ts";
import { verifyPack } from "../../src/sla/verify-pack.ts";
import { type ClientView, type Month, playMonth } from "../support/ledger-month.ts";

let month: Month;
let report: ImpactReport;

beforeAll(async () => {
  month = await playMonth();
  report = await impactOf(month.ledger, month.span);
}, 60_000);

const header = ({ delivery }: ClientView, name: string) => delivery.headers[`x-holdfast-${name}`] ?? "";
const wasHit = (client: ClientView) =>
  client.delivery.status !== 200 || header(client, "target") !== "alpha/m" || /=(?!ok)/.test(header(client, "trail"));

test("every request that the providers saw is an attempt or a probe, failed or not as they know it", () => {
  expect(month.warnings).toEqual([]);
  for (const name of ["alpha", "beta"]) {
    const seen = month.world.log.filter(({ provider }) => provider === name);
    const found = report.providers.find(({ provider }) => provider === name);
    if (found === undefined) throw new Error(`nothing of ${name}`);
    expect(found.attempts + found.probes).toBe(seen.length);
    expect(found.canaries).toBe(0);
    expect(found.failed + found.probesFailed).toBe(seen.filter(({ fault }) => fault !== undefined).length);
    for (const [counted, status] of [
      ["overloaded529", 529],
      ["error500", 500],
    ] as const) {
      const logged = seen.filter((sighting) => sighting.status === status).length;
      expect(found.by[counted] ?? 0).toBeLessThanOrEqual(logged);
      expect((found.by[counted] ?? 0) + found.probesFailed).toBeGreaterThanOrEqual(logged);
    }
    expect(Object.keys(found.by).filter((counted) => counted !== "overloaded529" && counted !== "error500")).toEqual(
      [],
    );
  }
});

test("calls are split as their clients saw it", () => {
  const { clients } = month;
  const { calls } = report;
  const hit = clients.filter(wasHit);
  const refused = clients.filter(({ delivery }) => delivery.status !== 200);
  const canned = clients.filter((client) => header(client, "served-by") === "canned");
  expect(calls.all).toBe(clients.length);
  expect(calls.hit).toBe(hit.length);
  expect(calls.rawError.all).toBe(refused.length);
  expect(calls.word).toEqual({ all: canned.length, stale: 0, local: 0, canned: canned.length, deferred: 0 });
  expect(calls.rescued).toBe(hit.length - refused.length - canned.length);
  expect(Math.min(refused.length, canned.length)).toBeGreaterThan(50);
  expect(report.routes).toHaveLength(1);
});

test("distinct end users are those of the calls that were hit", () => {
  const names = (clients: readonly ClientView[]) => new Set(clients.map(({ user }) => user)).size;
  expect(report.users.hit).toBe(names(month.clients.filter(wasHit)));
  expect(report.users.rawError).toBe(names(month.clients.filter(({ delivery }) => delivery.status !== 200)));
});

test("money: twice the price at the second target, lost calls at the route's value", () => {
  const { money, providers, calls } = report;
  const beta = providers.find(({ provider }) => provider === "beta");
  // All that beta answered would have cost half of it at alpha.
  expect(money.failoverExtra ?? 0).toBeCloseTo((beta?.costUsd ?? 0) / 2, 6);
  expect(money.failoverUnknownCalls).toBe(0);
  expect(money.lost.usd).toBeCloseTo(0.4 * (calls.rawError.all + calls.word.canned), 6);
  expect(money.spent ?? 0).toBeCloseTo(
    providers.reduce((sum, { costUsd = 0 }) => sum + costUsd, 0),
    9,
  );
});

test("three truths, and each provider alone", () => {
  const [alpha] = report.providers;
  if (alpha === undefined) throw new Error("no provider");
  expect(alpha.provider).toBe("alpha");
  const { slaCountable = 0, experienced = 0, clientsSaw = 0 } = alpha.truths;
  // Most of its failures were 529, which no contract counts.
  expect(slaCountable).toBeGreaterThan(experienced);
  expect(clientsSaw).toBeGreaterThan(alpha.alone.availability ?? 1);
  // Alone it would have failed every call that came while it was down: two outages of 65 minutes, a call every two seconds.
  expect(alpha.alone.failed / (65 * 30)).toBeGreaterThan(0.98);
  expect(alpha.alone.failed / (65 * 30)).toBeLessThan(1.02);
});

test("of one provider alone, and of a span without anything", async () => {
  const beta = await impactOf(month.ledger, { ...month.span, provider: "beta" });
  expect(beta.providers.map(({ provider }) => provider)).toEqual(["beta"]);
  // Each of these calls met alpha's failure first, or alpha was known to be sick.
  expect(beta.calls.hit).toBeLessThan(report.calls.hit / 10);
  const empty = await impactOf(month.ledger, { fromMinute: 0, toMinute: 60 });
  expect([empty.calls.all, empty.minutesWithoutCalls, empty.users.hit]).toEqual([0, 60, 0]);
  expect(empty.notes[0]).toContain("nothing was measured");
  expect(empty.providers.every(({ truths }) => Object.keys(truths).length === 0)).toBe(true);
});

test("every format says the same", () => {
  const page = impactPage(report);
  const [markdown, html, csv] = [markdownOf(page), htmlOf(page), impactCsv(report)];
  const { hit, rescued } = report.calls;
  for (const text of [markdown, html]) {
    expect(text).toContain(`${countText(hit)} met a failure of a provider: ${countText(rescued)} were rescued`);
    for (const { provider, truths } of report.providers) {
      expect(text).toContain(provider);
      expect(text).toContain(shareText(truths.slaCountable));
    }
  }
  expect(html.match(/<svg/g)).toHaveLength(2);
  const rows = csv.split("\r\n").map((row) => row.split(","));
  expect(rows).toContainEqual(["calls", "", "hit", String(hit)]);
  expect(rows.filter(([section, , measure]) => section === "time" && measure === "calls")).toHaveLength(
    report.slots.from.length,
  );
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test("each minute of evidence is what the provider logged in it, and the pack of it is whole", () => {
  const { world, ledger, span } = month;
  const minutes = minuteCounts(ledger, { ...span, provider: "alpha" });
  const logged = new Map<number, [all: number, failed: number]>();
  for (const { provider, endedAtMs = 0, fault } of world.log) {
    if (provider !== "alpha") continue;
    const minute = Math.floor((world.runtime.wallMs() - world.clock.now() + endedAtMs) / 60_000);
    const [all, failed] = logged.get(minute) ?? [0, 0];
    logged.set(minute, [all + 1, failed + (fault === undefined ? 0 : 1)]);
  }
  const asked = ({ valid, own }: MinuteCount) => valid + (own?.valid ?? 0);
  const failing = ({ failed, own }: MinuteCount) => failed + (own?.probesFailed ?? 0);
  expect(new Map(minutes.map((one) => [one.minute, [asked(one), failing(one)]]))).toEqual(logged);
  const evaluation = measured(minutes, span);
  const [down, ...others] = evaluation.downtime;
  // Calls were led past it; probes tell of all its 25 minutes.
  expect([others.length, down && down.toMinute - down.fromMinute]).toEqual([0, 26]);
  expect(evaluation.minutesOfOwnAlone).toBeGreaterThan(10);
  const requests = ledger
    .attempts(span, "alpha", 1_000)
    .filter(({ outcome }) => outcome !== "ok")
    .map((one) => ({ ...one, model: "m" }));
  const { failed = 0, probesFailed = 0 } = report.providers[0] ?? {};
  expect(requests).toHaveLength(failed + probesFailed);
  expect(requests.every(({ requestId }) => /^req_/.test(requestId))).toBe(true);
  const about = { provider: "alpha", month: "2026-10", madeAtMs: world.runtime.wallMs(), pages: [] };
  const { archive, root } = claimPack({ ...about, evaluation, minutes, requests, requestsAreCut: false });
  expect(verifyPack(archive, root).ok).toBe(true);
  archive[archive.length >> 1] = (archive[archive.length >> 1] ?? 0) ^ 1;
  expect(verifyPack(archive).ok).toBe(false);
});
