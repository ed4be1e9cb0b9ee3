// The first minutes with keys in the environment: no configuration at all, then one that `init` writes. Over sockets, with
// simulated providers behind the SDKs' own variables.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSimProvider, startSimProvider } from "../../src/cli/sim-provider.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-first-"));
let anthropic: RunningSimProvider;
let openai: RunningSimProvider;
let env: Record<string, string>;

beforeAll(() => {
  anthropic = startSimProvider({ name: "anthropic", dialect: "anthropic-messages", firstTokenMs: 1 });
  openai = startSimProvider({ name: "openai", dialect: "openai-chat", firstTokenMs: 1 });
  env = {
    PATH: process.env.PATH ?? "",
    BUN_CONFIG_MAX_HTTP_REQUESTS: "20000",
    ANTHROPIC_API_KEY: "sk-ant-secret",
    OPENAI_API_KEY: "sk-oai-secret",
    ANTHROPIC_BASE_URL: anthropic.url,
    OPENAI_BASE_URL: openai.url,
  };
});
afterAll(() => {
  anthropic.stop();
  openai.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const command = [process.execPath, join(import.meta.dir, "../../src/cli/main.ts"), ...args];
  return Bun.spawn(command, { cwd: folder, env: { ...env, ...more }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
}

async function run(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const child = start(args, more);
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect(out + err).not.toContain("secret");
  return { code: await child.exited, out, err };
}

test("keys in the environment are enough to serve, and a known outage goes to the other provider", async () => {
  const child = start(["up", "--port", "0", "--json"]);
  const reader = child.stdout.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  const url = String(JSON.parse(first).ready);
  const ask = (model: string) =>
    fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "anthropic-version": "2023-06-01" },
      body: JSON.stringify({ model, max_tokens: 5, messages: [{ role: "user", content: "Hi" }] }),
    });
  const well = await ask("claude-of-tomorrow");
  expect([well.status, well.headers.get("x-holdfast-target")]).toEqual([200, "anthropic/claude-of-tomorrow"]);
  anthropic.setFault({ kind: "overloaded" });
  const sick = await ask("claude-sonnet-5");
  anthropic.setFault(undefined);
  expect(sick.status).toBe(200);
  expect(sick.headers.get("x-holdfast-trail")).toBe("anthropic/claude-sonnet-5=overloaded, openai/gpt-6-sol=ok");
  expect(sick.headers.get("x-holdfast-degraded")).toBe("model");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  const told = await new Response(child.stderr).text();
  expect(told).toMatch(
    /no holdfast.yaml: anthropic \(ANTHROPIC_API_KEY\), openai \(OPENAI_API_KEY\) from the environment, \d+ routes; `holdfast explain` shows them/,
  );
}, 20_000);

test("a base url that is the gateway itself is not followed", async () => {
  const { out } = await run(["explain", "claude-sonnet-5", "--json"], { ANTHROPIC_BASE_URL: "http://localhost:4000" });
  expect(JSON.parse(out).targets[0].url).toEqual({
    name: "url",
    value: "https://api.anthropic.com",
    origin: "catalog",
  });
});

test("explain without a file: from the environment and the catalog", async () => {
  const { code, out } = await run(["explain"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^claude-sonnet-5 +anthropic\/claude-sonnet-5, openai\/gpt-6-sol {3}\(catalog\)$/m);
  expect((await run(["explain", "claude-of-tomorrow"])).out).toContain("route claude-of-tomorrow (as claude-*)");
  const unknown = await run(["explain", "cluade-sonnet-5"]);
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('did you mean "claude-sonnet-5"?')]);
});

test("init writes what was found, check --live tries it, and neither touches what is there", async () => {
  const made = await run(["init"]);
  expect(made.out).toBe(
    "wrote holdfast.yaml for anthropic (ANTHROPIC_API_KEY), openai (OPENAI_API_KEY)\nNext: holdfast check --live\n",
  );
  const written = readFileSync(join(folder, "holdfast.yaml"), "utf8");
  expect((await run(["init"])).code).toBe(2);
  expect(readFileSync(join(folder, "holdfast.yaml"), "utf8")).toBe(written);
  const good = await run(["check", "--live"]);
  expect(good.out).toMatch(/anthropic\/claude-sonnet-5-5 +ok \d+ ms +ok \d+ ms\nopenai\/gpt-6-sol +ok/);
  expect(good.out).toContain("all 2 targets answered; 4 calls spent");
  expect(good.code).toBe(0);
  openai.setFault({ kind: "credential" });
  const bad = await run(["check", "--live", "--json"]);
  openai.setFault(undefined);
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.out)).toMatchObject({
    ok: false,
    file: "holdfast.yaml",
    live: {
      targets: [
        { target: "anthropic/claude-sonnet-5-5", whole: { fault: "ok" } },
        {
          target: "openai/gpt-6-sol",
          whole: { fault: "credential-rejected" },
          advice: "the provider rejects the key: ${OPENAI_API_KEY}, holdfast.yaml:12:18",
        },
      ],
    },
  });
}, 20_000);

test("a wrong file is not tried", async () => {
  writeFileSync(join(folder, "wrong.yaml"), "providers: { ollama: }\nroutes: { chat: { targets: [olama/x] } }\n");
  const { code, err } = await run(["check", "--live", "--config", "wrong.yaml"]);
  expect([code, err]).toEqual([2, expect.stringContaining("wrong.yaml:2:29")]);
});
