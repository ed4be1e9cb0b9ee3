// How soon a change of state is where people look: on the page in each of its forms, and in the outbox. And what a page that
// throws costs.

import { expect, test } from "bun:test";
import type { ChannelSettings } from "../../src/core/notice.ts";
import type { Runtime } from "../../src/core/runtime.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { incidentWorld } from "../support/incident-world.ts";
import { on } from "../support/virtual.ts";

const LATE_MS = 10_000;
const outage = (atS: number, forS: number) => ({
  ...on("alpha", { kind: "overloaded" }),
  atMs: atS * 1_000,
  forMs: forS * 1_000,
});
const CHANNEL: ChannelSettings = {
  name: "hook",
  target: { type: "webhook", url: "https://hook.test/", secret: `whsec_${btoa("0123456789012345678901234567890123")}` },
  on: ["incident.opened", "incident.updated", "incident.resolved"],
};
/** Nothing ever arrives: what is to be told stays where it is kept. */
const deaf = (inside: Runtime): Runtime => ({
  ...inside,
  transport: (_request, cancel) => new Promise((resolve) => cancel.onCancel(resolve)),
});

test("each change of state is on the page, in its API, in its feed and in the outbox within ten seconds", async () => {
  const database = openMemoryDatabase();
  const here = incidentWorld({
    // It begins, comes back while it is watched, ends, and begins again within the day.
    faults: [outage(30, 60), outage(250, 60), outage(1_600, 60)],
    settings: { notify: [CHANNEL] },
    runtime: deaf,
    database,
    ratePerS: 2,
  });
  const outbox = database.prepare<{ json: string }>("SELECT json FROM notify_outbox");
  /** When each update was first seen, by place. */
  const seen = new Map<string, Map<string, number>>();
  const note = (place: string, text: string): void => {
    const known = seen.get(place) ?? new Map<string, number>();
    seen.set(place, known);
    for (const [, id = ""] of text.matchAll(/(inc_\d{8}-\d{4}\.\d+)/g)) {
      if (!known.has(id)) known.set(id, here.room.desk.nowMs());
    }
  };
  const html: { readonly atMs: number; readonly text: string }[] = [];
  let amended = false;
  for (let second = 20; second < 2_600; second += 3) {
    await here.runTo(second);
    for (const { json } of outbox.all()) note("outbox", json);
    note("incidents", await (await here.get("/api/v2/incidents.json")).text());
    const [incident] = here.room.desk.book.incidents.values();
    if (incident === undefined) continue;
    if (!amended && second > 120) {
      here.room.desk.amend(incident, { update: "A word of a person" });
      amended = true;
    }
    const [page, feed] = await Promise.all(
      ["/status", "/history.atom"].map(async (path) => (await here.get(path)).text()),
    );
    html.push({ atMs: here.room.desk.nowMs(), text: `${page}\n${feed}` });
  }
  const [incident] = here.room.desk.book.incidents.values();
  if (incident === undefined) throw new Error("no incident");
  const states = incident.updates.filter(({ quiet }) => quiet !== true).map(({ state }) => state);
  expect(states).toEqual([
    ...["investigating", "identified", "monitoring", "monitoring", "identified", "monitoring", "resolved"],
    ...["investigating", "identified", "monitoring", "resolved"],
  ] as never);
  const late = incident.updates.flatMap(({ id, atMs, quiet, forUsers, state }) => {
    if (quiet === true || forUsers === undefined) return [];
    const places = ["outbox", "incidents"].filter(
      (place) => !((seen.get(place)?.get(id) ?? Infinity) - atMs <= LATE_MS),
    );
    // What was rendered ten seconds later says so, in the page and in the feed.
    const then = html.find((one) => one.atMs >= atMs + LATE_MS - 1_000)?.text ?? "";
    const word = state.charAt(0).toUpperCase() + state.slice(1);
    return [...places, ...(then.includes(state) && then.includes(word) ? [] : ["page"])].map(
      (place) => `${id} ${place}`,
    );
  });
  expect(late).toEqual([]);
  expect(here.calls.failed).toBe(0);
}, 120_000);

test("a page that throws is an error of its own: 0 failed calls, and incidents go on", async () => {
  const here = incidentWorld({ faults: [outage(20, 60)] });
  Object.defineProperty(here.room.desk, "maintenances", {
    get() {
      throw new Error("boom");
    },
  });
  for (let second = 1; second < 120; second += 2) {
    await here.runTo(second);
    for (const path of ["/status", "/api/v2/summary.json", "/history.atom"]) {
      const answered = await here.get(path).catch(() => undefined);
      expect(answered?.status ?? 500).toBe(500);
    }
  }
  expect([here.calls.made > 550, here.calls.failed]).toEqual([true, 0]);
  expect([...here.room.desk.book.incidents.values()].map(({ state }) => state)).toEqual(["monitoring"]);
}, 60_000);
