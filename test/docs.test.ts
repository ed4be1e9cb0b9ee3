// The pages are true as far as a program can tell: every link leads somewhere, every command and option that they print
// exists. What their examples do is tested beside what they are about.

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md", ...pagesBelow("docs")];

function pagesBelow(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return entries.filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
}

function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

async function help(...args: string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, join(ROOT, "src/cli/main.ts"), ...args, "--help"], {
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "20000" },
  });
  return (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
}

describe("links", () => {
  test.each(PAGES)("%s", (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? "");
    const broken = links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(page), target)));
    expect(broken).toEqual([]);
  });
});

test("every command and option in the pages exists", async () => {
  const general = await help();
  const helps = new Map<string, string>();
  const unknown: string[] = [];
  for (const page of PAGES) {
    // Lines of code and inline code that call the command.
    for (const [, command = "", rest = ""] of read(page).matchAll(/(?:^|`|npx |-- )holdfast ([a-z]+)([^`\n]*)/gm)) {
      // What the program prints is no command.
      if (command === "ready") continue;
      if (!general.includes(`${command} `)) {
        unknown.push(`${page}: holdfast ${command}`);
        continue;
      }
      if (!helps.has(command)) helps.set(command, await help(command));
      for (const [option] of rest.matchAll(/--[a-z][a-z-]*/g)) {
        if (option !== "--help" && !helps.get(command)?.includes(option)) unknown.push(`${page}: ${command} ${option}`);
      }
    }
  }
  expect([...new Set(unknown)]).toEqual([]);
});
