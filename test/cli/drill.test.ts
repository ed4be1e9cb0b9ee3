// `holdfast drill` as a user runs it: its verdicts, its determinism, and what it says of a wrong file. The long scenarios are
// played by hand; a short one stands for them here.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readScenario } from "../../src/sim/scenario.ts";

setDefaultTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), "holdfast-drill-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SCENARIO = `traffic: { rate: 5, seconds: 240, stream: 80%, tools: 20%, tenants: 3 }
providers:
  alpha: { dialect: anthropic-messages, words: 8, errors: 0.5% }
  beta: { dialect: openai-chat, words: 8, errors: 0.5% }
routes:
  chat: { targets: [alpha/m, beta/m] }
faults:
  - { on: alpha, kind: overloaded, at: 30s, for: 60s, share: 40% }
gates:
  successRate: ">=0.99"
  detectionMs: "<=15000"
  corruptedToolCalls: "==0"
  lost: "==0"
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function drill(...args: readonly string[]) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../src/cli/main.ts"), "drill", ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

test("a drill that holds: one object on one line, the same for the same seed", async () => {
  const path = file("short.yaml", SCENARIO);
  const [one, again, other] = await Promise.all([
    drill(path, "--json"),
    drill(path, "--json", "--seed", "1"),
    drill(path, "--json", "--seed", "2"),
  ]);
  expect([one.code, one.err]).toEqual([0, ""]);
  expect(one.out.trim().split("\n").length).toBe(1);
  const [a, b, c] = [one, again, other].map(({ out }) => JSON.parse(out));
  expect(a).toMatchObject({ scenario: "short", seed: 1, lost: 0, corruptedToolCalls: 0, falseEjections: 0 });
  expect(a.invariants.every(({ held }: { held: boolean }) => held)).toBe(true);
  expect({ ...b, wallMs: 0 }).toEqual({ ...a, wallMs: 0 });
  expect(c.digest).not.toBe(a.digest);
  // With two more attempts an SDK alone saves much; it multiplies the load.
  expect(a.without.successRate).toBeLessThan(a.successRate);
  expect(a.without.attemptsPerCall).toBeGreaterThan(a.attemptsPerCall);
});

test("a gate that does not hold: exit 1", async () => {
  const text = SCENARIO.replace("targets: [alpha/m, beta/m]", "targets: [alpha/m]").replace(", share: 40%", "");
  const { code, out } = await drill(file("alone.yaml", text));
  expect(code).toBe(1);
  expect(out).toContain("✗ successRate >= 0.99");
});

test("a wrong file is refused with every place", async () => {
  const text = SCENARIO.replace("kind: overloaded", "kind: overlode")
    .replace("rate: 5", "rate: -1")
    .replace("successRate", "sucessRate")
    .replace("targets: [alpha/m, beta/m]", "targets: [alhpa/m, beta/m]");
  const { code, err } = await drill(file("wrong.yaml", text));
  expect(code).toBe(2);
  expect(err).toMatch(/wrong\.yaml:1:\d+ {2}traffic\.rate .*calls a second/);
  expect(err).toMatch(/wrong\.yaml:6:\d+ .*did you mean "alpha/);
  expect(err).toMatch(/wrong\.yaml:8:\d+ {2}faults\[0\]\.kind .*did you mean "overloaded"/);
  expect(err).toMatch(/wrong\.yaml:10:\d+ {2}gates\.sucessRate .*did you mean "successRate"/);
});

test("an unknown name, and a wrong seed", async () => {
  expect(await drill("stedy-40")).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "steady-40"?') });
  expect((await drill("steady-40", "--seed", "x")).code).toBe(2);
});

test("--sockets plays it over real ones", async () => {
  const text = SCENARIO.replace("seconds: 240", "seconds: 7").replace("at: 30s, for: 60s", "at: 1s, for: 5s");
  const path = file("sockets.yaml", text.replace('  detectionMs: "<=15000"\n', "").replace(">=0.99", ">=0.9"));
  const { code, out, err } = await drill(path, "--sockets", "--json");
  expect([code, err]).toEqual([0, ""]);
  const result = JSON.parse(out);
  expect(result).toMatchObject({ digest: null, lost: 0, corruptedToolCalls: 0 });
  expect(result.calls).toBeGreaterThan(5);
  expect(result.wallMs).toBeGreaterThanOrEqual(7_000);
});

test("every scenario that ships can be read, and is listed", async () => {
  const shipped = join(import.meta.dir, "../../drills");
  const { out } = await drill("--list");
  const files = readdirSync(shipped);
  expect(files.length).toBeGreaterThanOrEqual(14);
  for (const name of files) {
    const read = readScenario(await Bun.file(join(shipped, name)).text(), { file: name, name });
    expect([name, read.ok ? [] : read.problems]).toEqual([name, []]);
    expect(out).toContain(name.replace(".yaml", ""));
  }
});

test("--html writes one page that needs nothing else, whatever the scenario is named", async () => {
  const path = file("plots.yaml", `description: "<b>bold</b>"\n${SCENARIO.replace("seconds: 240", "seconds: 120")}`);
  const out = join(folder, "plots.html");
  const { code } = await drill(path, "--html", out);
  const page = readFileSync(out, "utf8");
  expect(code).toBe(0);
  expect(page).not.toMatch(/<script|https?:|<b>|NaN|undefined/);
  expect(page.match(/<polyline/g)?.length).toBe(2 + 2 + 2);
  expect((await drill(path, "--html", folder)).code).toBe(2);
});
