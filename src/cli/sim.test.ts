// `holdfast sim` as a process: its lines, its script, its end, its refusals.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ENTRY = join(import.meta.dir, "main.ts");

function run(args: readonly string[]) {
  return Bun.spawn([process.execPath, ENTRY, "sim", ...args], { stdout: "pipe", stderr: "pipe" });
}

async function refused(args: readonly string[]): Promise<string> {
  const child = run(args);
  const text = await new Response(child.stderr).text();
  expect(await child.exited).toBe(2);
  return text;
}

function withScript<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-sim-"));
  const path = join(folder, "script.yaml");
  writeFileSync(path, text);
  return use(path).finally(() => rmSync(folder, { recursive: true }));
}

test("it starts the script's providers, plays its faults and stops at SIGTERM", async () => {
  const script =
    "providers: { one: { first-token: 1ms }, two: { dialect: anthropic-messages } }\nfaults: [{ kind: overloaded, on: one }]";
  await withScript(script, async (path) => {
    const child = run(["--port", "0", "--script", path, "--json"]);
    const reader = child.stdout.getReader();
    let out = "";
    while (out.split("\n").length < 3) {
      const { done, value } = await reader.read();
      // A child that dies must fail the test, not make it read its end for ever.
      if (done) throw new Error(`it ended after "${out}": ${await new Response(child.stderr).text()}`);
      out += new TextDecoder().decode(value);
    }
    const [one, two] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(one).toMatchObject({ name: "one", dialect: "openai-chat", url: `http://127.0.0.1:${one.port}/v1` });
    expect(two).toMatchObject({ name: "two", dialect: "anthropic-messages", url: `http://127.0.0.1:${two.port}` });
    expect((await fetch(`${one.url}/models`)).status).toBe(503);
    expect((await fetch(`${two.url}/v1/models`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });
}, 20_000);

test("it refuses wrong flags and scripts with every problem and exit code 2", async () => {
  const flags = await refused(["--prot", "1", "--providers", "a:openai-cha,b", "--seed=x"]);
  expect(flags).toContain('"--prot" is not a flag; did you mean "--port"?');
  expect(flags).toContain('"openai-cha" is not a dialect; did you mean "openai-chat"?');
  expect(flags).toContain('"b" is not NAME:DIALECT');
  expect(flags).toContain("--seed is a whole number");
  expect(await refused(["--script", "/nowhere.yaml"])).toContain("there is no such file");
  const script = "providers: { a: { dialect: gpt } }\nfaults: [{ kind: cutt }]";
  const problems = await withScript(script, (path) => refused(["--script", path]));
  expect(problems).toContain("providers.a.dialect");
  expect(problems).toContain('did you mean "cut"?');
  expect(await withScript("a: [", (path) => refused(["--script", path]))).toContain("script.yaml");
}, 20_000);

test("--help tells every kind of fault", async () => {
  const child = run(["--help"]);
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  expect(text).toContain("malformed-frame");
}, 20_000);
