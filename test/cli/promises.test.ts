// A month with two outages under the promises of its providers: from the store, in every format, as a claim.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisesOf } from "../../src/cli/promises.ts";
import { claimable, deadlinesOf, judgeProvider } from "../../src/cli/sla-judge.ts";
import { readContract } from "../../src/config/contract.ts";
import type { Database } from "../../src/core/database.ts";
import { createCallFollower } from "../../src/observe/follow-calls.ts";
import { createLedger } from "../../src/observe/ledger/ledger.ts";
import { readLedger } from "../../src/observe/ledger/read.ts";
import { KEPT_ON_DISK } from "../../src/observe/ledger/store.ts";
import { openDatabase } from "../../src/runtime/sqlite.ts";
import { unzip } from "../../src/sla/zip.ts";
import { createPageSnapshots } from "../../src/state/page-snapshots.ts";
import { contractText } from "../support/contract-text.ts";
import { callFacts, type ScriptedCall } from "../support/scripted-call.ts";
import { settingsOf, sim } from "../support/virtual.ts";

const VERTEX = "https://europe-west1-aiplatform.googleapis.com";

const folder = mkdtempSync(join(tmpdir(), "holdfast-promises-"));
const STORE = join(folder, "month.db");
const CONFIG = join(folder, "holdfast.yaml");
const CONTRACT = join(folder, "contract.yaml");
const MINUTE_MS = 60_000;
const at = (text: string) => Date.parse(`${text}Z`) / MINUTE_MS;
/** Five hours, and fifty minutes of which thirty are November's in UTC and none is in California. */
const OUTAGES = [
  [at("2026-10-05T10:00"), at("2026-10-05T15:00")],
  [at("2026-10-31T23:40"), at("2026-11-01T00:30")],
] as const;
const ALL_OCTOBER = 31 * 1_440;
const CALLS_A_MINUTE = 6;

const PRICE = { inputPerMillion: 1, outputPerMillion: 2, source: "https://prices.example.com", verified: "2026-10-01" };
const USAGE = { inputTokens: 1_000, outputTokens: 100 };
const CALL_USD = 0.0012;

/** A call every five minutes; in the outages six a minute, which all fail at alpha and are answered by beta. */
function writeMonth(database: Database): void {
  let minute = 0;
  const wallMs = () => minute * MINUTE_MS + 1_000;
  const clock = { now: wallMs, after: () => () => {} };
  const ledger = createLedger({
    database,
    keeping: KEPT_ON_DISK,
    settings: () =>
      settingsOf({ url: (name) => `http://${name}` }, { providers: [sim("alpha", "anthropic-messages")] }),
    priceOf: ({ name }) => (name === "alpha" ? PRICE : undefined),
    clock,
    wallMs,
    random: () => 0.5,
    newKey: () => new Uint8Array(16),
    warn: () => {},
    emit: () => {},
  });
  const follower = createCallFollower(wallMs, [ledger.read]);
  for (minute = at("2026-09-29T00:00"); minute < at("2026-11-03T00:00"); minute++) {
    const isDown = OUTAGES.some(([from, to]) => minute >= from && minute < to);
    for (let number = 0; number < (isDown ? CALLS_A_MINUTE : minute % 5 === 0 ? 1 : 0); number++) {
      const attempts: ScriptedCall["attempts"] = isDown ? [["alpha/m", "server-error"], ["beta/m"]] : [["alpha/m"]];
      for (const fact of callFacts({ id: `c${minute}-${number}`, atMs: wallMs(), attempts, usage: USAGE }))
        follower.read(fact);
    }
    if (minute % 500 === 0) ledger.flush();
  }
  ledger.close();
}

function opened(): Database {
  const found = openDatabase(STORE, 0);
  if (!("database" in found)) throw new Error(found.problem);
  return found.database;
}

beforeAll(() => {
  const database = opened();
  writeMonth(database);
  const { keep } = createPageSnapshots(database, () => {});
  const said = (text: string) => [{ url: "https://status.example.com/api/v2/summary.json", bytes: Buffer.from(text) }];
  for (const [day, text] of [
    ["2026-08-05T10:00", "before"],
    ["2026-10-05T10:41", "investigating"],
    ["2026-10-05T16:44", "resolved"],
  ] as const) {
    keep("alpha", said(text), at(day) * MINUTE_MS);
  }
  database.close();
  // The key is not in the environment: where its providers are is read all the same.
  const config = `providers:
  alpha: { dialect: anthropic-messages, url: "${VERTEX}", key: "\${NOT_SET_HERE}" }
  beta: { dialect: openai-chat, url: "http://beta.sim", key: none }
routes: { chat: { targets: [alpha/m, beta/m] } }
`;
  writeFileSync(CONFIG, config);
  writeFileSync(CONTRACT, contractText("request-ratio"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DOWN = 300 + 20;
const BAD = DOWN * CALLS_A_MINUTE;
const GOOD = (ALL_OCTOBER - DOWN) / 5;
for (const [rule, wanted] of [
  ["request-ratio", 1 - BAD / (BAD + GOOD)],
  ["{ interval-mean: 5m }", 1 - DOWN / ALL_OCTOBER],
  ["{ downtime-periods: { error-share: 5%, least: 5m } }", 1 - DOWN / ALL_OCTOBER],
  ["{ minute-sum: { error-share: 50%, least: 5m } }", 1 - DOWN / ALL_OCTOBER],
] as const) {
  test(`a month with two outages by ${rule}`, () => {
    const read = readContract(contractText(rule), "c.yaml");
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const database = opened();
    const ledger = readLedger(database);
    if (ledger === undefined) throw new Error("no ledger");
    const of = { account: undefined, region: undefined, model: undefined };
    const known = promisesOf({ name: "alpha" }, read.contract);
    const judged = judgeProvider(ledger, "alpha", known, { month: "2026-10", nowMinute: at("2026-11-03T00:00"), of });
    const { evaluation } = claimable(judged.promises);
    expect(evaluation.contracted).toBeCloseTo(wanted, 12);
    expect(evaluation.credit).toMatchObject({ share: 0.1, of: "the month's fees" });
    expect(evaluation.credit?.estimateUsd).toBeCloseTo(0.1 * CALL_USD * GOOD, 9);
    expect(judged.month).toMatchObject({ valid: BAD + GOOD, failed: BAD });
    expect(deadlinesOf(judged, "2026-10", Date.UTC(2027, 9, 22))).toEqual([
      { provider: "alpha", month: "2026-10", promise: "Ours", claimBy: "2027-10-26", daysLeft: 4 },
    ]);
    // Halfway through the month: what has not come counts neither way, and the last day is still the month's.
    const half = judgeProvider(ledger, "alpha", known, { month: "2026-10", nowMinute: at("2026-10-16T00:00"), of });
    expect(claimable(half.promises).evaluation).toMatchObject({ claimBy: "2027-10-26" });
    expect(claimable(half.promises).span.toMinute).toBe(at("2026-10-16T00:00"));
    database.close();
  });
}

async function run(...args: readonly string[]) {
  const command = [process.execPath, join(import.meta.dir, "../../src/cli/main.ts"), "report", ...args];
  const env = { PATH: process.env.PATH ?? "" };
  const child = Bun.spawn(command, { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

const OF = ["--store", STORE, "--month", "2026-10"];

test("the catalog's promise is found by the url, judged in its own time zone, and told in every format", async () => {
  const { code, out } = await run("sla", ...OF, "--json");
  expect(code).toBe(0);
  const { providers, deadlines } = JSON.parse(out);
  const [alpha, beta] = providers;
  expect(alpha.evaluations).toHaveLength(1);
  expect(alpha.evaluations[0]).toMatchObject({
    name: "Gemini on Vertex AI",
    promised: 0.995,
    credit: { share: 0.1 },
    claimBy: "2026-11-04",
  });
  // In California both outages are October's.
  expect(alpha.evaluations[0].contracted).toBeCloseTo(1 - 350 / ALL_OCTOBER, 12);
  expect(beta.evaluations[0]).toMatchObject({ name: "no promise known: what was measured" });
  expect(deadlines).toEqual([expect.objectContaining({ provider: "alpha", claimBy: "2026-11-04" })]);
  // Beta answered all that alpha failed.
  expect(alpha.clientsSaw).toBe(1);
  for (const [format, ...parts] of [
    [
      "md",
      "clients of Holdfast saw",
      "## To be claimed",
      "by 2026-11-04",
      "alpha: Gemini on Vertex AI",
      "The month is cut in America/Los",
    ],
    ["html", "<!doctype html>", "Verified on 2026-08-31; confidence: quoted"],
    ["csv", "alpha,2026-10-05T10:00Z,6,6"],
  ]) {
    const shown = await run("sla", ...OF, "--format", format ?? "");
    expect(shown.code).toBe(0);
    for (const part of parts) expect(shown.out).toContain(part);
  }
  // More than a pipe holds comes through whole.
  const table = (await run("sla", ...OF, "--format", "csv")).out.split("\r\n");
  expect(table.join().length).toBeGreaterThan(300_000);
  expect(table.at(-1)).toBe("");
  expect(table.at(-2)).toMatch(/^beta,2026-10-31T23:59Z,6,0,/);
}, 90_000);

test("the same month's impact, in every format", async () => {
  for (const [format, part] of [
    ["md", "were rescued"],
    ["html", "<svg"],
    ["csv", `calls,,rescued,${BAD}\r\n`],
    ["json", `"rescued":${BAD}`],
  ]) {
    const shown = await run("impact", ...OF, "--format", format ?? "");
    expect([format, shown.code, shown.out]).toEqual([format, 0, expect.stringContaining(part ?? "")]);
  }
}, 90_000);

test("a contract wins; the pack is made under it, is whole, and is not after one changed byte", async () => {
  const pack = join(folder, "claim.zip");
  const of = [...OF, "--provider", "alpha", "--contract", CONTRACT];
  const made = await run("sla", ...of, "--format", "zip", "--out", pack);
  expect([made.code, made.out]).toEqual([0, expect.stringContaining('under "Ours"')]);
  expect((await run("verify", pack)).code).toBe(0);
  const bytes = readFileSync(pack);
  expect(bytes.toString("latin1")).toContain("Credit: 10 % of the month's fees");
  const files = new Map(unzip(bytes)?.map(({ name, bytes: body }) => [name, Buffer.from(body).toString()]));
  expect([files.get("pages/0001"), files.get("pages/0002"), files.get("pages/0003")]).toEqual([
    "investigating",
    "resolved",
    undefined,
  ]);
  expect(files.get("pages.csv")).toContain("pages/0001,2026-10-05T10:41:00.000Z,https://status.example.com/api/v2/");
  const at = bytes.indexOf("2026-10-05T10:00Z");
  bytes[at + 3] = 0x37;
  writeFileSync(pack, bytes);
  expect((await run("verify", pack)).code).toBe(1);
}, 90_000);

test("what is promised to each route, without a ledger", async () => {
  const of = ["sla", "--promised", "--config", CONFIG];
  const { code, out, err } = await run(...of, "--json");
  expect([code, err]).toEqual([0, ""]);
  const [{ route, targets }] = JSON.parse(out).routes;
  expect(route).toBe("chat");
  expect(targets).toMatchObject([
    {
      target: "alpha/m",
      promises: [
        { name: "Gemini on Vertex AI", promised: 0.995, claimWithin: "30 days of the incident", confidence: "quoted" },
      ],
    },
    { target: "beta/m", promises: [] },
  ]);
  const table = (await run(...of, "--format", "csv")).out.split("\r\n");
  expect(table[0]).toStartWith("route,target,promise,sold_apart,promised,definition,");
  expect(table[1]).toStartWith('chat,alpha/m,Gemini on Vertex AI,,0.995,"Per project');
  expect(table[2]).toBe("chat,beta/m,,,,,,,,,,,");
  const own = await run(...of, "--contract", CONTRACT);
  expect(own.out).toContain("| chat | alpha/m | Ours | 99.90\u202f% |");
  expect(own.out).toContain("| chat | beta/m | none is known | nothing |");
  expect(own.out).toContain("Source: a contract of your own");
}, 90_000);

test("slips are told", async () => {
  const wrong = join(folder, "wrong.yaml");
  writeFileSync(wrong, contractText("request-ratio").replace("promised", "promissed"));
  const stranger = join(folder, "stranger.yaml");
  writeFileSync(stranger, contractText("request-ratio").replace("alpha", "gamma"));
  for (const [args, code, said] of [
    [["sla", ...OF, "--contract", wrong], 2, `wrong.yaml:3:1  promissed  unknown key`],
    [["sla", ...OF, "--contract", join(folder, "none.yaml")], 2, "no such file"],
    [["sla", ...OF, "--contract", stranger], 1, "alpha, beta"],
    [["sla", ...OF, "--promise", "Gemini on Vertex"], 1, 'did you mean "Gemini on Vertex AI"'],
    [["sla", "--promised", "--format", "zip"], 2, "md, html, csv, json"],
    [["sla", "--promised", "--month", "2026-10"], 2, "takes no --month"],
    [["sla", "--promised", "--config", wrong], 2, "holdfast check"],
    [["sla", "--promised", "--config", join(folder, "none.yaml")], 2, "no such file"],
  ] as const) {
    const found = await run(...args);
    expect([args, found.code, found.err]).toEqual([args, code, expect.stringContaining(said)]);
  }
}, 90_000);
