// `holdfast notify test`: sends one message to each channel of the configuration, at once and from here, and says what each
// receiver made of it. The gateway need not run.

import { renderProblems } from "../config/problem.ts";
import type { ChannelSettings, Notice } from "../core/notice.ts";
import type { Runtime } from "../core/runtime.ts";
import { send } from "../notify/channel.ts";
import type { Entry, Outcome } from "../notify/outbox.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { sendMail } from "../runtime/smtp.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE, readConfigFile } from "./config-file.ts";
import { readFlags, textFlag } from "./flags.ts";

const HELP = `holdfast notify test [--config FILE] [--channel NAME] [--json]

Sends a message that says that it is a test to each channel of \`notify\`, whatever the channel asks for, and tells what came
of it. PagerDuty gets an alert and its end.

  --config FILE    the configuration (default: ${DEFAULT_FILE})
  --channel NAME   to one channel alone
  --json           one object a line and channel: { channel, type, ok, problem? }

Exit codes: 0 every channel took it, 1 one did not, 2 bad use or configuration.`;

export const notify: Command = { summary: "try who is told of incidents", help: HELP, run: runNotify };

const FLAGS = { config: { type: "string" }, channel: { type: "string" } } as const;

async function runNotify(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS, 1);
  if (!parsed.ok) return misuse("notify", parsed.message);
  const [verb] = parsed.rest;
  if (verb !== "test")
    return misuse("notify", verb === undefined ? "what? test" : `"${verb}" is not expected here; there is: test`);
  const file = await readConfigFile(textFlag(parsed.flags, "config"));
  if (!file.found) return misuse("notify", file.message ?? `there is no ${DEFAULT_FILE}; name one with --config FILE`);
  if (!file.loaded.ok) {
    console.error(renderProblems(file.loaded.problems));
    return 2;
  }
  const wanted = textFlag(parsed.flags, "channel");
  const all = file.loaded.settings.notify ?? [];
  const channels = all.filter(({ name }) => wanted === undefined || name === wanted);
  if (channels.length === 0) return misuse("notify", nobody(all, wanted, file.file));
  const runtime = createBunRuntime();
  const results = await Promise.all(channels.map((channel) => tryOut(channel, runtime)));
  for (const { channel, outcome } of results) {
    const ok = outcome.kind === "sent";
    const { name, target } = channel;
    if (parsed.flags.json === true) {
      console.log(JSON.stringify({ channel: name, type: target.type, ok, ...(!ok && { problem: outcome.why }) }));
    } else console.log(`${ok ? "✓" : "✗"} ${name} (${target.type})${ok ? "" : `: ${outcome.why}`}`);
  }
  return results.every(({ outcome }) => outcome.kind === "sent") ? 0 : 1;
}

function nobody(all: readonly ChannelSettings[], wanted: string | undefined, file: string): string {
  if (all.length === 0) return `${file} has no \`notify\`: nobody would be told`;
  return `no channel is named "${wanted}"; there are ${all.map(({ name }) => name).join(", ")}`;
}

async function tryOut(
  channel: ChannelSettings,
  runtime: Runtime,
): Promise<{ readonly channel: ChannelSettings; readonly outcome: Outcome }> {
  const sending = { runtime, sendMail };
  const id = `test_${Math.floor(runtime.wallMs()).toString(36)}`;
  const first = await send(channel, entryOf(id, "incident.updated", runtime), sending);
  const isAlert = channel.target.type === "pagerduty" && first.kind === "sent";
  const outcome = isAlert ? await send(channel, entryOf(id, "incident.resolved", runtime), sending) : first;
  return { channel, outcome };
}

function entryOf(thread: string, type: Notice["type"], { wallMs }: Runtime): Entry {
  const nowMs = wallMs();
  const notice: Notice = {
    id: `${thread}.${type === "incident.resolved" ? 2 : 1}`,
    type,
    atMs: nowMs,
    severity: "none",
    routes: [],
    tenants: [],
    thread,
    threadTitle: "a test",
    ends: type === "incident.resolved",
    title: "a test of Holdfast; nothing is wrong",
    facts: [
      ["What fails", "nothing"],
      ["Since", new Date(nowMs).toISOString()],
      ["Run", "holdfast incidents"],
    ],
    data: { test: true },
  };
  return { id: notice.id, notices: [notice], count: 1, bornMs: nowMs, attempts: 1, nextMs: nowMs };
}
