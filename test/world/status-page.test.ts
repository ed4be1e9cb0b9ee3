// The status page over HTTP, with a real outage in the virtual world behind it.

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import * as z from "zod";
import { parse } from "../../src/status/parse.ts";
import { incidentWorld } from "../support/incident-world.ts";
import { on } from "../support/virtual.ts";

const hashedKey = (key: string) => `sha256:${createHash("sha256").update(key).digest("hex")}`;
const outage = (atS: number, forS: number) => ({
  ...on("alpha", { kind: "overloaded" }),
  atMs: atS * 1_000,
  forMs: forS * 1_000,
});

// https://www.atlassian.com/software/statuspage: public API v2, as other programs read it.
const time = z.iso.datetime();
const component = z.object({
  id: z.string().min(1),
  name: z.string(),
  status: z.enum(["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]),
  created_at: time,
  updated_at: time,
  position: z.int(),
  description: z.null(),
  showcase: z.boolean(),
  start_date: z.string(),
  group_id: z.null(),
  page_id: z.string(),
  group: z.literal(false),
  only_show_if_degraded: z.boolean(),
});
const update = z.object({
  id: z.string(),
  incident_id: z.string(),
  status: z.string(),
  body: z.string(),
  created_at: time,
  updated_at: time,
  display_at: time,
  affected_components: z.null(),
  deliver_notifications: z.boolean(),
  custom_tweet: z.null(),
  tweet_id: z.null(),
});
const incident = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(["investigating", "identified", "monitoring", "resolved", "postmortem"]),
  impact: z.enum(["none", "minor", "major", "critical"]),
  created_at: time,
  updated_at: time,
  started_at: time,
  monitoring_at: time.nullable(),
  resolved_at: time.nullable(),
  shortlink: z.url(),
  page_id: z.string(),
  incident_updates: z.array(update).min(1),
  components: z.array(component),
});
const page = z.object({ id: z.string(), name: z.string(), url: z.url(), time_zone: z.string(), updated_at: time });
const status = z.object({
  indicator: z.enum(["none", "minor", "major", "critical", "maintenance"]),
  description: z.string(),
});
const maintenance = z.object({
  ...incident.shape,
  status: z.enum(["scheduled", "in_progress", "verifying", "completed"]),
  impact: z.literal("maintenance"),
  scheduled_for: time,
  scheduled_until: time,
});
const SHAPES = {
  summary: z.object({
    page,
    status,
    components: z.array(component),
    incidents: z.array(incident),
    scheduled_maintenances: z.array(maintenance),
  }),
  status: z.object({ page, status }),
  components: z.object({ page, components: z.array(component) }),
  incidents: z.object({ page, incidents: z.array(incident) }),
  "incidents/unresolved": z.object({ page, incidents: z.array(incident) }),
  "scheduled-maintenances": z.object({ page, scheduled_maintenances: z.array(maintenance) }),
};

describe("an outage on the page", () => {
  test("is seen in every form within ten seconds, and ends on it", async () => {
    const here = incidentWorld({ faults: [outage(60, 120)] });
    const read = async <Name extends keyof typeof SHAPES>(name: Name) => {
      const response = await here.get(`/api/v2/${name}.json`);
      // The shape of that name.
      return SHAPES[name].parse(await response.json()) as z.output<(typeof SHAPES)[Name]>;
    };
    await here.runTo(50);
    const before = await read("summary");
    expect([before, (await read("incidents")).incidents]).toMatchObject([
      { status: { indicator: "none" }, components: [{ name: "chat", status: "operational" }], incidents: [] },
      [],
    ]);
    const opened = () => [...here.room.desk.book.incidents.values()][0]?.openedMs;
    let seconds = 60;
    while (opened() === undefined && seconds < 120) await here.runTo(++seconds);
    await here.runTo(seconds + 5);
    const during = await read("summary");
    expect(during).toMatchObject({
      status: { indicator: "minor" },
      components: [{ status: "degraded_performance" }],
      incidents: [{ impact: "minor" }],
    });
    const html = await (await here.get("/status")).text();
    expect(html).toContain("Some answers come from another model");
    expect(html.match(/<i /g)?.length).toBe(90);
    expect(html).not.toMatch(/<script|alpha|beta/);
    const atom = await (await here.get("/history.atom")).text();
    expect(atom).toContain("<title>Some answers come from another model</title>");
    expect(atom).not.toContain("alpha");
    await here.runTo(1_800);
    for (const name of Object.keys(SHAPES)) await read(name as keyof typeof SHAPES);
    const after = await read("summary");
    expect([after.status.indicator, after.incidents]).toEqual(["none", []]);
    expect((await read("incidents")).incidents).toMatchObject([{ status: "resolved" }]);
    expect(await (await here.get("/status")).text()).toContain("This is over.");
  }, 30_000);

  test("is read by the readers of other people's pages", async () => {
    const here = incidentWorld({ faults: [outage(20, 600)] });
    await here.runTo(60);
    for (const path of ["/api/v2/summary.json", "/api/v2/incidents.json", "/history.atom"]) {
      const response = await here.get(path);
      const bytes = new Uint8Array(await response.arrayBuffer());
      const read = parse(bytes, response.headers.get("content-type") ?? "", here.room.desk.nowMs());
      if ("code" in read) throw new Error(`${path}: ${read.detail}`);
      const incidents = (read.incidents ?? []).map(({ title, lifecycle, open }) => [title, lifecycle, open]);
      expect([path, incidents]).toEqual([path, [["Some answers come from another model", "identified", true]]]);
      if (path.includes("summary")) {
        expect(read.components).toMatchObject([{ name: "chat", health: "degraded" }]);
      }
    }
  });

  test("an unchanged page is 304, other methods are 405, HEAD has no body", async () => {
    const here = incidentWorld();
    await here.runTo(1);
    const first = await here.get("/api/v2/summary.json");
    const etag = first.headers.get("etag") ?? "";
    expect((await here.get("/api/v2/summary.json", { "if-none-match": etag })).status).toBe(304);
    expect((await here.post("/status", {})).status).toBe(405);
    expect((await here.get("/api/v2/constructor.json")).status).toBe(404);
  });
});

describe("who may read it", () => {
  const keyed = {
    adminKey: "the-admin-key-of-this-gateway",
    keys: [
      { name: "web", hash: hashedKey("hf_web") },
      { name: "mail", hash: hashedKey("hf_mail"), routes: ["other"] },
    ],
  };
  const basic = (password: string) => ({ authorization: `Basic ${btoa(`anyone:${password}`)}` });

  test("private: the admin key or a gateway key; a key limited to routes sees only those", async () => {
    const here = incidentWorld({ settings: keyed });
    for (const path of ["/status", "/api/v2/summary.json", "/history.atom"]) {
      const refused = await here.get(path);
      expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([
        401,
        expect.stringContaining("Basic"),
      ]);
      expect((await here.get(path, basic("wrong"))).status).toBe(401);
      expect((await here.get(path, { authorization: "Basic ####" })).status).toBe(401);
      for (const headers of [{ "x-api-key": "hf_web" }, basic("hf_web"), basic(keyed.adminKey)]) {
        expect((await here.get(path, headers)).status).toBe(200);
      }
    }
    const limited = await here.get("/api/v2/components.json", { "x-api-key": "hf_mail" });
    expect(await limited.json()).toMatchObject({ components: [] });
  });

  test("public: everybody, from anywhere, by any name", async () => {
    const here = incidentWorld({ settings: { ...keyed, statusPage: "public" } });
    const answer = await here.get("/api/v2/summary.json", {
      host: "status.example.com",
      origin: "https://elsewhere.example",
    });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
    expect((await here.get("/admin/v1/incidents")).status).toBe(401);
  });

  test("public on a gateway without keys: the page is open, the rest keeps its guard", async () => {
    const here = incidentWorld({ settings: { statusPage: "public" } });
    expect((await here.get("/status", { host: "status.example.com" })).status).toBe(200);
    expect((await here.get("/v1/models", { host: "status.example.com" })).status).toBe(403);
  });
});

test("public: a draft is shown by hand, while components tell the truth at once", async () => {
  const here = incidentWorld({ faults: [outage(10, 600)], settings: { statusPage: "public" } });
  await here.runTo(60);
  const summary = async () => SHAPES.summary.parse(await (await here.get("/api/v2/summary.json")).json());
  expect(await summary()).toMatchObject({ status: { indicator: "minor" }, incidents: [] });
  const [id] = here.room.desk.book.incidents.keys();
  await here.post(`/admin/v1/incidents/${id}`, { publish: true });
  await here.runTo(63);
  expect(await summary()).toMatchObject({ incidents: [{ id }] });
});

test("a draft is shown after the time that was set", async () => {
  const here = incidentWorld({ faults: [outage(10, 900)], settings: { statusPage: "public" } });
  await here.post("/admin/v1/incidents/policy", { publish: "after 5m" });
  await here.runTo(300);
  const shown = async () =>
    ((await (await here.get("/api/v2/incidents.json")).json()) as { incidents: unknown[] }).incidents.length;
  expect(await shown()).toBe(0);
  await here.runTo(340);
  expect(await shown()).toBe(1);
});

test("whatever people write is text on the page, in the feed and in the API", async () => {
  const here = incidentWorld();
  const nasty = `<script>alert(1)</script>"'&]]>\u0000<img src=x onerror=alert(2)>`;
  await here.post("/admin/v1/incidents", { title: nasty, text: nasty, severity: "major", routes: ["chat"] });
  const from = new Date(here.room.desk.nowMs() + 60_000).toISOString();
  const until = new Date(here.room.desk.nowMs() + 120_000).toISOString();
  await here.post("/admin/v1/incidents/maintenance", { title: nasty, text: nasty, from, until });
  await here.runTo(3);
  const html = await (await here.get("/status")).text();
  expect(html).not.toMatch(/<script|<img/);
  expect(html).toContain("&lt;script&gt;");
  const atom = await (await here.get("/history.atom")).text();
  expect(atom).not.toMatch(/<script|<img|\]\]>/);
  const summary = SHAPES.summary.parse(await (await here.get("/api/v2/summary.json")).json());
  expect(summary.incidents[0]?.incident_updates[0]?.body).not.toContain("<");
  expect(summary.components[0]?.status).toBe("partial_outage");
  expect(summary.scheduled_maintenances[0]?.status).toBe("scheduled");
});
