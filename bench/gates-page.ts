// docs/reference/gates.md: one table a part, each with the day on which it was measured, so that a part can be measured alone.

import { join } from "node:path";

export interface GateRow {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly held: boolean;
}

const PAGE = join(import.meta.dir, "../docs/reference/gates.md");
const HEAD = `# Gates

What belief and recovery are held to, measured in the simulator by \`npm run bench:gates\`; seed 1 where nothing else is said.
Times are virtual but for the speed, which is that of the machine as it was. What was missed stays in the tables.
`;

/** Puts `rows` in the place of what the page has under `title`; parts stand in the order of `titles`. */
export async function writePart(title: string, rows: readonly GateRow[], titles: readonly string[]): Promise<void> {
  const known = new Map(sections(await Bun.file(PAGE).text()));
  known.set(title, section(title, rows));
  const parts = titles.map((one) => known.get(one)).filter((one) => one !== undefined);
  await Bun.write(PAGE, [HEAD, ...parts].join("\n"));
}

function sections(page: string): readonly (readonly [title: string, text: string])[] {
  return page
    .split(/^(?=## )/m)
    .slice(1)
    .map((text) => [/^## (.*)/.exec(text)?.[1] ?? "", `${text.trimEnd()}\n`]);
}

function section(title: string, rows: readonly GateRow[]): string {
  const lines = rows.map(({ what, wanted, found, held }) => `| ${what} | ${wanted} | ${found} | ${held ? "✓" : "✗"} |`);
  return `## ${title}

Measured on ${new Date().toISOString().slice(0, 10)}.

| what | wanted | found | |
|---|---|---|---|
${lines.join("\n")}
`;
}
