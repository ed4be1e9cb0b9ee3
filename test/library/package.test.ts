// The npm package as it would be published: packed from the sources, judged by the field's own checkers, typed for those who
// import it, and its command runs.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "holdfast-package-"));
const modules = join(folder, "app", "node_modules");
const bin = (name: string) => join(ROOT, "node_modules", ".bin", name);
let tarball = "";

function run(command: readonly string[], cwd: string): { code: number; told: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, told: `${stdout}${stderr}` };
}

/** Packs a copy, so that the sources' own folder stays as it is, and installs it in an application's folder. */
beforeAll(() => {
  const copy = join(folder, "copy");
  mkdirSync(copy);
  for (const name of readdirSync(ROOT)) {
    if (/^(?:bin|catalog|scripts|src|.*\.json|.*\.md|LICENSE)$/.test(name)) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const packed = run(["npm", "pack", "--pack-destination", folder], copy);
  const name = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  if (packed.code !== 0 || name === undefined) throw new Error(packed.told);
  tarball = join(folder, name);
  mkdirSync(join(modules, "holdfast"), { recursive: true });
  run(["tar", "-xzf", tarball, "--strip-components=1", "-C", join(modules, "holdfast")], folder);
  for (const dependency of ["bun", "@oven", "zod", "yaml", "@noble", "openai-6", "anthropic-sdk-1"]) {
    const from = join(ROOT, "node_modules", dependency);
    if (existsSync(from)) symlinkSync(from, join(modules, dependency));
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("publint finds nothing", () => {
  const { code, told } = run([bin("publint"), "run", tarball, "--strict"], folder);
  expect(told).toContain("All good!");
  expect(code).toBe(0);
});

// Node loads the package as an ES module, from CommonJS too since 20.19; a second build for `require` would be a second engine.
test("attw finds nothing wrong with the types of an ESM-only package", () => {
  const { code, told } = run([bin("attw"), tarball, "--profile", "esm-only", "--no-color", "--no-emoji"], folder);
  expect(told).toMatch(/node16 \(from ESM\) │ OK \(ESM\)/);
  expect(told).toMatch(/bundler +│ OK/);
  expect(code).toBe(0);
});

test("it holds what runs, and no tests", () => {
  const files = run(["tar", "-tzf", tarball], folder).told.trim().split("\n");
  for (const file of [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/src/index.js.map",
    "src/cli/main.ts",
    "bin/holdfast.mjs",
    "LICENSE",
  ]) {
    expect(files).toContain(`package/${file}`);
  }
  expect(files.filter((file) => /\.test\.|\/(?:test|scripts|bench|docs)\//.test(file))).toEqual([]);
});

const CONSUMER = `
import Anthropic from "anthropic-sdk-1";
import { createHoldfast, type GatewayEvent, HoldfastConfigError } from "holdfast";
import OpenAI from "openai-6";

const holdfast = createHoldfast({
  providers: { anthropic: { key: "\${ANTHROPIC_API_KEY}" } },
  routes: { chat: { targets: ["anthropic/claude-sonnet-5"], timeouts: { "first-token": "8s" } } },
});
new OpenAI({ apiKey: "unused", fetch: holdfast.fetch });
new Anthropic({ apiKey: "unused", fetch: holdfast.fetch });
export const platform: typeof fetch = holdfast.fetch;
export async function read(): Promise<GatewayEvent | undefined> {
  for await (const fact of holdfast.events()) if (fact.type !== "lost") return fact;
  return undefined;
}
export const problems = (error: HoldfastConfigError) => error.problems.map(({ path }) => path);
// @ts-expect-error a route needs targets
createHoldfast({ providers: {}, routes: { chat: {} } });
`;

for (const module of ["NodeNext", "Preserve"]) {
  test(`the types hold in a strict program that imports it (module ${module})`, () => {
    const app = join(folder, "app");
    writeFileSync(join(app, "package.json"), '{ "type": "module" }');
    writeFileSync(join(app, "app.ts"), CONSUMER);
    const options = { module, target: "ES2022", lib: ["ES2022", "DOM"], types: [], strict: true, noEmit: true };
    // The SDKs' own declarations are not ours to check.
    const compilerOptions = { ...options, exactOptionalPropertyTypes: true, skipLibCheck: true };
    writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }));
    expect(run([bin("tsc"), "-p", "."], app).told).toBe("");
  });
}

test("its declarations hold by themselves", () => {
  const app = join(folder, "app");
  const compilerOptions = {
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2022", "DOM"],
    types: [],
    strict: true,
    noEmit: true,
  };
  writeFileSync(join(app, "own.ts"), 'export * from "holdfast";\n');
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["own.ts"] }));
  expect(run([bin("tsc"), "-p", "."], app).told).toBe("");
});

test("its command runs from where it is installed", () => {
  const { code, told } = run(["node", join(modules, "holdfast/bin/holdfast.mjs"), "--help"], folder);
  expect(told).toContain("run the gateway");
  expect(code).toBe(0);
});
