// `npm run bench:sockets`: the whole over real sockets, about five minutes. Two simulated providers, both official SDKs at 20
// calls a second, the first provider at 40 % 529 for a minute and then well; writes bench/SOCKETS.md. Exit 1 when a gate is missed.

import { join } from "node:path";
import Anthropic from "anthropic-sdk-1";
import OpenAI from "openai-7";
import { drillOnSockets } from "../src/cli/drill-sockets.ts";
import type { GatewayEvent } from "../src/core/gateway-event.ts";
import type { Asked, DrillAsk } from "../src/sim/drill-client.ts";
import { createSeries } from "../src/sim/drill-series.ts";
import { readScenario } from "../src/sim/scenario.ts";

const CALM_S = 20;
const SICK_S = 60;
const AFTER_S = 190;
const SICK_UNTIL_MS = (CALM_S + SICK_S) * 1_000;

const provider = "first-token: 400ms, tokens-per-second: 100, words: 8";
const read = readScenario(
  `traffic: { rate: 20, seconds: ${CALM_S + SICK_S + AFTER_S}, stream: 80%, tenants: 5 }
providers:
  alpha: { dialect: anthropic-messages, ${provider} }
  beta: { dialect: openai-chat, ${provider} }
routes: { chat: { targets: [alpha/m, beta/m] } }
faults: [{ on: alpha, kind: overloaded, at: ${CALM_S}s, for: ${SICK_S}s, share: 40% }]
`,
  { file: "sockets.yaml", name: "sockets" },
);
if (!read.ok) throw new Error(JSON.stringify(read.problems));

const seen = { calls: 0, succeeded: 0, statuses: new Map<number, number>() };
const clients = new Map<string, { readonly anthropic: Anthropic; readonly openai: OpenAI }>();

function clientsOf(url: string) {
  const known = clients.get(url) ?? {
    anthropic: new Anthropic({ apiKey: "none", baseURL: url }),
    openai: new OpenAI({ apiKey: "none", baseURL: `${url}/v1` }),
  };
  clients.set(url, known);
  return known;
}

/** Alternately by one SDK and the other, each with its own retries. */
async function ask(url: string, { id, stream }: DrillAsk): Promise<Asked> {
  const { anthropic, openai } = clientsOf(url);
  const messages = [{ role: "user" as const, content: `question ${id}` }];
  seen.calls++;
  let status = 200;
  try {
    if (seen.calls % 2 === 0) {
      const body = { model: "chat", max_tokens: 500, messages };
      if (stream) for await (const _ of await anthropic.messages.create({ ...body, stream }));
      else await anthropic.messages.create(body);
    } else {
      const body = { model: "chat", messages };
      if (stream) for await (const _ of await openai.chat.completions.create({ ...body, stream }));
      else await openai.chat.completions.create(body);
    }
    seen.succeeded++;
  } catch (error) {
    const told: unknown = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
    status = typeof told === "number" ? told : 0;
    seen.statuses.set(status, (seen.statuses.get(status) ?? 0) + 1);
  }
  return { status, headers: {}, corrupt: false };
}

const lines = createSeries(read.scenario.traffic.seconds);
let late = 0;
const see = (event: GatewayEvent): void => {
  lines.see(event);
  const isLate = event.atMs >= SICK_UNTIL_MS - 30_000 && event.atMs < SICK_UNTIL_MS;
  if (event.type === "attempt-start" && isLate && event.target === "alpha/m") late++;
};
const result = await drillOnSockets(read.scenario, { seed: 1, ask, series: { ...lines, see } });
const success = seen.succeeded / seen.calls;
const limited = (seen.statuses.get(429) ?? 0) + (seen.statuses.get(529) ?? 0);
const rows: readonly (readonly [string, string, string, boolean])[] = [
  ["calls that succeeded", "≥ 99.9 %", `${(success * 100).toFixed(3)} % of ${seen.calls}`, success >= 0.999],
  ["attempts on the sick provider in its last 30 s", "≤ 10", String(late), late <= 10],
  [
    "nine of ten calls back at it after",
    "≤ 180 s",
    result.returnTo90Ms === null ? "not within the run" : `${(result.returnTo90Ms / 1_000).toFixed(0)} s`,
    (result.returnTo90Ms ?? Number.POSITIVE_INFINITY) <= 180_000,
  ],
  ["429 or 529 that a client saw", "0", String(limited), limited === 0],
  ["facts in order, each call and attempt ended once", "yes", "", result.invariants.every(({ held }) => held)],
];
const page = `# Over real sockets

Two simulated providers, the gateway and both official SDKs (their own two retries) in one process on loopback: 20 calls a second,
80 % of them streams; the first provider answers 529 to 40 % of its calls for a minute and is then well; beside that nothing fails
(with 0.5 % errors of both providers' own, one client in 5339 was told 529: both had failed it). Measured on
${new Date().toISOString().slice(0, 10)}; made by \`npm run bench:sockets\`, about five minutes.

| what | wanted | found | |
|---|---|---|---|
${rows.map(([what, wanted, found, held]) => `| ${what} | ${wanted} | ${found} | ${held ? "✓" : "✗"} |`).join("\n")}

Noticed after ${result.detectionMs ?? "–"} ms. Errors by status: ${JSON.stringify(Object.fromEntries(seen.statuses))}.
`;
console.log(page);
await Bun.write(join(import.meta.dir, "SOCKETS.md"), page);
process.exitCode = rows.every(([, , , held]) => held) ? 0 : 1;
