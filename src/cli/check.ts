// `holdfast check`: reads the configuration and tells every problem, without serving anything.

import { type Problem, renderProblems } from "../config/problem.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE, readConfigFile } from "./config-file.ts";
import { readFlags, textFlag } from "./flags.ts";

const HELP = `holdfast check [--config FILE] [--json]

Reads the configuration and tells every problem: file, line, column, what is allowed, the nearest name.

  --config FILE   the configuration (default: ${DEFAULT_FILE})
  --json          one object on one line: { ok, file, problems, warnings }

Exit codes: 0 the configuration is good, 2 it is not.`;

export const check: Command = { summary: "tell what is wrong with the configuration", help: HELP, run: runCheck };

async function runCheck(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, { config: { type: "string" }, live: { type: "boolean" } });
  if (!parsed.ok) return misuse("check", parsed.message);
  if (parsed.flags.live === true) return misuse("check", "--live is not in this version");
  const json = parsed.flags.json === true;
  const config = await readConfigFile(textFlag(parsed.flags, "config"));
  if (!config.found) {
    const message = config.message ?? `there is no ${DEFAULT_FILE} here; name a file with --config`;
    if (json) tell({ ok: false, problems: [{ path: "", message }], warnings: [] });
    else console.error(message);
    return 2;
  }
  const { file, loaded } = config;
  const problems = loaded.ok ? [] : loaded.problems;
  if (json) tell({ ok: loaded.ok, file, problems, warnings: loaded.warnings });
  else tellPeople(file, problems, loaded.warnings);
  return loaded.ok ? 0 : 2;
}

interface Report {
  readonly ok: boolean;
  readonly file?: string;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

function tell(report: Report): void {
  console.log(JSON.stringify(report));
}

function tellPeople(file: string, problems: readonly Problem[], warnings: readonly Problem[]): void {
  if (problems.length > 0) console.error(renderProblems(problems));
  if (warnings.length > 0) console.error(`warnings:\n${renderProblems(warnings)}`);
  if (problems.length === 0) console.log(`${file}: ok`);
  else console.error(`${file}: ${problems.length} problem${problems.length === 1 ? "" : "s"}`);
}
