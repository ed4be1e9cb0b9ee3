// Promises of real gateways: killed at any moment, restarted on the same store, robbed of it. What was answered 202 is there.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSimProvider, startSimProvider } from "../src/cli/sim-provider.ts";
import { randomStream } from "../src/sim/random.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-deferral-"));
const MAIN = join(import.meta.dir, "../src/cli/main.ts");
let alpha: RunningSimProvider;

beforeAll(() => {
  alpha = startSimProvider({ name: "alpha", dialect: "anthropic-messages", firstTokenMs: 1, tokensPerS: 10_000 });
});
afterAll(() => {
  alpha.stop();
  rmSync(folder, { recursive: true, force: true });
});

function configure(name: string): string {
  const file = join(folder, `${name}.yaml`);
  const provider = `{ dialect: anthropic-messages, url: "${alpha.url}", key: none }`;
  const route = "{ targets: [alpha/m], retry-wait: 0s, last-resort: [defer] }";
  const store = `sqlite:${join(folder, name)}.db`;
  writeFileSync(file, `providers: { alpha: ${provider} }\nroutes: { chat: ${route} }\nstore: ${store}\n`);
  return file;
}

async function serve(config: string) {
  const child = Bun.spawn([process.execPath, MAIN, "up", "--config", config, "--port", "0", "--json"], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", BUN_CONFIG_MAX_HTTP_REQUESTS: "20000", HOLDFAST_LOG: "off" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const first = new TextDecoder().decode((await child.stdout.getReader().read()).value);
  return { child, url: String(JSON.parse(first).ready) };
}

/** What the client got; `undefined` when the gateway was killed before it had an answer. */
async function defer(url: string, number: number): Promise<string | undefined> {
  const headers = { "content-type": "application/json", prefer: "respond-async", "idempotency-key": `key ${number}` };
  const content = `question ${number} ${"and more of it ".repeat(20)}`;
  const body = JSON.stringify({ model: "chat", max_tokens: 20, messages: [{ role: "user", content }] });
  try {
    const response = await fetch(`${url}/v1/messages`, { method: "POST", headers, body });
    const told = await response.json();
    return response.status === 202 ? String(told.id) : `${response.status} ${JSON.stringify(told)}`;
  } catch {
    return undefined;
  }
}

const JOBS = 1_000;
const AT_ONCE = 32;

test("kill -9 at any moment of 1 000 deferrals loses none that was promised, and each is answered under its id", async () => {
  const config = configure("killed");
  const random = randomStream(1, "kills");
  const promised = new Map<number, string>();
  alpha.setFault({ kind: "overloaded" });
  let kills = 0;
  for (let number = 0; number < JOBS; kills++) {
    const { child, url } = await serve(config);
    for (const [old, id] of [...promised].filter((_, index) => index % 97 === kills % 97)) {
      expect([old, (await fetch(`${url}/v1/deferred/${id}`)).status]).toEqual([old, 202]);
    }
    let isKilled = false;
    const killed = Bun.sleep(100 + random() * 500).then(() => {
      isKilled = true;
      child.kill("SIGKILL");
    });
    const client = async (): Promise<void> => {
      while (number < JOBS && !isKilled) {
        const mine = number++;
        const id = await defer(url, mine);
        if (id !== undefined) promised.set(mine, id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    await killed;
    await child.exited;
  }
  expect([...promised.values()].filter((id) => !/^job_\w{20}$/.test(id))).toEqual([]);
  alpha.setFault(undefined);
  const { child, url } = await serve(config);
  const statusOf = async (id: string) => (await fetch(`${url}/v1/deferred/${id}`)).status;
  // The same key again is the same job, also after a restart.
  const [[first, firstId] = [0, ""]] = promised;
  expect([firstId, undefined]).toContain(await defer(url, first));
  const untilMs = performance.now() + 60_000;
  let open = [...promised.values()];
  while (open.length > 0 && performance.now() < untilMs) {
    await Bun.sleep(250);
    const seen = await Promise.all(open.map(async (id) => [id, await statusOf(id)] as const));
    expect(seen.filter(([, status]) => status !== 202 && status !== 200)).toEqual([]);
    open = seen.filter(([, status]) => status === 202).map(([id]) => id);
  }
  expect(open).toEqual([]);
  expect(promised.size).toBeGreaterThan(JOBS - AT_ONCE * kills);
  expect(new Set(promised.values()).size).toBe(promised.size);
  child.kill("SIGKILL");
}, 120_000);

test("a store that another gateway holds: calls are refused with why, and nothing else suffers", async () => {
  const config = configure("held");
  const holder = await serve(config);
  // Where the store is the default, the second gateway serves without one.
  const text = (await Bun.file(config).text()).replace(/store:.*\n/, "");
  writeFileSync(join(folder, "first.yaml"), text);
  writeFileSync(join(folder, "second.yaml"), text);
  const [first, second] = [await serve(join(folder, "first.yaml")), await serve(join(folder, "second.yaml"))];
  alpha.setFault({ kind: "overloaded" });
  const headers = { "content-type": "application/json", prefer: "respond-async" };
  const body = JSON.stringify({ model: "chat", max_tokens: 20, messages: [{ role: "user", content: "Hi" }] });
  const ask = (url: string) => fetch(`${url}/v1/messages`, { method: "POST", headers, body });
  const refused = await ask(second.url);
  expect(refused.status).toBe(529);
  expect((await refused.json()).error.message).toContain("was not deferred: the store could not be opened");
  expect((await ask(first.url)).status).toBe(202);
  alpha.setFault(undefined);
  for (const { child } of [holder, first, second]) child.kill("SIGKILL");
});
