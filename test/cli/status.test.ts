// `status`, and the answers to "why did we leave it", as processes against a gateway in this process and a server of pages
// of seven kinds, each under a path of its own.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSimProvider, startSimProvider } from "../../src/cli/sim-provider.ts";
import { loadSettings } from "../../src/config/load-yaml.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import { createObservers } from "../../src/observe/observers.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { type Server, startServer } from "../../src/server/http.ts";
import { standingFault } from "../../src/sim/fault-script.ts";
import { until } from "../support/gateway.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const FIXTURES = new URL("../fixtures/status/", import.meta.url).pathname;
/** As Statuspage sends them, where the recordings are at hand. */
const RECORDED = new URL("../../../shared/fixtures/status/zulip-statuspage-webhooks/", import.meta.url).pathname;
const HOOKS = ["component_status_update.json", "incident_created.json"]
  .filter((name) => existsSync(RECORDED + name))
  .map((name) => readFileSync(RECORDED + name, "utf8"));
const ADMIN = "admin-secret";
const folder = mkdtempSync(join(tmpdir(), "holdfast-status-"));
const events: GatewayEvent[] = [];
const asked: string[] = [];
let pages: ReturnType<typeof Bun.serve>;
let sick: RunningSimProvider;
let well: RunningSimProvider;
let server: Server;
let summary = "claude-2026-06-23.summary.json";

const FILES: Readonly<Record<string, () => string>> = {
  "/claude/api/v2/summary.json": () => summary,
  "/groq/api/v2/summary.json": () => "groq-compat.summary.json",
  "/gcp/incidents.json": () => "gcp-gemini-open.json",
  "/aws/public/currentevents": () => "aws-bedrock.utf16be.bin",
  "/azure/status/feed": () => "azure-openai.rss",
  "/acme/summary.json": () => "instatus-issues.summary.json",
  "/acme/v2/components.json": () => "instatus.components.json",
};

beforeAll(() => {
  pages = Bun.serve({
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      // incident.io's own form is asked for by host.
      const proxied = /^\/proxy\/[^/]+\/openai$/.test(pathname) ? "openai-native-full-outage.json" : undefined;
      const file = proxied ?? (Object.hasOwn(FILES, pathname) ? FILES[pathname]?.() : undefined);
      return file === undefined
        ? new Response("<html>none</html>", { status: 404 })
        : new Response(readFileSync(FIXTURES + file));
    },
  });
  const faults = [standingFault({ kind: "overloaded" })];
  sick = startSimProvider({ name: "sick", dialect: "openai-chat", faults });
  well = startSimProvider({ name: "well", dialect: "openai-chat" });
  const at = (path: string) => `http://127.0.0.1:${pages.port}/${path}`;
  const more = Object.entries({
    openai: "openai",
    groq: "groq",
    gcp: "gcp/incidents.json",
    aws: "aws/public/currentevents",
    azure: "azure/status/feed",
    acme: "acme",
  }).map(([name, path]) => ({
    name,
    line: `dialect: openai-chat, url: "${well.url}", key: none, status-page: "${at(path)}"`,
  }));
  const yaml = `
providers:
  sick: { dialect: openai-chat, url: "${sick.url}", key: none, status-page: "${at("claude")}" }
  well: { dialect: openai-chat, url: "${well.url}", key: none, status-page: off }
${more.map(({ name, line }) => `  ${name}: { ${line} }`).join("\n")}
routes:
  chat: { targets: [sick/claude-sonnet-5, well/b] }
  rest: { targets: [${more.map(({ name }) => `${name}/m`).join(", ")}] }
status: { poll: auto }
admin: { key: ${ADMIN} }
`;
  writeFileSync(join(folder, "holdfast.yaml"), yaml);
  const loaded = loadSettings(yaml, { file: "test.yaml", env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const runtime = createBunRuntime();
  const { clock, wallMs } = runtime;
  const observers = createObservers({ clock, wallMs, env: {} });
  const settings = { ...loaded.settings, listen: { host: "127.0.0.1", port: 0 } };
  server = startServer({ settings, runtime, observers, readers: [(event) => void events.push(event)] });
});

afterAll(async () => {
  await server.stop(0);
  sick.stop();
  well.stop();
  await pages.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

async function spawned(args: readonly string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOLDFAST_ADMIN_KEY: ADMIN },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

const run = (...args: readonly string[]) => spawned([...args, "--gateway", server.url]);

/** The id of a call. */
async function ask(prompt: string): Promise<string> {
  const body = JSON.stringify({ model: "chat", messages: [{ role: "user", content: prompt }] });
  const response = await fetch(`${server.url}/v1/chat/completions`, { method: "POST", body });
  expect(response.status).toBe(200);
  return response.headers.get("x-holdfast-call") ?? "";
}

async function admin(path: string): Promise<never> {
  const response = await fetch(`${server.url}/admin/v1/${path}`, { headers: { authorization: `Bearer ${ADMIN}` } });
  return (await response.json()) as never;
}

const pageOf = (provider: string) =>
  events.findLast((event) => event.type === "status" && event.provider === provider) as
    | Extract<GatewayEvent, { type: "status" }>
    | undefined;

test("the gateway reads the pages, and leaves a provider for its own reasons, with the page's word beside them", async () => {
  await until(() => pageOf("sick") !== undefined, 5_000, "the first reading");
  expect(pageOf("sick")).toMatchObject({ health: "major_outage", first: true, incidents: [{ id: "jbhf20wjmzrf" }] });
  const isLeft = (event: GatewayEvent) => event.type === "belief" && event.state === "ejected";
  // With so few calls the page's word takes half of them away; those that are left and the probes tell.
  for (let call = 0; call < 100 && !events.some(isLeft); call++) {
    await ask(`question ${call}`);
    if (call > 8) await Bun.sleep(200);
  }
  const id = await ask("after it was left");
  const left = events.find(isLeft);
  expect(left).toMatchObject({ target: "sick/claude-sonnet-5", cause: { said: { health: "major_outage" } } });
  const told = await run("call", id);
  expect(told.out).toContain("sick/claude-sonnet-5  not asked: ejected since");
  expect(told.out).toMatch(
    /left: failed calls weigh [\d.]+.*its status page said major outage \(Elevated error rate across/,
  );
  const { beliefs } = (await admin("beliefs")) as { beliefs: { changes: { why: string }[]; page?: object }[] };
  expect(beliefs[0]).toMatchObject({ page: { health: "major_outage" }, state: "ejected" });
  expect(beliefs[0]?.changes.some(({ why }) => why.startsWith("left: "))).toBe(true);
  const explained = await run("explain", "chat");
  expect([explained.code, explained.err]).toEqual([0, ""]);
  expect(explained.out).toContain("sick/claude-sonnet-5  ejected since");
  expect(explained.out).toContain("its status page says major outage");
  expect(explained.out).toContain("well/b  healthy");
}, 30_000);

test("status: pages of seven kinds beside our own belief", async () => {
  const { code, out, err } = await run("status", "--json");
  expect([code, err]).toEqual([0, ""]);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ provider, backend, health, state }) => [provider, backend, health, state])).toEqual([
    ["sick", "statuspage", "major_outage", "ok"],
    ["well", "unknown", "unknown", "error"],
    ["openai", "incidentio", "major_outage", "ok"],
    ["groq", "incidentio-compat", "degraded", "ok"],
    ["gcp", "gcp", "partial_outage", "ok"],
    ["aws", "aws", "degraded", "ok"],
    ["azure", "azure-rss", "degraded", "ok"],
    ["acme", "instatus", "partial_outage", "ok"],
  ]);
  expect(lines[0]).toMatchObject({
    page: expect.stringMatching(/\/claude$/),
    components: expect.arrayContaining([expect.objectContaining({ health: "major_outage", surface: "api" })]),
    incidents: [{ id: "jbhf20wjmzrf", lifecycle: "investigating", models: [], startedAt: "2026-06-23T14:19:06.033Z" }],
    fetchedAt: expect.stringMatching(/Z$/),
    belief: { state: "ejected" },
  });
  expect(lines[4].incidents[0]).toMatchObject({ models: ["gemini-3-6-flash"], impact: "partial_outage" });
  const text = (await run("status")).out;
  expect(text).toContain("sick  major outage");
  expect(text).toMatch(
    /open {4}Elevated error rate across multiple models · investigating · .*since 2026-06-23T14:19:06/,
  );
  expect(text).toMatch(/ours {4}sick\/claude-sonnet-5: ejected since/);
  expect(text).toMatch(/source {2}http:.*\(aws\), read \d+ s ago/);
  expect(text).toMatch(/well {2}unknown\n {2}not read: no status page is configured/);
  expect(text).toMatch(/webhooks of these pages.*\n.*\/claude {2}› {2}http.*\/hooks\/status\/[0-9a-f]{40}/);
}, 30_000);

test("without a gateway it tells what the pages say; a wrong configuration is told", async () => {
  const file = readFileSync(join(folder, "holdfast.yaml"), "utf8");
  writeFileSync(join(folder, "other.yaml"), `${file}listen: { port: 1 }\n`);
  const alone = await spawned(["status", "--config", "other.yaml"]);
  expect([alone.code, alone.err]).toEqual([0, ""]);
  expect(alone.out).toContain("ours    no gateway was reached");
  writeFileSync(join(folder, "wrong.yaml"), "providers: 3\n");
  expect((await spawned(["status", "--config", "wrong.yaml"])).code).toBe(2);
  expect((await spawned(["status", "--confg", "x"])).code).toBe(2);
}, 30_000);

test("a webhook is a hint: the page is read again, what was sent is not believed, a flood is one reading", async () => {
  const { hooks } = (await admin("status")) as { hooks: { page: string; path: string }[] };
  const hook = hooks.find(({ page }) => page.endsWith("/claude"));
  if (hook === undefined) throw new Error("no hook");
  const reads = () => asked.filter((path) => path === "/claude/api/v2/summary.json").length;
  summary = "claude-green.summary.json";
  const before = reads();
  const forged = JSON.stringify({ page: { id: "x" }, component: { status: "operational", name: "Claude API" } });
  const post = (path: string, init: object = {}) =>
    fetch(server.url + path, { method: "POST", body: forged, ...init }).then(({ status }) => status);
  expect(await post("/hooks/status/0000")).toBe(404);
  expect(await post("/hooks/status/")).toBe(404);
  expect(await post(hook.path, { method: "GET", body: undefined })).toBe(405);
  for (const body of HOOKS) expect(await post(hook.path, { body })).toBe(204);
  const told = await Promise.all(
    Array.from({ length: 300 }, () => post(hook.path, { headers: { host: "x.example" } })),
  );
  expect(new Set(told)).toEqual(new Set([204]));
  await until(() => pageOf("sick")?.health === "operational", 15_000, "the reading after the hint");
  expect(pageOf("sick")).toMatchObject({ from: "major_outage", first: false, incidents: [{ open: false }] });
  expect(reads() - before).toBe(1);
}, 20_000);
