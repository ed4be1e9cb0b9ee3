// `npm run docs`: writes the reference pages that are made from tables in the source; `--check` only says which differ.

import { join } from "node:path";
import { PAGES } from "./reference.ts";
import { ROOT } from "./steps.ts";

const check = process.argv.includes("--check");
for (const { path, text } of PAGES) {
  const file = Bun.file(join(ROOT, path));
  const current = (await file.exists()) ? await file.text() : "";
  if (current === text()) continue;
  if (check) {
    console.log(`${path} is not what the source says: run \`npm run docs\``);
    process.exitCode = 1;
  } else {
    await Bun.write(file, text());
    console.log(`wrote ${path}`);
  }
}
