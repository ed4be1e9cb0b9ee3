// A configuration that changes under a gateway that serves: by a signal, by the file, wrong and right.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigFile } from "../../src/cli/config-file.ts";
import { makePlan } from "../../src/cli/plan.ts";
import { createReload } from "../../src/cli/reload.ts";
import { tinyCall } from "../../src/cli/tiny-call.ts";
import { loadSettings } from "../../src/config/load-yaml.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import type { Settings } from "../../src/core/settings.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { standingFault } from "../../src/sim/fault-script.ts";
import { SIM_PROVIDER_DEFAULTS } from "../../src/sim/provider.ts";
import { createWorld } from "../../src/sim/world.ts";

const LISTEN = { host: "127.0.0.1", port: 4000 };
const config = (routes: string, listen = "") => `${listen}providers: { ollama: }\nroutes: { ${routes} }\n`;
const ONE = config("chat: { targets: [ollama/qwen3] }");
const TWO = config("chat: { targets: [ollama/qwen3] }, more: { targets: [ollama/qwen3] }");

function setUp(start: string) {
  const applied: Settings[] = [];
  const told: string[] = [];
  let now: ConfigFile = { found: false };
  const reload = createReload(
    {
      read: async () => now,
      listen: LISTEN,
      store: undefined,
      wanted: (listen) => listen,
      apply: (settings) => void applied.push(settings),
      tell: (text) => void told.push(text),
    },
    start,
  );
  const write = (text: string | undefined) => {
    now =
      text === undefined
        ? { found: false, message: "f.yaml: there is no such file" }
        : { found: true, file: "f.yaml", text, loaded: loadSettings(text, { file: "f.yaml", env: {} }) };
  };
  return { applied, told, reload, write };
}

test("a good file is taken over, once", async () => {
  const { applied, told, reload, write } = setUp(ONE);
  write(TWO);
  await Promise.all([reload(false), reload(false)]);
  expect(applied.map(({ routes }) => routes.length)).toEqual([2]);
  expect(told).toEqual(["holdfast: took over f.yaml: 2 routes, 1 provider"]);
  await reload(true);
  expect(applied.length).toBe(2);
});

test("a bad file changes nothing and tells every problem; the next good one is taken over", async () => {
  const { applied, told, reload, write } = setUp(ONE);
  write(config("chat: { targets: [olama/qwen3], require: { region: eu } }"));
  await reload(false);
  expect(applied).toEqual([]);
  expect(told.join("\n")).toMatch(
    /f.yaml:2:29 [\s\S]*f.yaml:2:52 [\s\S]*f.yaml was not taken over: nothing has changed/,
  );
  write(undefined);
  await reload(true);
  expect(told.at(-1)).toBe("f.yaml: there is no such file\nholdfast: nothing has changed");
  write(ONE);
  await reload(false);
  expect(applied.length).toBe(1);
});

test("settings that cannot be taken over change nothing, and the next ones are tried again", async () => {
  const told: string[] = [];
  let refuse = true;
  const apply = async () => {
    if (refuse) throw new Error("it would stand open");
  };
  const read = async (): Promise<ConfigFile> => ({
    found: true,
    file: "f.yaml",
    text: TWO,
    loaded: loadSettings(TWO, { file: "f.yaml", env: {} }),
  });
  const tell = (text: string) => void told.push(text);
  const reload = createReload({ read, listen: LISTEN, store: undefined, wanted: (listen) => listen, apply, tell }, ONE);
  await reload(false);
  expect(told.at(-1)).toBe("it would stand open\nholdfast: f.yaml was not taken over: nothing has changed");
  refuse = false;
  await reload(true);
  expect(told.at(-1)).toContain("took over f.yaml");
});

test("what listen says takes a restart; all else is taken over", async () => {
  const { applied, told, reload, write } = setUp(ONE);
  write(config("more: { targets: [ollama/qwen3] }", "listen: { port: 5000 }\n"));
  await reload(false);
  expect(applied[0]?.listen).toEqual(LISTEN);
  expect(applied[0]?.routes[0]?.name).toBe("more");
  expect(told.at(-1)).toBe("holdfast: still on 127.0.0.1:4000: a change of `listen` takes a restart");
});

test("so does another store, and it is said at each reading until then", async () => {
  const { told, reload, write } = setUp(ONE);
  write(`${TWO}store: sqlite:./other.db\n`);
  await reload(false);
  expect(told.at(-1)).toBe("holdfast: still with the default store: a change of `store` takes a restart");
  write(ONE);
  await reload(false);
  expect(told.at(-1)).toBe("holdfast: took over f.yaml: 1 route, 1 provider");
});

test("what is known of a target survives a reload that leaves it as it is, and no other", async () => {
  const settings = (url: string): Settings => {
    const text = `providers:
  alpha: { dialect: anthropic-messages, url: "${url}", key: none }
  beta: { dialect: openai-chat, url: "http://beta.sim/v1", key: none }
routes: { chat: { targets: [alpha/a, beta/b] }, more: { targets: [beta/b] } }
`;
    const loaded = loadSettings(text, { file: "f.yaml", env: {} });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return loaded.settings;
  };
  const world = createWorld({
    seed: 1,
    providers: [
      { ...SIM_PROVIDER_DEFAULTS, name: "alpha", dialect: "anthropic-messages" },
      { ...SIM_PROVIDER_DEFAULTS, name: "beta", dialect: "openai-chat" },
    ],
    faults: [{ ...standingFault({ kind: "rate-limit", retryAfter: "60" }), on: ["alpha"] }],
  });
  const engine = createEngine({ settings: settings("http://alpha.sim"), runtime: world.runtime });
  const firstTried = async (id: string) => {
    let target = "";
    const call = tinyCall({ id, dialect: "openai-chat", model: "chat", stream: false });
    void engine.answer(call, new CancelSource()).then((reply) => {
      target = reply.trail[0]?.target ?? "";
    });
    await world.run(world.clock.now() + 5_000);
    return target;
  };
  expect(await firstTried("1")).toBe("alpha/a");
  expect(await firstTried("2")).toBe("beta/b");
  engine.reload(settings("http://alpha.sim"));
  expect(await firstTried("3")).toBe("beta/b");
  engine.reload(settings("http://alpha.sim/elsewhere"));
  expect(await firstTried("4")).toBe("alpha/a");
});

const folder = mkdtempSync(join(tmpdir(), "holdfast-reload-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The text of a stream as far as it has come; `seen` waits for a match. */
function listen(stream: ReadableStream<Uint8Array>) {
  let text = "";
  void (async () => {
    const decoder = new TextDecoder();
    for await (const part of stream) text += decoder.decode(part, { stream: true });
  })();
  return async (wanted: RegExp) => {
    for (let turn = 0; turn < 500; turn++) {
      const match = wanted.exec(text);
      if (match !== null) return match;
      await Bun.sleep(20);
    }
    throw new Error(`never came: ${wanted}\n${text}`);
  };
}

test("a change between reading the file and watching it is not lost", async () => {
  const file = join(folder, "early.yaml");
  writeFileSync(file, ONE);
  const plan = await makePlan({ config: file }, systemClock);
  writeFileSync(file, TWO);
  const settings = new Promise<Settings>((resolve) => plan?.follow?.(resolve));
  expect((await settings).routes.map(({ name }) => name)).toEqual(["chat", "more"]);
  plan?.stop();
});

test("a process follows its file and SIGHUP, and goes on serving after a bad one", async () => {
  const file = join(folder, "holdfast.yaml");
  writeFileSync(file, ONE);
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../../src/cli/main.ts"), "--port", "0", "--config", file],
    {
      env: { PATH: process.env.PATH ?? "", BUN_CONFIG_MAX_HTTP_REQUESTS: "20000" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [out, err] = [listen(child.stdout), listen(child.stderr)];
  const url = (await out(/http:\S+/))[0];
  const models = async () => {
    const body: unknown = await (await fetch(`${url}/v1/models`)).json();
    return JSON.stringify(body).match(/"id":"\w+"/g);
  };
  expect(await models()).toEqual(['"id":"chat"']);
  writeFileSync(`${file}.new`, TWO);
  renameSync(`${file}.new`, file);
  await err(/took over .*: 2 routes/);
  expect(await models()).toEqual(['"id":"chat"', '"id":"more"']);
  writeFileSync(file, config("chat: { targets: [nobody/x] }"));
  child.kill("SIGHUP");
  await err(/nothing has changed/);
  expect(await models()).toEqual(['"id":"chat"', '"id":"more"']);
  writeFileSync(file, ONE);
  child.kill("SIGHUP");
  await err(/took over .*: 1 route,/);
  expect(await models()).toEqual(['"id":"chat"']);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}, 30_000);
