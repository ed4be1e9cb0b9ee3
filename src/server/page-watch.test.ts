// Status pages beside a serving gateway: whatever they do, calls do not notice; the library asks only when it is told to,
// and holds no process back.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startGateway } from "../../test/support/gateway.ts";
import { handRuntime, respond } from "../../test/support/hand-runtime.ts";
import { configOf, startPair } from "../../test/support/providers.ts";
import { settingsOf, sim } from "../../test/support/virtual.ts";
import type { HoldfastConfig } from "../config/config-object.ts";
import { createEngine } from "../engine/engine.ts";
import type { PageSnapshots } from "../state/page-snapshots.ts";
import { createHoldfast } from "./embedded.ts";
import { createPageWatch } from "./page-watch.ts";

const BAD_PAGES: Readonly<Record<string, () => Response | Promise<Response>>> = {
  hangs: () => new Promise(() => {}),
  "never ends": () =>
    new Response(new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode("{")) })),
  "serves 10 MB": () => new Response(new Uint8Array(10 * 1024 * 1024)),
  "is HTML": () => new Response("<html></html>", { headers: { "content-type": "text/html" } }),
  "redirects inside": () => Response.redirect("http://10.0.0.1/", 302),
};

for (const [what, answer] of Object.entries(BAD_PAGES)) {
  test(`a page that ${what}: no call fails, and the gateway stops at once`, async () => {
    const pages = Bun.serve({ port: 0, fetch: answer });
    const pair = startPair("openai-chat");
    const watched = configOf([pair.primary, pair.backup])
      .replaceAll("key:", `status-page: "http://127.0.0.1:${pages.port}/page", key:`)
      .concat("status: { poll: 30s }\n");
    expect(watched).toContain("status-page");
    const gateway = startGateway(watched);
    await Bun.sleep(1_100);
    const body = JSON.stringify({ model: "org/m", messages: [{ role: "user", content: "hello" }] });
    const ask = () => fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body });
    const answers = await Promise.all(Array.from({ length: 40 }, ask));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const beganMs = performance.now();
    await gateway.stop();
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    pair.stop();
    await pages.stop(true);
  }, 20_000);
}

const LIBRARY: HoldfastConfig = {
  providers: {
    alpha: {
      dialect: "openai-chat",
      url: "https://alpha.example/v1",
      key: "none",
      "status-page": "https://status.example",
    },
  },
  routes: { chat: { targets: ["alpha/a"] } },
};

test("the library reads pages when it is told to, and tells what it read", async () => {
  const asked: string[] = [];
  const fetch = async (url: string) => {
    asked.push(url);
    const file = url.endsWith("/api/v2/summary.json") ? "named-api-down.summary.json" : undefined;
    return file === undefined ? new Response("", { status: 404 }) : new Response(Bun.file(FIXTURES + file));
  };
  const silent = createHoldfast(LIBRARY, { fetch });
  const holdfast = createHoldfast({ ...LIBRARY, status: { poll: "auto" } }, { fetch });
  const { value } = await holdfast.events().next();
  expect(value).toMatchObject({ type: "status", provider: "alpha", health: "partial_outage", first: true });
  holdfast.close();
  silent.close();
  expect(asked.every((url) => url.startsWith("https://status.example/"))).toBe(true);
  expect(asked.length).toBeLessThanOrEqual(3);
});

const FIXTURES = new URL("../../test/fixtures/status/", import.meta.url).pathname;

test("what a page said is kept when its word changes, and not when it is read again", async () => {
  let name = "claude-green.summary.json";
  const hand = handRuntime(({ url }) =>
    url.endsWith("/summary.json")
      ? respond(200, new Uint8Array(readFileSync(FIXTURES + name)))
      : respond(404, "<html></html>", { "content-type": "text/html" }),
  );
  const providers = [sim("alpha", "openai-chat")];
  const made = settingsOf({ url: () => "https://alpha.example/v1" }, { providers });
  const settings = {
    ...made,
    status: { idleMs: 300_000 },
    providers: made.providers.map((provider) => ({ ...provider, statusPage: "https://status.example" })),
  };
  const kept: (readonly [provider: string, url: string, bytes: number])[] = [];
  const keep: PageSnapshots["keep"] = (provider, documents) => {
    for (const { url, bytes } of documents) kept.push([provider, url, bytes.length]);
  };
  const pages = createPageWatch({ engine: createEngine({ settings, runtime: hand.runtime }), snapshots: { keep } });
  const size = (of: string) => readFileSync(FIXTURES + of).length;
  const url = "https://status.example/api/v2/summary.json";
  await hand.advance(1_000_000);
  expect(kept).toEqual([["alpha", url, size(name)]]);
  name = "claude-2026-06-23.summary.json";
  await hand.advance(1_000_000);
  expect(kept.slice(1)).toEqual([["alpha", url, size(name)]]);
  pages.stop();
});

test("a process that has nothing else to do ends, whatever it watches", async () => {
  const config = JSON.stringify({ ...LIBRARY, status: { poll: "auto" } });
  const script = `import { createHoldfast } from ${JSON.stringify(join(import.meta.dir, "embedded.ts"))};
createHoldfast(${config}, { fetch: async () => new Response("", { status: 404 }) });`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
  expect(await child.exited).toBe(0);
});
