// What the ledger costs and what it holds: a month of calls written to a file as a gateway writes them, then read as a
// report reads it. `npm run bench:ledger -- [--calls 10000000] [--keep FILE]`. Figures and limits are on stdout; exit 1: one was missed.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { priceOf } from "../catalog/models.ts";
import type { FaultKind } from "../src/core/fault.ts";
import type { GatewayEvent } from "../src/core/gateway-event.ts";
import type { Settings } from "../src/core/settings.ts";
import { createCallFollower } from "../src/observe/follow-calls.ts";
import { createLedger } from "../src/observe/ledger/ledger.ts";
import { KEPT_ON_DISK } from "../src/observe/ledger/store.ts";
import { openDatabase } from "../src/runtime/sqlite.ts";
import { randomStream } from "../src/sim/random.ts";

const MINUTES = 30 * 1_440;
const MINUTE_MS = 60_000;
const MONTH = "2026-11";
const FROM_MS = Date.UTC(2026, 10, 1);
/** A call's CPU that the recording is divided by: 1.5 bare relays, the gateway's own gate and less than it takes (bench/RESULTS.md). */
const CALL_US = 165;
const LIMITS = { recordingShare: 0.03, reportS: 5, reportMb: 300, minutesMb: 200 };
/** What is written once a second is divided by so many calls. */
const CALLS_A_SECOND = 500;

const TARGETS = ["anthropic/claude-sonnet-5", "openai/gpt-5", "gemini/gemini-3.8-flash"];
const ROUTES = ["chat", "search", "summary", "agent"];
const TENANTS = 12;
const USERS = 20_000;
/** Three hours in which most of the first provider's calls fail. */
const OUTAGE = [17 * 1_440 + 840, 17 * 1_440 + 1_020] as const;

const { values } = parseArgs({ options: { calls: { type: "string" }, keep: { type: "string" } } });
const CALLS = Number(values.calls ?? 10_000_000);
const folder = mkdtempSync(join(tmpdir(), "holdfast-ledger-"));
const file = values.keep ?? join(folder, "month.db");

const settings: Settings = {
  listen: { host: "127.0.0.1", port: 0 },
  providers: [],
  routes: ROUTES.map((name) => ({
    name,
    targets: TARGETS.map((target) => ({ provider: target.split("/")[0] ?? "", model: target.split("/")[1] ?? "" })),
    timeouts: { connectMs: 1, firstTokenMs: 1, wholeMs: 1, idleMs: 1, totalMs: 1 },
    attempts: 3,
    retryWaitMs: 0,
    resume: "text",
    usage: "exact",
    strict: false,
    criticality: "default",
  })),
  keys: [],
  passthrough: false,
};

/** Of this process, in milliseconds: on a busy machine the clock on the wall measures the others. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

interface Written {
  readonly recordUs: number;
  readonly flushMs: number;
}

function writeMonth(): Written {
  const opened = openDatabase(file, FROM_MS);
  if (!("database" in opened)) throw new Error(opened.problem);
  const random = randomStream(1, "ledger");
  let nowMs = 0;
  const ledger = createLedger({
    database: opened.database,
    keeping: KEPT_ON_DISK,
    settings: () => settings,
    priceOf,
    clock: { now: () => nowMs, after: () => () => {} },
    wallMs: () => FROM_MS + nowMs,
    random,
    newKey: () => new Uint8Array(16),
    warn: (message) => console.error(message),
    emit: () => {},
  });
  const follower = createCallFollower(() => FROM_MS + nowMs, [ledger.read]);
  const idle = createCallFollower(() => FROM_MS + nowMs, []);
  let number = 0;
  let recordMs = 0;
  let flushMs = 0;
  for (let minute = 0; minute < MINUTES; minute++) {
    // More by day than by night.
    const share = 1 + 0.8 * Math.sin((minute / 1_440) * 2 * Math.PI);
    const facts: GatewayEvent[] = [];
    for (let left = Math.round((CALLS / MINUTES) * share); left > 0; left--) {
      nowMs = minute * MINUTE_MS + random() * (MINUTE_MS - 1);
      callFacts(facts, { number: ++number, atMs: nowMs, down: minute >= OUTAGE[0] && minute < OUTAGE[1], random });
    }
    nowMs = minute * MINUTE_MS;
    // Following is there without the ledger too: only what is more is its own.
    const beganMs = cpuMs();
    for (const fact of facts) idle.read(fact);
    const followedMs = cpuMs();
    for (const fact of facts) follower.read(fact);
    const readMs = cpuMs();
    recordMs += readMs - followedMs - (followedMs - beganMs);
    ledger.flush();
    flushMs += cpuMs() - readMs;
    if (minute % 4_320 === 0) console.error(`day ${minute / 1_440}`);
  }
  ledger.close();
  opened.database.close();
  return { recordUs: (1_000 * recordMs) / number, flushMs: flushMs / MINUTES };
}

interface Made {
  readonly number: number;
  readonly atMs: number;
  readonly down: boolean;
  random(): number;
}

function callFacts(facts: GatewayEvent[], { number, atMs, down, random }: Made): void {
  const call = `call_${number}`;
  const route = ROUTES[Math.floor(random() ** 2 * ROUTES.length)] ?? "chat";
  const tenant = `tenant${Math.floor(random() ** 3 * TENANTS)}`;
  const first = random() < 0.8 ? 0 : 1;
  const endUser = `00000000${Math.floor(random() * USERS)
    .toString(16)
    .padStart(8, "0")}`;
  facts.push({
    type: "call-start",
    atMs,
    call,
    route,
    operation: "generate",
    dialect: "anthropic-messages",
    model: route,
    stream: true,
    tenant,
    endUser,
  });
  const fails = random() < (down && first === 0 ? 0.8 : 0.003);
  let at = atMs;
  if (fails)
    at = attemptFacts(facts, { call, number: 1, target: TARGETS[first] ?? "", at, fault: "overloaded", random });
  const target = TARGETS[fails ? first + 1 : first] ?? "";
  at = attemptFacts(facts, { call, number: fails ? 2 : 1, target, at, fault: undefined, random });
  facts.push({
    type: "call-end",
    atMs: at,
    call,
    ending: "complete",
    target,
    attempts: fails ? 2 : 1,
    servedBy: "target",
    firstContentMs: 400,
    tookMs: at - atMs,
  });
}

interface Tried {
  readonly call: string;
  readonly number: number;
  readonly target: string;
  readonly at: number;
  readonly fault: FaultKind | undefined;
  random(): number;
}

function attemptFacts(facts: GatewayEvent[], { call, number, target, at, fault, random }: Tried): number {
  facts.push({ type: "attempt-start", atMs: at, call, target, number });
  const tookMs = fault === undefined ? 1_000 + random() * 9_000 : 50 + random() * 200;
  const usage = { inputTokens: Math.floor(200 + random() * 4_000), outputTokens: Math.floor(20 + random() * 800) };
  facts.push({
    type: "attempt-end",
    atMs: at + tookMs,
    call,
    target,
    number,
    fault,
    status: fault === undefined ? 200 : 529,
    committed: fault === undefined,
    firstContentMs: fault === undefined ? 200 + random() * 800 : undefined,
    tookMs,
    pausedMs: 0,
    usage: fault === undefined ? usage : undefined,
    requestId: `req_${call}_${number}`,
    account: "0123456789ab",
  });
  return at + tookMs;
}

function sizesMb(): { readonly minutes: number; readonly file: number } {
  const opened = openDatabase(file, FROM_MS);
  if (!("database" in opened)) throw new Error(opened.problem);
  const { database } = opened;
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const found = database
    .prepare<{ bytes: number }>(
      "SELECT sum(pgsize) AS bytes FROM dbstat WHERE name IN ('ledger_minute', 'ledger_series')",
    )
    .get();
  database.close();
  return { minutes: (found?.bytes ?? 0) / 2 ** 20, file: statSync(file).size / 2 ** 20 };
}

/** Through the command itself, in a process of its own. */
async function reportFigures(...kind: readonly string[]): Promise<Reported> {
  const beganMs = performance.now();
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "../src/cli/main.ts"),
      "report",
      ...kind,
      "--store",
      file,
      "--month",
      MONTH,
      "--json",
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  const text = await new Response(child.stdout).text();
  await child.exited;
  const usage = child.resourceUsage();
  const report: unknown = JSON.parse(text);
  const calls = Object(Object(report).calls).all;
  return {
    seconds: (performance.now() - beganMs) / 1_000,
    cpuS: Number(usage?.cpuTime.total ?? 0) / 1e6,
    mb: (usage?.maxRSS ?? 0) / 2 ** 20,
    calls: Number(calls),
  };
}

interface Reported {
  readonly seconds: number;
  /** All its threads: where nothing else runs it is no less than the seconds of the wall. */
  readonly cpuS: number;
  readonly mb: number;
  readonly calls: number;
}

function reportRows(name: string, { seconds, cpuS, mb }: Reported): readonly Row[] {
  const tooLong = Math.min(seconds, cpuS) > LIMITS.reportS;
  return [
    [`${name}, s of CPU`, cpuS.toFixed(2), `${LIMITS.reportS}`, !tooLong],
    [`${name}, s by the wall`, seconds.toFixed(2), "–", true],
    [`${name}, peak MB`, mb.toFixed(0), `${LIMITS.reportMb}`, mb <= LIMITS.reportMb],
  ];
}

type Row = readonly [name: string, found: string, limit: string, held: boolean];

const written = writeMonth();
const sizes = sizesMb();
const report = await reportFigures("impact");
const sla = await reportFigures("sla");
const wholeUs = written.recordUs + (1_000 * written.flushMs) / CALLS_A_SECOND;
const rows: readonly Row[] = [
  ["calls in the report", String(report.calls), `${CALLS} ± 1 %`, Math.abs(report.calls / CALLS - 1) < 0.01],
  ["recording, µs of CPU a call", written.recordUs.toFixed(2), "–", true],
  ["writing, ms of CPU a second", written.flushMs.toFixed(2), "–", true],
  [
    `both at ${CALLS_A_SECOND} calls/s, µs a call`,
    wholeUs.toFixed(2),
    (CALL_US * LIMITS.recordingShare).toFixed(2),
    wholeUs <= CALL_US * LIMITS.recordingShare,
  ],
  ["minutes on disk, MB", sizes.minutes.toFixed(0), `${LIMITS.minutesMb}`, sizes.minutes <= LIMITS.minutesMb],
  ["file with single records, MB", sizes.file.toFixed(0), "–", true],
  ...reportRows("report impact", report),
  ...reportRows("report sla", sla),
];
for (const [name, found, limit, held] of rows)
  console.log(`${name.padEnd(34)}${found.padStart(12)}   limit ${limit}${held ? "" : "   MISSED"}`);
rmSync(folder, { recursive: true });
process.exit(rows.every(([, , , held]) => held) ? 0 : 1);
