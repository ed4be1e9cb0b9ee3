// The launcher in `bin/`, run by Node against both places where an install leaves Bun's binary. Nothing in `node_modules`
// is touched: each test builds a small install of links in a temporary folder.

import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { environment, findBun } from "../bin/launch.mjs";
import { ROOT } from "./steps.ts";

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A package at `at` below a new folder, with our `bin/` and a `src/cli/main.ts` that tells what it was given. */
function install(at = "."): { readonly top: string; readonly root: string } {
  const top = mkdtempSync(join(tmpdir(), "holdfast-launcher-"));
  made.push(top);
  const root = join(top, at);
  cpSync(join(ROOT, "bin"), join(root, "bin"), { recursive: true });
  put(join(root, "package.json"), '{ "type": "module" }');
  put(
    join(root, "src/cli/main.ts"),
    `process.on("SIGTERM", () => process.exit(7));
console.log(JSON.stringify({ args: process.argv.slice(2), requests: process.env.BUN_CONFIG_MAX_HTTP_REQUESTS, bun: process.execPath }));
if (process.argv.includes("wait")) setInterval(() => {}, 1_000);
else if (process.argv.includes("die")) process.kill(process.pid, "SIGKILL");
else process.exitCode = Number(process.argv[2] ?? 0);
`,
  );
  return { top, root };
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function link(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(process.execPath, path);
}

/** What an install without scripts leaves in `bun/bin`. */
function stub(modules: string): void {
  put(join(modules, "bun/bin/bun.exe"), 'echo "Error: the postinstall script did not run" && exit 1\n');
}

const arch = process.arch === "arm64" ? "aarch64" : process.arch;
const platform = `bun-${process.platform === "win32" ? "windows" : process.platform}-${arch}`;

function launch(root: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return Bun.spawn(["node", join(root, "bin/holdfast.mjs"), ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
}

test("a normal install: bun/bin/bun.exe; arguments, environment and exit code pass", async () => {
  const { root } = install();
  link(join(root, "node_modules/bun/bin/bun.exe"));
  mkdirSync(join(root, `node_modules/@oven/${platform}/bin`), { recursive: true });
  const child = launch(root, ["3", "--flag", "a b"]);
  expect(JSON.parse(await new Response(child.stdout).text())).toMatchObject({
    args: ["3", "--flag", "a b"],
    requests: "20000",
  });
  expect(await child.exited).toBe(3);
});

test("an install without scripts: the platform's package", async () => {
  const { root } = install();
  stub(join(root, "node_modules"));
  link(join(root, `node_modules/@oven/${platform}/bin/bun`));
  const child = launch(root, ["0"]);
  expect(await new Response(child.stdout).text()).toContain('"requests":"20000"');
  expect(await child.exited).toBe(0);
});

test("as a dependency: hoisted beside the package", async () => {
  const { top, root } = install("node_modules/holdfast");
  stub(join(top, "node_modules"));
  link(join(top, `node_modules/@oven/${platform}-baseline/bin/bun`));
  const child = launch(root, ["4"]);
  expect(await child.exited).toBe(4);
});

test("no binary: says what to run", async () => {
  const { root } = install();
  stub(join(root, "node_modules"));
  const child = launch(root, []);
  expect(await new Response(child.stderr).text()).toContain("npm ci");
  expect(await child.exited).toBe(1);
});

test("signals go to the child, and its end is the launcher's", async () => {
  const { root } = install();
  link(join(root, "node_modules/bun/bin/bun.exe"));
  const waiting = launch(root, ["wait"]);
  await waiting.stdout.getReader().read();
  waiting.kill("SIGTERM");
  expect(await waiting.exited).toBe(7);
  const dying = launch(root, ["die"]);
  await dying.exited;
  expect(dying.signalCode).toBe("SIGKILL");
});

test("a launcher that is killed outright takes the gateway with it", async () => {
  const child = Bun.spawn(["node", join(ROOT, "bin/holdfast.mjs"), "sim", "--port", "0", "--json"], {
    env: { PATH: process.env.PATH ?? "" },
    stdout: "pipe",
    stderr: "ignore",
  });
  const { value } = await child.stdout.getReader().read();
  const { url } = JSON.parse(new TextDecoder().decode(value).split("\n")[0] ?? "") as { url: string };
  const answers = () =>
    fetch(`${new URL(url).origin}/sim/log`).then(
      () => true,
      () => false,
    );
  expect(await answers()).toBe(true);
  child.kill("SIGKILL");
  await child.exited;
  for (let look = 0; look < 100 && (await answers()); look++) await Bun.sleep(50);
  expect(await answers()).toBe(false);
});

test("findBun: of several, this machine's C library and the plain build first; the layout of links too", () => {
  const { top, root } = install();
  const modules = join(root, "node_modules");
  for (const name of ["bun-linux-x64-musl-baseline", "bun-linux-x64-musl", "bun-linux-x64-baseline", "bun-linux-x64"]) {
    link(join(modules, "@oven", name, "bin/bun"));
  }
  const found = (arch: string, musl: boolean) => findBun(root, { platform: "linux", arch, musl });
  expect(found("x64", false)).toBe(join(modules, "@oven/bun-linux-x64/bin/bun"));
  expect(found("x64", true)).toBe(join(modules, "@oven/bun-linux-x64-musl/bin/bun"));
  expect(found("arm64", false)).toBeUndefined();
  const store = join(top, "store/node_modules");
  stub(store);
  link(join(store, "@oven/bun-linux-aarch64/bin/bun"));
  symlinkSync(join(store, "bun"), join(modules, "bun"));
  expect(found("arm64", false)).toBe(join(store, "@oven/bun-linux-aarch64/bin/bun"));
});

test("the environment: room for 20000 requests, or for more where that is set", () => {
  const of = (value?: string) => environment(value === undefined ? {} : { BUN_CONFIG_MAX_HTTP_REQUESTS: value });
  expect(of().BUN_CONFIG_MAX_HTTP_REQUESTS).toBe("20000");
  expect(of("256").BUN_CONFIG_MAX_HTTP_REQUESTS).toBe("20000");
  expect(of("many").BUN_CONFIG_MAX_HTTP_REQUESTS).toBe("20000");
  expect(of("50000").BUN_CONFIG_MAX_HTTP_REQUESTS).toBe("50000");
});
