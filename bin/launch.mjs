// Starts Bun for Node ≥ 20: finds the binary that came with the `bun` package, gives it the environment that the gateway
// needs, and stands between it and whoever started us. Plain JavaScript, for nothing is compiled before it runs.

import { spawn } from "node:child_process";
import { readdirSync, realpathSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";

/** A shim that only prints an error has a few hundred bytes; Bun has about a hundred million. */
const BINARY_LEAST_BYTES = 1_000_000;
/** Bun allows 256 requests at once and queues the rest in silence, unless this is in the environment when it starts. */
const REQUESTS_VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";
const REQUESTS = 20_000;
/** Our process id: a launcher that is killed outright passes nothing on, so the child looks whether it is still there. */
const LAUNCHER_VARIABLE = "HOLDFAST_LAUNCHER";
/** How soon the loss of npm is noticed. */
const PARENT_LOOK_MS = 250;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * The path of Bun's binary as seen from `root`, a folder of the package: in its own `node_modules` or in one above it.
 * The package's install script moves the binary to `bun/bin/bun.exe`; where scripts are off it stays in its platform's
 * package. `undefined` when there is none.
 */
export function findBun(root, { platform = process.platform, arch = process.arch, musl = isMusl() } = {}) {
  for (const modules of modulesAbove(root)) {
    const installed = join(modules, "bun", "bin", "bun.exe");
    if (isBinary(installed)) return installed;
    // In layouts of links the platform's package lies beside the place where `bun` really is.
    const places = [modules, ...modulesAbove(realPath(join(modules, "bun")))];
    for (const place of places) {
      const found = platformBinary(place, { platform, arch, musl });
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Runs Bun with `args`, as this process's stand-in: same streams, same process group, same end. */
export function runBun(root, args) {
  const bun = findBun(root);
  if (bun === undefined) {
    process.stderr.write(
      `holdfast: Bun's binary is not in node_modules (looked for ${process.platform}-${process.arch} from ${root} upwards).\n` +
        "Run `npm ci` in a clone, or `npm install holdfast` again, without `--omit=optional`.\n",
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(bun, args, { stdio: "inherit", env: childEnvironment() });
  // A signal from the terminal reaches the child by itself as well; it knows how to take one twice.
  const forward = Object.fromEntries(SIGNALS.map((signal) => [signal, () => child.kill(signal)]));
  for (const signal of SIGNALS) process.on(signal, forward[signal]);
  const orphaned = whenOrphaned(() => child.kill("SIGTERM"));
  const release = () => {
    clearInterval(orphaned);
    for (const signal of SIGNALS) process.off(signal, forward[signal]);
  };
  child.on("error", (error) => {
    release();
    process.stderr.write(`holdfast: ${bun} cannot be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    release();
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    // Ends as the child did, so that a shell or a supervisor sees the signal; the code is for where that fails.
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
    process.kill(process.pid, signal);
  });
}

/**
 * `npm start` puts a shell between itself and us that dies of a signal without passing it on: then our parent is another.
 * Elsewhere a parent may go and leave us running on purpose (`nohup`).
 */
function whenOrphaned(act) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, PARENT_LOOK_MS);
  timer.unref();
  return timer;
}

function childEnvironment() {
  return { ...environment(process.env), [LAUNCHER_VARIABLE]: String(process.pid) };
}

/** The environment with room for `REQUESTS` requests at once, or for more where that is set already. */
export function environment(env) {
  const wanted = Number(env[REQUESTS_VARIABLE]);
  return wanted > REQUESTS ? env : { ...env, [REQUESTS_VARIABLE]: String(REQUESTS) };
}

function modulesAbove(folder) {
  const found = [];
  for (let at = folder; ; at = dirname(at)) {
    found.push(join(at, "node_modules"));
    if (dirname(at) === at) return found;
  }
}

function platformBinary(modules, { platform, arch, musl }) {
  const scope = join(modules, "@oven");
  const system = platform === "win32" ? "windows" : platform;
  const stem = `bun-${system}-${arch === "arm64" ? "aarch64" : arch}`;
  const fits = (name) => name === stem || name.startsWith(`${stem}-`);
  // Of this machine's C library first, then the plain build before `-baseline` and other variants.
  const order = (name) => (name.includes("-musl") === musl ? 0 : 2) + (name.includes("-baseline") ? 1 : 0);
  return listed(scope)
    .filter(fits)
    .sort((a, b) => order(a) - order(b) || a.length - b.length)
    .flatMap((name) => ["bun", "bun.exe"].map((file) => join(scope, name, "bin", file)))
    .find(isBinary);
}

function isMusl() {
  return process.platform === "linux" && process.report?.getReport?.().header?.glibcVersionRuntime === undefined;
}

function isBinary(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size > BINARY_LEAST_BYTES;
}

function listed(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function realPath(path) {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
