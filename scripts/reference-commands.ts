// The page of commands: what each of them prints with --help, in the order of `holdfast --help`.

import { COMMANDS } from "../src/cli/main.ts";
import { reportHelps } from "../src/cli/report.ts";

const SECTIONS = await Promise.all(
  Object.entries(COMMANDS).map(async ([name, { summary, load }]) => {
    const helps = name === "report" ? await reportHelps() : [(await load()).help];
    return { name, summary, helps };
  }),
);

export function commandsPage(): string {
  const rows = SECTIONS.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${summary} |`);
  const sections = SECTIONS.map(({ name, helps }) => {
    return [`## ${name}`, ...helps.map((help) => `\`\`\`text\n${help}\n\`\`\``)].join("\n\n");
  });
  return `# Commands

In a clone \`npm run -s holdfast -- COMMAND\`, installed \`npx holdfast COMMAND\`. Each takes \`--help\`, and \`--json\` for programs.

| command | what |
|---|---|
${rows.join("\n")}

${sections.join("\n\n")}

This page is made from the commands' own help by \`npm run docs\`.
`;
}
