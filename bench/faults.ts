// What clients see while the primary fails: calls at a fixed rate (open loop: a slow answer does not slow the asking) against
// the gateway, once healthy and once for each fault, with a healthy backup. Success, who answered, and the time to the
// first content beside that of asking the healthy primary without a gateway. `npm run bench:faults [-- --write]`.

import { cpus } from "node:os";
import { join } from "node:path";
import { type RunningSimProvider, startSimProvider } from "../src/cli/sim-provider.ts";
import type { FaultScript } from "../src/sim/fault-script.ts";
import { quantile } from "./measure.ts";
import { startServer } from "./spawn.ts";

const RATE_PER_S = 40;
const SECONDS = 4;
const SPEED = { firstTokenMs: 50, tokensPerS: 1_000, words: 30 };
const FAULTS: readonly (FaultScript | undefined)[] = [
  undefined,
  { kind: "overloaded" },
  { kind: "server-error" },
  { kind: "reset" },
  { kind: "silence" },
  { kind: "role-only-error" },
  { kind: "empty" },
  { kind: "html" },
  { kind: "credential" },
];

interface Seen {
  readonly ok: boolean;
  readonly firstMs: number;
  readonly by: string;
}

function config(primary: RunningSimProvider, backup: RunningSimProvider): string {
  return `providers:
  primary: { dialect: anthropic-messages, url: "${primary.url}", key: none }
  backup: { dialect: openai-chat, url: "${backup.url}", key: none }
routes:
  chat: { targets: [primary/m, backup/m], timeouts: { first-token: 500ms } }
store: memory
`;
}

async function ask(url: string, number: number): Promise<Seen> {
  const startMs = performance.now();
  try {
    const response = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "anthropic-version": "2023-06-01" },
      body: JSON.stringify({
        model: "chat",
        max_tokens: 64,
        stream: true,
        messages: [{ role: "user", content: `call ${number}` }],
      }),
    });
    let firstMs = Number.POSITIVE_INFINITY;
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (firstMs === Number.POSITIVE_INFINITY && text.includes("text_delta")) firstMs = performance.now() - startMs;
    }
    const ok = response.status === 200 && text.includes("message_stop") && !text.includes("event: error");
    return { ok, firstMs, by: response.headers.get("x-holdfast-target") ?? "" };
  } catch {
    return { ok: false, firstMs: Number.POSITIVE_INFINITY, by: "" };
  }
}

async function load(url: string): Promise<readonly Seen[]> {
  const calls: Promise<Seen>[] = [];
  const startMs = performance.now();
  for (let number = 0; number < RATE_PER_S * SECONDS; number++) {
    await Bun.sleep(Math.max(0, startMs + (number * 1_000) / RATE_PER_S - performance.now()));
    calls.push(ask(url, number));
  }
  return Promise.all(calls);
}

function line(name: string, seen: readonly Seen[], directMs: number): string {
  const share = (count: number): string => `${((100 * count) / seen.length).toFixed(1)} %`;
  const times = seen.filter(({ ok }) => ok).map(({ firstMs }) => firstMs);
  times.sort((a, b) => a - b);
  const added = (at: number): string => (times.length === 0 ? "–" : (quantile(times, at) - directMs).toFixed(0));
  const ok = seen.filter((call) => call.ok).length;
  const backup = seen.filter((call) => call.by.startsWith("backup/")).length;
  return `| ${name} | ${seen.length} | ${share(ok)} | ${share(backup)} | ${added(0.5)} | ${added(0.99)} |`;
}

const primary = startSimProvider({ name: "primary", dialect: "anthropic-messages", ...SPEED });
const backup = startSimProvider({ name: "backup", dialect: "openai-chat", ...SPEED });
const file = join(process.env.TMPDIR ?? "/tmp", `holdfast-bench-faults-${process.pid}.yaml`);
await Bun.write(file, config(primary, backup));
const start = () =>
  startServer({
    command: [process.execPath, join(import.meta.dir, "../src/cli/main.ts"), "up", "--config", file, "--port", "0"],
    env: {},
    ready: /^holdfast ready on (http:\S+)$/m,
  });
try {
  const direct = (await load(primary.url)).map(({ firstMs }) => firstMs).sort((a, b) => a - b);
  const directMs = quantile(direct, 0.5);
  const rows: string[] = [];
  for (const fault of FAULTS) {
    // A gateway of its own: what is believed of the primary is not carried from one fault to the next.
    const gateway = await start();
    primary.setFault(undefined);
    await load(gateway.url);
    primary.setFault(fault);
    rows.push(line(fault?.kind ?? "none", await load(gateway.url), directMs));
    await gateway.stop();
    console.log(rows.at(-1));
  }
  const page = `# What clients see while the primary fails

${new Date().toISOString().slice(0, 10)} · ${cpus().length} × ${cpus()[0]?.model ?? "?"} · Bun ${Bun.version}

Written by \`npm run bench:faults -- --write\`. Streams at ${RATE_PER_S} calls a second for ${SECONDS} s each, open loop; the fault hits every call of
the primary, the backup of the other dialect is well; \`first-token: 500ms\`. Added: time to the first content, less the median
of asking the healthy primary without a gateway (${directMs.toFixed(0)} ms). Each fault meets a gateway that has
seen the primary well for as long.

| fault on the primary | calls | complete | by the backup | added p50, ms | added p99, ms |
|---|---|---|---|---|---|
${rows.join("\n")}
`;
  if (process.argv.includes("--write")) await Bun.write(join(import.meta.dir, "FAULTS.md"), page);
} finally {
  primary.stop();
  backup.stop();
}
process.exit(0);
