// `holdfast incidents` and `report incidents` against a running gateway, over sockets.

import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demoWith } from "../../test/support/serving.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { createClient } from "./gateway-client.ts";
import { main } from "./main.ts";
import { copyPage, unverified } from "./status-export.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-incidents-"));
const started = demoWith();
let id = "";

beforeAll(async () => {
  const response = await fetch(`${started.url}/admin/v1/incidents`, {
    method: "POST",
    body: JSON.stringify({ title: 'Sign-in, "slow"', text: "We look into it.", severity: "major" }),
  });
  id = String((await response.json()).id);
});
afterAll(async () => {
  await started.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]) {
  const [out, err]: string[][] = [[], []];
  const spies = [
    spyOn(console, "log").mockImplementation((text: string) => void out?.push(`${text}\n`)),
    spyOn(console, "error").mockImplementation((text: string) => void err?.push(`${text}\n`)),
  ];
  const code = await main([...args, "--gateway", started.url]);
  for (const spy of spies) spy.mockRestore();
  return { code, out: out?.join("") ?? "", err: err?.join("") ?? "" };
}

test("lists, shows, takes notes, exports, and says what is wrong", async () => {
  expect((await run("incidents")).out).toContain(`${id}  investigating, major`);
  expect(await run("incidents", "note", id, "called them")).toMatchObject({ code: 0 });
  const shown = await run("incidents", "show", id);
  expect([shown.code, shown.out]).toEqual([0, expect.stringContaining("by a person: called them")]);
  const corrected = await run("incidents", "correct", id, "--cause", "ours", "--severity", "minor", "--json");
  expect([corrected.code, JSON.parse(corrected.out)]).toMatchObject([
    0,
    { severity: "minor", cause: { suspected: { class: "ours" } } },
  ]);
  expect(await run("incidents", "correct", id, "--cause", "demon")).toMatchObject({
    code: 2,
    err: expect.stringContaining("cause: one of infrastructure"),
  });
  expect((await run("incidents", "export", id, "--md")).out).toContain("## Timeline");
  expect((await run("incidents", "export", id, "--scenario")).out).toContain("gates:");
  expect((await run("incidents", "resolve", id)).out).toContain("resolved");
  expect((await run("incidents", "--open", "--json")).out.trim()).toBe('{"incidents":[]}');
  expect(await run("incidents", "show", "inc_nothing")).toMatchObject({ code: 1 });
  for (const wrong of [
    ["incidents", "export", id],
    ["incidents", "note", id],
    ["incidents", "burn", id],
    ["incidents", "show"],
    ["incidents", "correct", id],
    ["incidents", "note", id, "x", "--cause", "ours"],
  ]) {
    expect([(await run(...wrong)).code, wrong]).toEqual([2, wrong]);
  }
}, 60_000);

test("reports in every format", async () => {
  expect((await run("report", "incidents")).out).toContain("# Incidents");
  expect((await run("report", "incidents", "--format", "csv")).out).toMatch(/^id,provider,state,.*\r\n/);
  expect((await run("report", "incidents", "--format", "html")).out).toContain("<table>");
  expect(JSON.parse((await run("report", "incidents", "--json")).out).incidents).toMatchObject([{ id }]);
  expect((await run("report", "incidents", "--month", "2001-01")).out).toContain("None.");
  for (const wrong of [
    ["--month", "x"],
    ["--format", "pdf"],
    ["--from", "soon"],
  ]) {
    expect([(await run("report", "incidents", ...wrong)).code, wrong]).toEqual([2, wrong]);
  }
}, 60_000);

test("the page as files says when it can no longer be verified", async () => {
  expect((await run("status", "--export", folder)).out).toContain("6 files");
  expect((await run("status", "--export", folder, "--every", "soon")).code).toBe(2);
  expect(readFileSync(join(folder, "index.html"), "utf8")).toContain("Sign-in");
  const copied = await copyPage(createClient(started.url, undefined, createBunRuntime()));
  if ("problem" in copied) throw new Error(copied.problem);
  const stale = unverified(copied);
  expect(stale.get("index.html")).toMatch(/Not verified since \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  expect(JSON.parse(stale.get("api/v2/summary.json") ?? "").status.indicator).toBe("major");
  expect(unverified(stale)).toBe(stale);
  // A gateway that is gone: what an earlier run wrote must not go on saying that all is well.
  const gone = ["status", "--export", folder, "--gateway", "http://127.0.0.1:9"];
  expect(await main(gone)).toBe(1);
  expect(readFileSync(join(folder, "index.html"), "utf8")).toContain("Not verified since");
}, 60_000);
