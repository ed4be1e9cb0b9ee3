// The library runs where there is only the web platform: nothing in its graph names Bun or Node, and it carries no parser.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { strip } from "../scripts/tidy-code.ts";

const ROOT = join(import.meta.dir, "..");
const FROM = /\b(?:import|export)\b(?!\s+type\b)(?:[^"'`;()]*?\bfrom|\s*\()?\s*["']([^"']+)["']/g;
/** `globalThis.process` may be looked for; a bare `process`, `Buffer` or `Bun` would throw on the edge. */
const PLATFORM = /(?<![.\w])(?:Bun|process|Buffer|require|__dirname|setImmediate)\s*[.([]|\bimport\.meta\b/;

interface Module {
  readonly code: string;
  readonly imports: readonly string[];
}

function graphOf(entry: string): ReadonlyMap<string, Module> {
  const graph = new Map<string, Module>();
  const visit = (path: string): void => {
    if (graph.has(path)) return;
    const { code, uncommented } = strip(readFileSync(path, "utf8"));
    const imports = [...uncommented.matchAll(FROM)].map((match) => match[1] ?? "");
    graph.set(path, { code, imports });
    for (const from of imports) if (from.startsWith(".")) visit(join(dirname(path), from));
  };
  visit(entry);
  return graph;
}

const graph = graphOf(join(ROOT, "src/index.ts"));

test("the walk sees the whole graph", () => {
  const paths = [...graph.keys()].map((path) => relative(ROOT, path));
  expect(paths).toContain("src/server/handler.ts");
  expect(paths).toContain("src/dialects/anthropic-messages/encode-reply.ts");
  expect(paths.length).toBeGreaterThan(60);
});

test("of packages it imports only those that run everywhere, and no module of a platform", () => {
  const packages = [...graph].flatMap(([path, { imports }]) =>
    imports.filter((from) => !from.startsWith(".")).map((from) => `${from} in ${relative(ROOT, path)}`),
  );
  expect(packages.filter((from) => !/^(?:zod|@noble\/hashes)(?:[/ ])/.test(from))).toEqual([]);
});

/** The compiler knows which of the language is in Node 20, but not which of the web platform. */
const TOO_NEW = /\bURL\.parse\b|\bPromise\.(?:try|withResolvers)\b|\b(?:response|request|body)\.bytes\(\)/;

test("it uses nothing that an early Node 20 does not have", () => {
  expect([...graph].filter(([, { code }]) => TOO_NEW.test(code)).map(([path]) => relative(ROOT, path))).toEqual([]);
});

test("it names no global of a platform", () => {
  const named = [...graph].flatMap(([path, { code }]) => {
    const found = PLATFORM.exec(code);
    return found === null ? [] : [`${found[0]} in ${relative(ROOT, path)}`];
  });
  expect(named).toEqual([]);
});
