// `holdfast check`: reads the configuration and tells every problem, without serving anything; `--live` also tries every
// target with one token.

import { type Problem, renderProblems } from "../config/problem.ts";
import { zeroConfigText } from "../config/zero-config.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { createSecretReader } from "../runtime/secrets.ts";
import { adviceFor } from "./advice.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE, readConfiguration } from "./config-file.ts";
import type { Explained } from "./explanation.ts";
import { readFlags, textFlag } from "./flags.ts";
import { type LadderStep, rehearseLadders } from "./ladder-rehearsal.ts";
import { type Rehearsal, type Rehearsed, rehearse, type Take } from "./rehearsal.ts";

const HELP = `holdfast check [--config FILE] [--live [--within 60]] [--json]

Reads the configuration and tells every problem: file, line, column, what is allowed, the nearest name.

  --config FILE   the configuration (default: ${DEFAULT_FILE}, else the provider keys in the environment)
  --live          also tries every target of every route, with one token whole and one streamed. It costs what they cost,
                  and proves urls, keys and models; then the last resorts, with the targets masked
  --within N      seconds for all of that (default: 60)
  --json          one object on one line: { ok, file, problems, warnings[, live] }

Exit codes: 0 all is good, 1 a target failed, 2 the configuration is wrong.`;

export const check: Command = { summary: "tell what is wrong with the configuration", help: HELP, run: runCheck };

const WITHIN_S = 60;

async function runCheck(args: readonly string[]): Promise<number> {
  const options = { config: { type: "string" }, live: { type: "boolean" }, within: { type: "string" } } as const;
  const parsed = readFlags(args, options);
  if (!parsed.ok) return misuse("check", parsed.message);
  const within = textFlag(parsed.flags, "within") ?? String(WITHIN_S);
  if (!/^[1-9]\d{0,3}$/.test(within)) return misuse("check", `--within ${within}: a number of seconds from 1 to 9999`);
  const json = parsed.flags.json === true;
  const config = await readConfiguration(textFlag(parsed.flags, "config"));
  if (config.from === "unreadable" || config.from === "nothing") {
    const message =
      config.from === "unreadable" ? config.message : `there is no ${DEFAULT_FILE} here; name a file with --config`;
    if (json) tell({ ok: false, problems: [{ path: "", message }], warnings: [] });
    else console.error(message);
    return 2;
  }
  const { name: file, loaded } = config;
  if (config.from === "environment" && !json) console.log(zeroConfigText(config.zero));
  const problems = loaded.ok ? [] : loaded.problems;
  const live = parsed.flags.live === true && loaded.ok ? await runLive(loaded, Number(within) * 1_000) : undefined;
  const good = loaded.ok && (live === undefined || live.failed === 0);
  if (json) tell({ ok: good, file, problems, warnings: loaded.warnings, ...(live && { live: live.report }) });
  else {
    tellPeople(file, problems, loaded.warnings);
    if (live !== undefined) console.log(live.text);
  }
  return good ? 0 : loaded.ok ? 1 : 2;
}

interface Report {
  readonly ok: boolean;
  readonly file?: string;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly live?: unknown;
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

interface Live {
  readonly failed: number;
  readonly report: unknown;
  readonly text: string;
}

async function runLive(loaded: Explained, totalMs: number): Promise<Live> {
  const runtime = createBunRuntime();
  const secrets = createSecretReader({ clock: runtime.clock });
  const unread = await secrets.follow(loaded.settings.providers.flatMap(({ keys }) => keys));
  const rehearsal = await rehearse(loaded.settings, { runtime, secrets, totalMs });
  secrets.stop();
  const ladder = await rehearseLadders(loaded.settings, runtime);
  const results = rehearsal.results.map((result) => ({ ...result, advice: adviceFor(result, loaded) }));
  const fallen = ladder.filter(({ ok }) => !ok).length;
  const failed = results.filter(({ advice }) => advice !== undefined).length + fallen;
  const { skipped, spent } = rehearsal;
  const text = [liveText(rehearsal, results, unread), ...ladderText(ladder)].join("\n");
  return { failed, report: { targets: results, ladder, skipped, spent, unread }, text };
}

/** One line a route that has last resorts beside models. */
function ladderText(ladder: readonly LadderStep[]): readonly string[] {
  const routes = [...new Set(ladder.map(({ route }) => route))];
  return routes.map((route) => {
    const steps = ladder.filter((step) => step.route === route);
    return `last resorts of ${route}, its targets masked: ${steps.map(({ rung, ok }) => `${rung} ${ok ? "ok" : "failed"}`).join(", ")}`;
  });
}

function liveText(
  { skipped, spent }: Rehearsal,
  results: readonly (Rehearsed & { readonly advice: string | undefined })[],
  unread: readonly string[],
): string {
  const rows = results.map(({ target, keyNumber, whole, stream, advice }) => [
    keyNumber === undefined ? target : `${target} (key ${keyNumber})`,
    takeText(whole),
    takeText(stream),
    advice ?? "",
  ]);
  const table = [["target", "whole", "stream", rows.some((row) => row[3] !== "") ? "what to do" : ""], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const failed = rows.filter((row) => row[3] !== "").length;
  const count = `${failed === 0 ? `all ${results.length}` : `${failed} of ${results.length}`} targets ${failed === 0 ? "answered" : "failed"}`;
  return [
    ...unread,
    ...table.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
    ...skipped.map((target) => `${target} was not tried: which model it is, only a call can say`),
    `${count}; ${spent.calls} calls spent ${spent.inputTokens} tokens of input and ${spent.outputTokens} of output`,
  ].join("\n");
}

function takeText(take: Take | undefined): string {
  return take === undefined ? "–" : `${take.fault} ${take.ms} ms`;
}
