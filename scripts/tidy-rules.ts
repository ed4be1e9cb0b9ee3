// The house rules as tables: who may import whom, what is banned where and what to use instead, sizes, names. How they are
// checked is in `tidy-check.ts`.

/** May import: the folder itself always; `*` anything but what `NOT` lists. */
export const ARROWS: Readonly<Record<string, readonly string[] | "*">> = {
  core: [],
  catalog: [],
  dialects: ["core"],
  providers: ["core", "dialects"],
  policies: ["core"],
  health: ["core"],
  sla: ["core"],
  incidents: ["core"],
  status: ["core"],
  state: ["core"],
  observe: ["core"],
  notify: ["core"],
  reports: ["core", "observe"],
  answers: ["core", "dialects", "state"],
  engine: ["core", "dialects", "providers", "policies", "health", "state", "answers", "observe"],
  config: ["core", "catalog"],
  runtime: ["core"],
  sim: "*",
  server: "*",
  cli: "*",
  index: "*",
};

/** What even a `*` may not import. */
export const NOT: Readonly<Record<string, readonly string[]>> = {
  sim: ["cli", "server", "runtime"],
  server: ["cli", "sim"],
  cli: [],
  index: ["cli", "sim"],
};

export interface Ban {
  readonly pattern: RegExp;
  readonly what: string;
  readonly instead: string;
  /** Beside `src/runtime/`, tests and everything outside `src/` and `catalog/`. */
  readonly allowedIn?: readonly string[];
}

/** On code without comments and literals. */
export const BANS: readonly Ban[] = [
  { pattern: /\bDate\.now\b/, what: "Date.now", instead: "runtime.wallMs() or runtime.clock.now()" },
  { pattern: /\bnew Date\(\s*\)/, what: "new Date()", instead: "new Date(runtime.wallMs())" },
  { pattern: /\bperformance\.now\b/, what: "performance.now", instead: "runtime.clock.now()" },
  {
    pattern: /\b(?:setTimeout|setInterval|setImmediate)\b/,
    what: "a timer",
    instead: "runtime.clock.after or LazyDeadline",
    // The virtual world lets the real event loop turn between two virtual moments.
    allowedIn: ["src/sim/drain.ts"],
  },
  { pattern: /\bMath\.random\b/, what: "Math.random", instead: "runtime.random()" },
  { pattern: /\b(?:randomUUID|getRandomValues|randomBytes)\b/, what: "crypto randomness", instead: "runtime.random()" },
  // A method that is called `fetch` is not the global.
  { pattern: /(?<![.\w])fetch\((?!.*\{\s*$)/, what: "fetch", instead: "runtime.transport" },
  { pattern: /(?<![.\w])process\./, what: "process", instead: "a parameter from the caller", allowedIn: ["src/cli/"] },
  {
    pattern: /(?<![.\w])Bun\./,
    what: "Bun's API",
    instead: "the runtime",
    // The one listener; what it serves is in `handler.ts`, which knows only Request and Response.
    allowedIn: ["src/server/http.ts"],
  },
  { pattern: /\bAbort(?:Controller|Signal)\b/, what: "AbortController", instead: "CancelSource (core/cancel.ts)" },
  {
    pattern: /(?<![.\w])console\./,
    what: "console",
    instead: "an event, or a value that the command prints",
    allowedIn: ["src/cli/"],
  },
];

/** Modules that do I/O. `node:util`, `node:path` and their like are free, and so is
 * `bun:jsc`, which only looks at the engine itself. */
export const BANNED_MODULES =
  /^(?:node:)?(?:fs|net|http|https|http2|tls|dns|dgram|child_process|worker_threads|timers|readline|os)(?:\/.*)?$|^bun(?::(?!jsc$).*)?$/;

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 60;
export const PARAMETERS_MAX = 4;
export const FILE_LINES_MEDIAN = 120;
export const FILE_LINES_P95 = 300;

export const BAD_NAME = /(?:^|[/.-])(?:utils?|helpers?|managers?|misc|common)(?:[/.-]|$)/;
export const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*\.(?:ts|tsx|mjs)$/;
/** Started by name, imported by nobody; the virtual world is driven by tests alone until there is `drill`. */
export const ENTRIES = [
  /^src\/sim\/(?:world|checkers)\.ts$/,
  /^src\/index\.ts$/,
  /^src\/cli\/main\.ts$/,
  /^scripts\//,
  /^bench\//,
  /^test\//,
  /^bin\//,
];
