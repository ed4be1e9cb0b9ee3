// The README is true: its commands and programs run as printed, against the demo mode that it describes. Only the port and
// the packages' names under which the SDKs are installed here differ.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../src/config/load-yaml.ts";

const ROOT = join(import.meta.dir, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const PORT = "http://127.0.0.1:4000";

let url = "";
let gateway: ReturnType<typeof Bun.spawn> | undefined;
const folder = mkdtempSync(join(tmpdir(), "holdfast-readme-"));

/** The code block that follows `<!-- test: NAME -->`. */
function example(name: string): string {
  const found = README.match(new RegExp(`<!-- test: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``))?.[1];
  if (found === undefined) throw new Error(`the README has no example ${name}`);
  return found.replaceAll(PORT, url);
}

async function run(command: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${err}`);
  return out;
}

beforeAll(async () => {
  // No configuration in the folder and no key in the environment: demo mode.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.endsWith("_API_KEY")));
  const child = Bun.spawn(["node", join(ROOT, "bin/holdfast.mjs"), "up", "--port", "0"], {
    cwd: folder,
    env,
    stdout: "pipe",
    stderr: "ignore",
  });
  gateway = child;
  let out = "";
  for await (const chunk of child.stdout) {
    out += new TextDecoder().decode(chunk);
    url = out.match(/holdfast ready on (http:\S+)/)?.[1] ?? "";
    if (url !== "") break;
  }
});

afterAll(async () => {
  gateway?.kill("SIGTERM");
  await gateway?.exited;
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(Bun.which("curl") === null)("the curl line answers and says who answered", async () => {
  const out = await run(["bash", "-c", example("curl")], folder);
  expect(out).toStartWith("HTTP/1.1 200");
  for (const header of ["x-holdfast-target", "x-holdfast-attempts", "x-holdfast-trail"]) expect(out).toContain(header);
  expect(out).toContain('"type":"message"');
});

async function runProgram(name: string, from: string, to: string): Promise<string> {
  const file = join(ROOT, "test", `.readme-${name}.ts`);
  writeFileSync(file, example(name).replace(`"${from}"`, `"${to}"`));
  try {
    return await run([process.execPath, file], ROOT);
  } finally {
    rmSync(file);
  }
}

test("the Anthropic program prints an answer", async () => {
  expect(await runProgram("anthropic", "@anthropic-ai/sdk", "anthropic-sdk-1")).toContain('type: "text"');
});

test("the OpenAI program streams an answer", async () => {
  expect((await runProgram("openai", "openai", "openai-7")).length).toBeGreaterThan(20);
});

test("the configuration is a valid one", () => {
  const env = { ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "b" };
  const loaded = loadSettings(example("config"), { file: "holdfast.yaml", env });
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
});
