import { afterAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway } from "../../test/support/gateway.ts";
import { loadSettings } from "../config/load-yaml.ts";
import { main } from "./main.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HASH = `sha256:${"ab".repeat(32)}`;
const OTHER = `sha256:${"cd".repeat(32)}`;
const CONFIG = `# The gateway of the shop.
keys:
  - { name: web, hash: "${HASH}", routes: [chat] } # the web shop
  # for the nightly run
  - name: batch
    hash: ${OTHER}

providers: { ollama: }
routes:
  chat: { targets: [ollama/qwen3] } # the only one, and this comment is so long that a writer with a line width would fold it
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What a command said, and its exit code. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const { log, error } = console;
  console.log = (text: string) => {
    said.out += `${text}\n`;
  };
  console.error = (text: string) => {
    said.err += `${text}\n`;
  };
  try {
    return { code: await main(args), ...said };
  } finally {
    console.log = log;
    console.error = error;
  }
}

test("create: a key that is shown once, and the line that makes it one", async () => {
  const seen = new Set<string>();
  for (let n = 0; n < 20; n++) {
    const { code, out } = await run("keys", "create", "web", "--routes", "chat,claude-*");
    expect(code).toBe(0);
    const key = /^(hf_[0-9a-z]{32})$/m.exec(out)?.[1] ?? "";
    expect(out.split(key).length).toBe(2);
    seen.add(key);
    const line = /^ {2}- .*$/m.exec(out)?.[0] ?? "";
    const text = `keys:\n${line}\nproviders: { ollama: }\nroutes: { chat: { targets: [ollama/q] }, claude-*: { targets: [ollama/q] } }`;
    const loaded = loadSettings(text, { file: "f", env: {} });
    const hash = `sha256:${createHash("sha256").update(key).digest("hex")}`;
    expect(loaded.ok && loaded.settings.keys).toEqual([{ name: "web", hash, routes: ["chat", "claude-*"] }]);
  }
  expect(seen.size).toBe(20);
});

test("create --json: one object on one line", async () => {
  const { out } = await run("keys", "create", "web", "--json");
  expect(out.split("\n").length).toBe(2);
  const made = JSON.parse(out);
  expect(made).toEqual({ name: "web", key: expect.stringMatching(/^hf_/), hash: expect.stringMatching(/^sha256:/) });
});

test("a key that was made opens the gateway, and no other does", async () => {
  const made = JSON.parse((await run("keys", "create", "web", "--json")).out);
  const gateway = startGateway(
    `keys: [{ name: web, hash: "${made.hash}" }]\nproviders: { ollama: }\nroutes: { chat: { targets: [ollama/q] } }`,
  );
  const ask = (key: string) => fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  expect((await ask(made.key)).status).toBe(200);
  expect((await ask(`${made.key.slice(0, -1)}!`)).status).toBe(401);
  await gateway.stop();
});

test("list: names, routes, the beginnings of hashes", async () => {
  const path = file("list.yaml", CONFIG);
  const { out } = await run("keys", "list", "--config", path);
  expect(out).toMatch(/^web +sha256:abababab… {2}chat\nbatch +sha256:cdcdcdcd… {2}all routes\n$/);
  const { out: json } = await run("keys", "list", "--config", path, "--json");
  expect(JSON.parse(json)).toEqual({
    file: path,
    keys: [
      { name: "web", hash: HASH, routes: ["chat"] },
      { name: "batch", hash: OTHER },
    ],
  });
});

test("revoke: the key goes, everything else stays, comments and mode and link included", async () => {
  const path = file("revoke.yaml", CONFIG);
  chmodSync(path, 0o640);
  const link = join(folder, "link.yaml");
  symlinkSync(path, link);
  const { code, out } = await run("keys", "revoke", "web", "--config", link);
  expect([code, out]).toEqual([0, expect.stringContaining("revoked web")]);
  const text = readFileSync(path, "utf8");
  for (const kept of ["# The gateway of the shop.", "# for the nightly run", OTHER, "would fold it\n"]) {
    expect(text).toContain(kept);
  }
  expect(text).not.toContain(HASH);
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readFileSync(link, "utf8")).toBe(text);
  const loaded = loadSettings(text, { file: "f", env: {} });
  expect(loaded.ok && loaded.settings.keys).toEqual([{ name: "batch", hash: OTHER }]);
});

test("revoke: the last key stays, for without it anybody could call", async () => {
  const path = file("last.yaml", CONFIG);
  await run("keys", "revoke", "web", "--config", path);
  const before = readFileSync(path, "utf8");
  const { code, err } = await run("keys", "revoke", "batch", "--config", path);
  expect([code, err]).toEqual([2, expect.stringContaining("the last key")]);
  expect(readFileSync(path, "utf8")).toBe(before);
});

const PATH = file("slips.yaml", CONFIG);
for (const [args, wanted] of [
  [["keys"], /one of create, list, revoke/],
  [["keys", "creat", "x"], /did you mean "create"/],
  [["keys", "create"], /needs a NAME/],
  [["keys", "create", "a b"], /is no name for a key/],
  [["keys", "create", "web", "--routes", "a,,b"], /--routes is a list/],
  [["keys", "create", "web", "--route", "a"], /did you mean --routes/],
  [["keys", "list", "web", "--config", PATH], /not expected/],
  [["keys", "list", "--config", join(folder, "absent.yaml")], /there is no such file/],
  [["keys", "list", "--config", file("broken.yaml", "a: [\n")], /is no YAML/],
  [["keys", "revoke", "wbe", "--config", PATH], /has no key "wbe"; did you mean "web"/],
  [["keys", "revoke", "web", "--config", file("none.yaml", "keys: []\n")], /has no key "web"/],
] as const) {
  test(`holdfast ${args.map((arg) => arg.replace(folder, "…")).join(" ")}`, async () => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(wanted);
  });
}
