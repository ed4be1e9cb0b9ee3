// Checks the house rules over the texts of a tree. Pure: it reads no file, so that its tests are small trees.

import { dirname, join } from "node:path/posix";
import { functionSizes, parameterCounts, strip } from "./tidy-code.ts";
import {
  ARROWS,
  BAD_NAME,
  BANNED_MODULES,
  BANS,
  ENTRIES,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  KEBAB,
  NOT,
  PARAMETERS_MAX,
} from "./tidy-rules.ts";

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface TidyReport {
  readonly findings: readonly Finding[];
  readonly files: number;
  readonly medianLines: number;
  readonly p95Lines: number;
}

interface Import {
  readonly line: number;
  readonly from: string;
  /** `import type`: it exists only for the compiler. */
  readonly typeOnly: boolean;
}

interface File {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly code: string;
  readonly imports: readonly Import[];
}

/** `texts`: path from the root, with `/`, to text. */
export function tidy(texts: ReadonlyMap<string, string>): TidyReport {
  const files = [...texts].map(([path, text]) => readFile(path, text));
  const findings = [...files.flatMap(checkFile), ...deadFiles(files), ...cycles(files)];
  const sizes = files.filter(({ path }) => path.startsWith("src/") && !isTest(path)).map(({ lines }) => lines);
  return {
    findings: findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1)),
    files: files.length,
    medianLines: quantile(sizes, 0.5),
    p95Lines: quantile(sizes, 0.95),
  };
}

const IMPORT = /(?:\b(import|export)(\s+type)?\b(?:[^"'`;()]*?\bfrom)?|\bimport\s*\()\s*["']([^"'\n]+)["']/g;

function readFile(path: string, text: string): File {
  const { uncommented, code } = strip(text);
  const imports = [...uncommented.matchAll(IMPORT)].map((match) => ({
    line: lineAt(text, match.index),
    from: match[3] ?? "",
    typeOnly: match[2] !== undefined,
  }));
  return { path, text, lines: text.replace(/\n$/, "").split("\n").length, code, imports };
}

function checkFile(file: File): Finding[] {
  const found: Finding[] = [];
  const say = (line: number, message: string) => found.push({ path: file.path, line, message });
  const name = file.path.slice(file.path.lastIndexOf("/") + 1);
  if (!KEBAB.test(name)) say(1, "the file's name is not in kebab-case");
  if (BAD_NAME.test(file.path)) say(1, "name the file after what it is about, not `utils`, `helpers` or `manager`");
  if (file.lines > FILE_LINES_MAX) say(1, `${file.lines} lines; at most ${FILE_LINES_MAX}: split it by concept`);
  if (isTest(file.path)) return found;
  if (!/^(?:#![^\n]*\n)?\/[/*]/.test(file.text)) say(1, "the first lines say what the file is for and what it is not");
  each(file.code, /\bexport\s+default\b/, (line) => say(line, "no default exports: export the name"));
  each(file.code, /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s/, (line) =>
    say(line, "no enums: a union of strings"),
  );
  each(file.code, /\binterface\s+I[A-Z][a-z]/, (line) => say(line, "no `I` before an interface's name"));
  for (const { line, lines } of functionSizes(file.code)) {
    if (lines > FUNCTION_LINES_MAX) say(line, `a function of ${lines} lines; at most ${FUNCTION_LINES_MAX}`);
  }
  for (const { line, count } of parameterCounts(file.code)) {
    if (count > PARAMETERS_MAX) say(line, `${count} parameters; at most ${PARAMETERS_MAX}, then one object`);
  }
  if (folderOf(file.path) !== undefined) checkLayer(file, say);
  return found;
}

/** Arrows and bans hold for the product: `src/` and `catalog/`. */
function checkLayer(file: File, say: (line: number, message: string) => void): void {
  const folder = folderOf(file.path) ?? "";
  for (const { line, from } of file.imports) {
    const target = from.startsWith(".") ? folderOf(resolve(file.path, from)) : undefined;
    if (from.startsWith(".") && !mayImport(folder, target)) {
      say(line, `${folder} may not import ${target ?? from}; it may: ${describe(folder)}`);
    }
    if (folder !== "runtime" && BANNED_MODULES.test(from))
      say(line, `${from} does I/O: only src/runtime/ may import it`);
  }
  if (folder === "runtime") return;
  for (const { pattern, what, instead, allowedIn = [] } of BANS) {
    if (allowedIn.some((place) => file.path.startsWith(place))) continue;
    each(file.code, pattern, (line) => say(line, `${what} is banned here; use ${instead}`));
  }
}

function mayImport(folder: string, target: string | undefined): boolean {
  if (target === folder) return true;
  const allowed = ARROWS[folder];
  if (target === undefined || allowed === undefined) return false;
  return allowed === "*" ? !(NOT[folder] ?? []).includes(target) : allowed.includes(target);
}

function describe(folder: string): string {
  const allowed = ARROWS[folder];
  if (allowed === undefined) return "nothing: the folder is not in the table of scripts/tidy-rules.ts";
  if (allowed === "*") return `anything but ${NOT[folder]?.join(", ")}`;
  return allowed.length === 0 ? "nothing" : allowed.join(", ");
}

/** Files that nothing imports; a file's own test alone keeps it not alive. */
function deadFiles(files: readonly File[]): Finding[] {
  const alive = new Set<string>();
  for (const { path, imports } of files) {
    for (const { from } of imports) {
      const target = resolve(path, from);
      if (from.startsWith(".") && path.replace(/\.test\.ts$/, ".ts") !== target) alive.add(target);
    }
  }
  return files
    .filter(({ path }) => !isTest(path) && !alive.has(path) && !ENTRIES.some((entry) => entry.test(path)))
    .map(({ path }) => ({ path, line: 1, message: "nothing but its own test imports this file: use it or remove it" }));
}

/** Cycles of imports that exist at run time, each told once. */
function cycles(files: readonly File[]): Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, "open" | "done">();
  const found: Finding[] = [];
  const visit = (file: File, trail: readonly string[]): void => {
    state.set(file.path, "open");
    for (const { from, line, typeOnly } of file.imports) {
      const next = typeOnly || !from.startsWith(".") ? undefined : byPath.get(resolve(file.path, from));
      if (next === undefined || state.get(next.path) === "done") continue;
      const around = [...trail, file.path];
      if (state.get(next.path) === undefined) visit(next, around);
      else
        found.push({
          path: file.path,
          line,
          message: `a cycle: ${[...around.slice(around.indexOf(next.path)), next.path].join(" → ")}`,
        });
    }
    state.set(file.path, "done");
  };
  for (const file of files) if (state.get(file.path) === undefined) visit(file, []);
  return found;
}

function folderOf(path: string): string | undefined {
  if (path.startsWith("catalog/")) return "catalog";
  if (!path.startsWith("src/")) return undefined;
  return path.split("/").length === 2 ? path.slice("src/".length).replace(/\.ts$/, "") : path.split("/")[1];
}

function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.startsWith("test/");
}

function resolve(path: string, from: string): string {
  return join(dirname(path), from);
}

function each(code: string, pattern: RegExp, say: (line: number) => void): void {
  code.split("\n").forEach((line, index) => {
    if (pattern.test(line)) say(index + 1);
  });
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
