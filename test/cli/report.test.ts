// The ledger of real gateways, killed, restarted, robbed of their store; and the reports of it, from the command line.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSimProvider, startSimProvider } from "../../src/cli/sim-provider.ts";
import type { ImpactReport } from "../../src/reports/impact-report.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-report-"));
const SECRET = "sk-of-alpha-4711";
let alpha: RunningSimProvider;
let beta: RunningSimProvider;

beforeAll(() => {
  alpha = startSimProvider({ name: "alpha", dialect: "anthropic-messages", firstTokenMs: 1, tokensPerS: 10_000 });
  beta = startSimProvider({ name: "beta", dialect: "openai-chat", firstTokenMs: 1, tokensPerS: 10_000 });
});
afterAll(() => {
  alpha.stop();
  beta.stop();
  rmSync(folder, { recursive: true, force: true });
});

function configure(name: string, store: string): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `providers:
  alpha: { dialect: anthropic-messages, url: "${alpha.url}", key: ${SECRET} }
  beta: { dialect: openai-chat, url: "${beta.url}", key: none }
routes:
  chat: { targets: [alpha/m, beta/m], value: 0.50usd }
store: ${store}
`,
  );
  return file;
}

function spawn(args: readonly string[]) {
  const command = [process.execPath, join(import.meta.dir, "../../src/cli/main.ts"), ...args];
  const env = { PATH: process.env.PATH ?? "", BUN_CONFIG_MAX_HTTP_REQUESTS: "20000", HOLDFAST_LOG: "off" };
  return Bun.spawn(command, { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
}

async function serve(config: string) {
  const child = spawn(["up", "--config", config, "--port", "0", "--json"]);
  const first = new TextDecoder().decode((await child.stdout.getReader().read()).value);
  return { child, url: String(JSON.parse(first).ready) };
}

async function ask(url: string, user = "ada"): Promise<number> {
  const body = {
    model: "chat",
    max_tokens: 20,
    metadata: { user_id: user },
    messages: [{ role: "user", content: "Hi" }],
  };
  const headers = { "content-type": "application/json", "anthropic-version": "2023-06-01" };
  const response = await fetch(`${url}/v1/messages`, { method: "POST", headers, body: JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
}

async function run(args: readonly string[]) {
  const child = spawn(args);
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

async function impact(...args: readonly string[]): Promise<ImpactReport> {
  const { code, out, err } = await run(["report", "impact", "--json", ...args]);
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out);
}

test("kill -9 loses the last second at most, and never what was written before", async () => {
  const store = join(folder, "killed.db");
  const config = configure("killed", `sqlite:${store}`);
  let before = 0;
  for (let round = 0; round < 2; round++) {
    const { child, url } = await serve(config);
    const answeredMs: number[] = [];
    const beganMs = performance.now();
    while (performance.now() - beganMs < 2_500) {
      expect(await ask(url)).toBe(200);
      answeredMs.push(performance.now());
    }
    child.kill("SIGKILL");
    const killedMs = performance.now();
    await child.exited;
    const found = await impact("--store", store);
    // A busy machine may fire the timer late: a call counts as old a little after the second.
    const old = answeredMs.filter((at) => at < killedMs - 1_300).length;
    expect(found.calls.all).toBeGreaterThanOrEqual(before + old);
    expect(found.calls.all).toBeLessThanOrEqual(before + answeredMs.length);
    expect(old).toBeGreaterThan(0);
    before = found.calls.all;
  }
}, 90_000);

test("with its store deleted or emptied under it, a gateway fails no call", async () => {
  const store = join(folder, "robbed.db");
  const { child, url } = await serve(configure("robbed", `sqlite:${store}`));
  expect(await ask(url)).toBe(200);
  await Bun.sleep(1_100);
  for (const rob of [() => writeFileSync(store, ""), () => writeFileSync(`${store}-wal`, "x"), () => rmSync(store)]) {
    rob();
    for (let count = 0; count < 20; count++) expect(await ask(url)).toBe(200);
    await Bun.sleep(1_100);
  }
  expect(await ask(url)).toBe(200);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}, 90_000);

test("in memory: the gateway itself is asked; users are counted, and nothing secret is told", async () => {
  const config = configure("memory", "memory");
  const { child, url } = await serve(config);
  alpha.setFault({ kind: "overloaded" });
  for (const user of ["ada", "bob", "ada"]) expect(await ask(url, user)).toBe(200);
  alpha.setFault(undefined);
  const found = await impact("--gateway", url);
  expect([found.calls.hit, found.calls.rescued, found.users.hit]).toEqual([3, 3, 2]);
  expect(found.providers.map(({ provider }) => provider).sort()).toEqual(["alpha", "beta"]);
  expect(JSON.stringify(found)).not.toMatch(/ada|4711/);
  const refused = await run(["report", "impact", "--config", config]);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("ask the gateway with --gateway")]);
  const wrong = await fetch(`${url}/admin/v1/reports/impact?monht=2026-11`);
  expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining("monht")]);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}, 90_000);

test("neither a key nor a user's name is in the file", async () => {
  const store = join(folder, "secrets.db");
  const { child, url } = await serve(configure("secrets", `sqlite:${store}`));
  alpha.setFault({ kind: "server-error" });
  expect(await ask(url, "ada-lovelace@example.com")).toBe(200);
  alpha.setFault(undefined);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  const bytes = readFileSync(store).toString("latin1");
  expect(bytes).toContain("alpha/m");
  expect(bytes).not.toMatch(/ada-lovelace|sk-of-alpha|"Hi"/);
}, 90_000);

test("a pack for a claim, from the store of a running gateway, and what is wrong with a changed one", async () => {
  const store = join(folder, "claim.db");
  const { child, url } = await serve(configure("claim", `sqlite:${store}`));
  alpha.setFault({ kind: "server-error" });
  for (let count = 0; count < 5; count++) expect(await ask(url)).toBe(200);
  alpha.setFault(undefined);
  await Bun.sleep(1_500);
  const month = new Date().toISOString().slice(0, 7);
  const of = ["--store", store, "--provider", "alpha", "--month", month];
  const pack = join(folder, "claim.zip");
  const pages = join(folder, "pages");
  mkdirSync(pages);
  writeFileSync(join(pages, "status.html"), "<h1>All systems operational</h1>");
  const made = await run(["report", "sla", ...of, "--format", "zip", "--out", pack, "--pages", pages, "--json"]);
  expect([made.code, made.err]).toEqual([0, ""]);
  const { root } = JSON.parse(made.out);
  const whole = await run(["report", "verify", pack, "--root", root]);
  expect([whole.code, whole.out]).toEqual([0, expect.stringContaining(`whole. 7 files on alpha in ${month}`)]);
  const bytes = readFileSync(pack);
  const at = bytes.indexOf(",server-error,");
  bytes[at + 1] = 0x53;
  writeFileSync(pack, bytes);
  const changed = await run(["report", "verify", pack]);
  expect([changed.code, changed.out]).toEqual([1, expect.stringContaining("requests.csv, record 1")]);
  for (const [format, part] of [
    ["md", "# Did alpha keep its word"],
    ["html", "<!doctype html>"],
    ["csv", "provider,minute_utc,valid"],
    ["json", '{"report":"sla"'],
  ]) {
    const shown = await run(["report", "sla", ...of, "--format", format ?? ""]);
    expect([shown.code, shown.out]).toEqual([0, expect.stringMatching(new RegExp(`^${part}`))]);
  }
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}, 90_000);

test("objectives: counted by a gateway, told by it and by its store, in every format", async () => {
  const config = configure("objectives", `sqlite:${join(folder, "objectives.db")}`);
  writeFileSync(
    config,
    `${readFileSync(config, "utf8")}slo: [{ name: support, route: chat, objective: 99%, window: 30d }]\n`,
  );
  const { child, url } = await serve(config);
  for (let count = 0; count < 40; count++) expect(await ask(url)).toBe(200);
  const live = await run(["report", "slo", "--gateway", url, "--json"]);
  const past = await run([
    "report",
    "slo",
    "--gateway",
    url,
    "--from",
    new Date().toISOString().slice(0, 10),
    "--json",
  ]);
  expect([past.code, JSON.parse(past.out)]).toMatchObject([0, { slos: [{ total: 40, good: 40, burn: [] }] }]);
  const wrong = await fetch(`${url}/admin/v1/slos?month=2026-13`);
  expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining("no month")]);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  // From a shell that has not the key.
  writeFileSync(config, readFileSync(config, "utf8").replace(SECRET, '"${NOT_SET_HERE}"'));
  const stored = await run(["report", "slo", "--config", config, "--json"]);
  for (const { code, err, out } of [live, stored]) {
    expect([code, err]).toEqual([0, ""]);
    const wanted = { name: "support", total: 40, good: 40, achieved: 1, budgetLeft: 1 };
    expect(JSON.parse(out)).toMatchObject({ report: "slo", slos: [wanted] });
  }
  const month = new Date().toISOString().slice(0, 7);
  for (const [args, part] of [
    [["--json"], `"of":"${month}"`],
    [[], `# Objectives in ${month}`],
    [["--format", "html"], `<h1>Objectives in ${month}</h1>`],
    [["--format", "csv"], "40,40,1,1,,,,"],
  ] as const) {
    const shown = await run(["report", "slo", "--config", config, "--month", month, ...args]);
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining(part)]);
  }
  for (const [format, part] of [
    ["md", "| support | chat | availability | 99.00\u202f% | 30d | 40 | 0 | 100\u202f% | 100.0\u202f% | met |"],
    ["html", "<!doctype html>"],
    ["csv", "support,chat,availability,0.99,2592000,40,40,1,1,,3600,0,,\r\n"],
  ]) {
    const shown = await run(["report", "slo", "--config", config, "--format", format ?? ""]);
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining(part ?? "")]);
  }
}, 90_000);

test("slips of whoever asks are told", async () => {
  const rows: readonly (readonly [readonly string[], number, string])[] = [
    [["report"], 2, "which report?"],
    [["report", "impct"], 2, 'did you mean "impact"'],
    [["report", "impact", "--month", "2026-13"], 2, "no month"],
    [["report", "impact", "--format", "pdf"], 2, "md, html, csv, json"],
    [["report", "sla", "--month", "2026-11", "--format", "zip"], 2, "--provider"],
    [["report", "sla", "--month", "2199-11"], 2, "has not begun"],
    [
      ["report", "sla", "--provider", "gamma", "--month", "2026-11", "--store", join(folder, "claim.db")],
      1,
      "alpha, beta",
    ],
    [["report", "impact", "--provider", "gamma", "--store", join(folder, "claim.db")], 1, "alpha, beta"],
    [["report", "slo", "--format", "zip"], 2, "md, html, csv, json"],
    [["report", "slo", "--month", "2199-11"], 2, "has not begun"],
    [["report", "slo", "--month", "2026-11", "--from", "2026-11-01"], 2, "give one of the two"],
    [["report", "slo", "--config", join(folder, "memory.yaml")], 1, "has no objectives"],
    [
      ["report", "slo", "--config", join(folder, "objectives.yaml"), "--store", join(folder, "none.db")],
      1,
      "no such file",
    ],
    [["report", "slo"], 1, "--config FILE"],
    [["report", "verify"], 2, "which FILE.zip?"],
    [["report", "verify", join(folder, "none.zip")], 2, "no such file"],
    [["report", "impact", "--store", join(folder, "none.db")], 1, "no such file"],
    [["report", "impact", "--store", join(folder, "memory.yaml")], 1, "memory.yaml"],
  ];
  for (const [args, code, said] of rows) {
    const found = await run(args);
    expect([args, found.code, found.err]).toEqual([args, code, expect.stringContaining(said)]);
  }
}, 90_000);
