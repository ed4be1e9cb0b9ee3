// The command line as users start it: a process, its two outputs and its exit code.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", BUN_CONFIG_MAX_HTTP_REQUESTS: "20000", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = start(args, env);
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const GOOD = file("good.yaml", "providers: { ollama: }\nroutes: { chat: { targets: [ollama/qwen3] } }\n");
const BAD = file(
  "bad.yaml",
  "providers: { ollama: }\nroutes: { chat: { targets: [olama/qwen3], require: { region: eu } } }\n",
);

// Bun shares a port between processes where `development: false` is not joined by `reusePort: false`.
test("a port that is taken is named, with what to do", async () => {
  const taken = Bun.serve({ port: 0, hostname: "127.0.0.1", reusePort: false, fetch: () => new Response("") });
  for (const command of [["up", "--config", GOOD], ["sim"]]) {
    const { code, err } = await run([...command, "--port", String(taken.port)]);
    expect([code, err]).toEqual([2, expect.stringMatching(`127.0.0.1:${taken.port}: the port is in use`)]);
    expect(err).toContain("another with --port");
  }
  await taken.stop(true);
});

for (const [args, code, said] of [
  [["--help"], 0, /up .*\n.*check .*\n.*explain [\s\S]*sim /],
  [["up", "--help"], 0, /--config FILE/],
  [["chek"], 2, /unknown command "chek"; did you mean "check"\?/],
  [["explain", "chat"], 2, /there is no holdfast.yaml here and no provider key/],
  [["explain", "chat", "--config", GOOD], 0, /ollama\/qwen3[\s\S]*server-error/],
  [["explain", "chta", "--config", GOOD], 2, /no route is named "chta"; did you mean "chat"\?/],
  [["explain", "chat", "--config", BAD], 2, /bad.yaml:2:29/],
  [["init", "--file", GOOD], 2, /good.yaml: there is such a file already; it is left as it is/],
  [["check"], 2, /there is no holdfast.yaml here/],
  [["check", "--config", GOOD], 0, /good.yaml: ok/],
  [
    ["check", "--config", BAD],
    2,
    /bad.yaml:2:29 {2}routes.chat.targets\[0\] .*"ollama\/qwen3"[\s\S]*bad.yaml:2:52 .*not in this version/,
  ],
  [["up", "--config", BAD], 2, /bad.yaml:2:29[\s\S]*bad.yaml:2:52/],
  [["up", "--config", "none.yaml"], 2, /there is no such file/],
  [["up", "--config", "."], 2, /\.: it cannot be read \(EISDIR\)/],
  [["up", "--port", "70000"], 2, /whole number from 0 to 65535/],
  [["up", "--host", "0.0.0.0"], 2, /0\.0\.0\.0 is no loopback address: gateway keys and an admin key are needed/],
] as const) {
  test(`holdfast ${args.join(" ")}: ${code}`, async () => {
    const { code: seen, out, err } = await run(args);
    expect(out + err).toMatch(said);
    expect(seen).toBe(code);
    if (code !== 0) expect(out).toBe("");
  });
}

test("check --json: one object on one line", async () => {
  const { code, out } = await run(["check", "--json", "--config", BAD]);
  expect(code).toBe(2);
  expect(out.split("\n").length).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    file: BAD,
    problems: [
      { file: BAD, line: 2, column: 29, path: "routes.chat.targets[0]", nearest: "ollama/qwen3" },
      { line: 2, column: 52, path: "routes.chat.require", allowed: "{}" },
    ],
  });
});

test("without room for requests the gateway refuses to serve", async () => {
  for (const value of ["", "256", "many"]) {
    const { code, err } = await run(["up", "--port", "0"], { BUN_CONFIG_MAX_HTTP_REQUESTS: value });
    expect(err).toContain("start it with `holdfast`");
    expect(code).toBe(2);
  }
});

/** The text of a stream up to and with the first match. */
async function until(stream: ReadableStream<Uint8Array>, wanted: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of stream) {
    text += decoder.decode(part, { stream: true });
    if (wanted.test(text)) break;
  }
  return text;
}

test("demo mode serves, says so, and drains at SIGTERM", async () => {
  const child = start(["--port", "0"]);
  const out = await until(child.stdout, /\n/);
  const url = /^holdfast ready on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(out)?.[1] ?? "";
  expect(url).not.toBe("");
  const said = until(child.stderr, /draining/);
  const body = JSON.stringify({ model: "claude-x", max_tokens: 5, messages: [{ role: "user", content: "Hello" }] });
  const answered = await fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(answered.status).toBe(200);
  expect(answered.headers.get("x-holdfast-target")).toBe("anthropic-sim/claude-x");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  const err = await said;
  expect(err).toContain("demo mode");
  expect(err).toContain(`curl -si ${url}/v1/messages`);
});

/** Where the process says that it serves. */
async function readyUrl(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const ready: unknown = JSON.parse(await until(stdout, /\n/));
  return typeof ready === "object" && ready !== null && "ready" in ready ? String(ready.ready) : "";
}

test("up with a configuration: the flags win over its listen; SIGINT ends it", async () => {
  const child = start(["up", "--config", GOOD, "--port", "0", "--host", "localhost", "--json"]);
  expect(await readyUrl(child.stdout)).toMatch(/^http:\/\/localhost:\d+$/);
  child.kill("SIGINT");
  expect(await child.exited).toBe(0);
});
