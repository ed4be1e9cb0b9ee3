// `npm run tidy`: checks the house rules over this repository and prints what breaks them.

import { join } from "node:path";
import { tidy } from "./tidy-check.ts";
import { FILE_LINES_MEDIAN, FILE_LINES_P95 } from "./tidy-rules.ts";

const ROOT = join(import.meta.dir, "..");
const FOLDERS = ["src", "catalog", "scripts", "bench", "test", "bin"];

const texts = new Map<string, string>();
for (const folder of FOLDERS) {
  for (const path of new Bun.Glob(`${folder}/**/*.{ts,tsx,mjs}`).scanSync({ cwd: ROOT })) {
    if (!path.includes("node_modules") && !path.includes("/fixtures/"))
      texts.set(path, await Bun.file(join(ROOT, path)).text());
  }
}
const report = tidy(texts);
for (const { path, line, message } of report.findings) console.log(`${path}:${line}  ${message}`);
const { files, medianLines, p95Lines, findings } = report;
console.log(
  `${files} files; lines of src: median ${medianLines} (aim ${FILE_LINES_MEDIAN}), 95th percentile ${p95Lines} (aim ${FILE_LINES_P95}); ${findings.length} findings`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
