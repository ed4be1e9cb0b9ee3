// `npm run build`: the library for Node and the like, from `src/index.ts` and what it imports: one module per source file,
// types and source maps, in `dist/` (or in the folder that is given). The gateway needs no build: Bun runs its sources.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** Throws with the compiler's words when the sources do not compile. `out` is emptied first. */
export function build(out: string): void {
  rmSync(out, { recursive: true, force: true });
  const compiler = join(ROOT, "node_modules", ".bin", "tsc");
  const { success, stdout } = Bun.spawnSync([compiler, "-p", join(ROOT, "tsconfig.build.json"), "--outDir", out]);
  if (!success) throw new Error(`the library does not compile:\n${stdout.toString()}`);
  for (const path of filesOf(out, "**/*.d.ts")) writeFileSync(path, withEmittedNames(readFileSync(path, "utf8")));
  // The catalog lies beside `src`, so the modules keep both folders; the package's entry hides that.
  for (const name of ["index.js", "index.d.ts"]) writeFileSync(join(out, name), 'export * from "./src/index.js";\n');
  for (const ending of [".js", ".d.ts"]) prune(out, ending);
}

function filesOf(out: string, pattern: string): string[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: out, absolute: true })];
}

/** The compiler renames `./x.ts` in modules but not in declarations, where not every tool understands it. */
function withEmittedNames(declarations: string): string {
  return declarations.replace(/((?:from |import\()")(\.[^"\n]*)\.ts"/g, '$1$2.js"');
}

const IMPORTED = /\b(?:from |import ?\(?)"(\.[^"\n]*)\.js"/g;

/** Removes what the entry does not reach: the compiler also writes what only types of inner modules name. */
function prune(out: string, ending: string): void {
  const reached = new Set<string>();
  const reach = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, from] of readFileSync(path, "utf8").matchAll(IMPORTED)) reach(join(dirname(path), from + ending));
  };
  reach(join(out, `index${ending}`));
  for (const path of filesOf(out, `**/*${ending}`)) {
    if (reached.has(path)) continue;
    rmSync(path);
    rmSync(`${path}.map`, { force: true });
  }
}

if (import.meta.main) {
  const out = resolve(process.argv[2] ?? join(ROOT, "dist"));
  build(out);
  console.log(`built ${out}`);
}
