// `call` and `tail` as processes against a gateway in this process; trace headers through it; the client of commands.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSimProvider, startSimProvider } from "../../src/cli/sim-provider.ts";
import { loadSettings } from "../../src/config/load-yaml.ts";
import { createObservers, type Observers } from "../../src/observe/observers.ts";
import { propagate } from "../../src/observe/trace-context.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { type Server, startServer } from "../../src/server/http.ts";
import { standingFault } from "../../src/sim/fault-script.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const ADMIN = "admin-secret";
const runtime = createBunRuntime();
const folder = mkdtempSync(join(tmpdir(), "holdfast-follow-"));
const received: Headers[] = [];
let sick: RunningSimProvider;
let well: ReturnType<typeof Bun.serve>;
let server: Server;
let observers: Observers;

beforeAll(() => {
  sick = startSimProvider({ name: "sick", dialect: "openai-chat", faults: [standingFault({ kind: "overloaded" })] });
  well = Bun.serve({
    port: 0,
    fetch(request) {
      received.push(request.headers);
      const message = { role: "assistant", content: "Hello" };
      return Response.json({
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [{ index: 0, message, finish_reason: "stop" }],
        usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
      });
    },
  });
  const yaml = `
providers:
  sick: { dialect: openai-chat, url: "${sick.url}", key: none }
  well: { dialect: openai-chat, url: "http://127.0.0.1:${well.port}/v1", key: none }
routes: { chat: { targets: [sick/a, well/b] } }
admin: { key: ${ADMIN} }
`;
  const loaded = loadSettings(yaml, { file: "test.yaml", env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { clock, wallMs } = runtime;
  observers = { ...createObservers({ clock, wallMs, env: {} }), propagate };
  const settings = { ...loaded.settings, listen: { host: "127.0.0.1", port: 0 } };
  server = startServer({ settings, runtime, observers });
});

afterAll(async () => {
  await server.stop(0);
  sick.stop();
  await well.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

function holdfast(args: readonly string[], env: Readonly<Record<string, string>> = { HOLDFAST_ADMIN_KEY: ADMIN }) {
  return Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(args: readonly string[], env?: Readonly<Record<string, string>>) {
  const child = holdfast(args, env);
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

/** The id of a call that `sick` fails and `well` answers. */
async function ask(headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "chat", messages: [{ role: "user", content: "a secret question" }] }),
  });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  return response.headers.get("x-holdfast-call") ?? "";
}

test("call explains what happened; the same as JSON", async () => {
  const id = await ask();
  const { code, out, err } = await run(["call", id, "--gateway", server.url]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.replaceAll(/\d+ ms/g, "T")).toMatch(
    new RegExp(
      [
        `^${id} {2}complete after T`,
        " {2}asked {4}chat · openai-chat · whole · route chat",
        " {2}started {2}20\\S+Z",
        " {2}1\\. sick/a {2}overloaded \\(HTTP \\d{3}\\) {2}at T, took T",
        " {7}the provider says it is overloaded; went on to well/b",
        "(?: {7}.*\n)* {2}2\\. well/b {2}ok {2}at T, took T, 3\\+1 tokens",
        " {2}the client got the whole answer of well/b: all after T, 3\\+1 tokens; degraded: model",
        "$",
      ].join("\n"),
    ),
  );
  expect(out).not.toContain("\u001b");
  const json = await run(["call", id, "--json", "--gateway", server.url]);
  expect(json.out.split("\n").length).toBe(2);
  const record = observers.calls.get(id);
  expect(JSON.parse(json.out)).toEqual(JSON.parse(JSON.stringify(record)));
  expect(json.out).not.toContain("secret question");
});

test("call: what goes wrong is told, with its exit code", async () => {
  const gateway = ["--gateway", server.url];
  for (const [args, env, code, said] of [
    [["call", "call_nope", ...gateway], undefined, 1, /No such call/],
    [["call", "call_nope", ...gateway], {}, 1, /wants its admin key: set HOLDFAST_ADMIN_KEY/],
    [["call", "x", "--gateway", "http://127.0.0.1:9"], undefined, 1, /no gateway answers at http:\/\/127.0.0.1:9/],
    [["call", "x", "--gateway", "nonsense"], undefined, 2, /--gateway nonsense is no URL/],
    [["call"], undefined, 2, /which call\?/],
    [["tail", "--gateway", "http://127.0.0.1:9"], undefined, 1, /no gateway answers/],
    [["tail", ...gateway], {}, 1, /HOLDFAST_ADMIN_KEY/],
    [["tail", "x"], undefined, 2, /"x" is not expected here/],
  ] as const) {
    const { code: seen, out, err } = await run(args, env);
    expect([seen, err, out]).toEqual([code, expect.stringMatching(said), ""]);
  }
});

test("the gateway is that of the configuration here, whatever its environment lacks", async () => {
  const id = await ask();
  const { port } = new URL(server.url);
  const file = join(folder, "holdfast.yaml");
  writeFileSync(
    file,
    `listen: { host: 0.0.0.0, port: ${port} }\nproviders: { anthropic: { key: "\${NOT_SET_HERE}" } }\n`,
  );
  const { code, out } = await run(["call", id]);
  expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`^${id}`))]);
  rmSync(file);
  const elsewhere = join(folder, "other.yaml");
  const providers = `providers: { ollama: }\nroutes: { chat: { targets: [ollama/m] } }\n`;
  writeFileSync(elsewhere, `listen: { port: "\${PORT}" }\n${providers}`);
  const env = { HOLDFAST_ADMIN_KEY: ADMIN, PORT: port };
  const named = await run(["call", id, "--config", elsewhere], env);
  expect([named.code, named.out]).toEqual([0, out]);
  const absent = await run(["call", id, "--config", "none.yaml"]);
  expect([absent.code, absent.err]).toEqual([2, expect.stringMatching(/none.yaml: there is no such file/)]);
});

test("call knows what was refused before it had a route", async () => {
  const id = (await fetch(`${server.url}/v1/models/nobody`)).headers.get("x-holdfast-call") ?? "";
  const { code, out } = await run(["call", id, "--gateway", server.url]);
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/refused \(not-found\), HTTP 404[\s\S]*No route has the model/),
  ]);
});

async function firstLines(stream: ReadableStream<Uint8Array>, wanted: (text: string) => boolean): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of stream) {
    text += decoder.decode(part, { stream: true });
    if (wanted(text)) break;
  }
  return text;
}

test("tail shows each call when it ends; --json every fact", async () => {
  const people = holdfast(["tail", "--gateway", server.url]);
  const machine = holdfast(["tail", "--json", "--gateway", server.url]);
  let id = "";
  // Whether they follow yet cannot be seen from outside: calls are made until both have told of one.
  const asking = setInterval(() => void ask().then((one) => (id = one)), 100);
  const [lines, facts] = await Promise.all([
    firstLines(people.stdout, (text) => text.includes("\n")),
    firstLines(machine.stdout, (text) => text.includes('"call-end"') && text.endsWith("\n")),
  ]);
  clearInterval(asking);
  expect(id).not.toBe("");
  expect(lines).toMatch(
    /^\d\d:\d\d:\d\d {2}model {6}chat {2}(?:sick\/a overloaded → )?well\/b {2}\d+ ms {2}3\+1 tokens {2}call_\w{20}\n/,
  );
  const told = facts
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  expect(told.at(-1)).toMatchObject({ at: expect.stringMatching(/^20.*Z$/), call: expect.stringMatching(/^call_/) });
  people.kill("SIGINT");
  machine.kill("SIGTERM");
  expect([await people.exited, await machine.exited]).toEqual([0, 0]);
});

test("a client's trace is continued at the provider by a span of ours", async () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const id = await ask({ traceparent: `00-${trace}-00f067aa0ba902b7-01`, tracestate: "vendor=x" });
  const headers = received.at(-1);
  const client = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
  // The second attempt, or the first where the sick one is already left.
  const spans = [1, 2].map((number) => propagate({ id, headers: client }, number).traceparent ?? "");
  expect(spans).toContain(headers?.get("traceparent") ?? "none");
  expect(headers?.get("traceparent")).toStartWith(`00-${trace}-`);
  expect(headers?.get("tracestate")).toBe("vendor=x");
});
