// A minute of outage in real time: an official SDK at a fixed rate through the gateway, two simulated providers on real
// sockets, 40 % of the primary's calls overloaded for a minute, then none. Who answered, what the sick primary still got, and
// when it had its calls back. `npm run bench:outage [-- --write]`; takes five minutes.

import { cpus } from "node:os";
import { join } from "node:path";
import Anthropic from "anthropic-sdk-1";
import { startSimProvider } from "../src/cli/sim-provider.ts";
import { standingFault } from "../src/sim/fault-script.ts";
import { startServer } from "./spawn.ts";

const RATE_PER_S = 20;
const WELL_S = 20;
const SICK_S = 60;
const AFTER_S = 200;
const SPEED = { firstTokenMs: 50, tokensPerS: 1_000, words: 20 };

interface Seen {
  readonly atS: number;
  readonly ok: boolean;
  readonly status: number | undefined;
  readonly by: string;
}

const primary = startSimProvider({ name: "primary", dialect: "anthropic-messages", ...SPEED });
const backup = startSimProvider({ name: "backup", dialect: "openai-chat", ...SPEED });
const file = join(process.env.TMPDIR ?? "/tmp", `holdfast-bench-outage-${process.pid}.yaml`);
await Bun.write(
  file,
  `providers:
  primary: { dialect: anthropic-messages, url: "${primary.url}", key: none }
  backup: { dialect: openai-chat, url: "${backup.url}", key: none }
routes:
  chat: { targets: [primary/m, backup/m] }
store: memory
`,
);
const gateway = await startServer({
  command: [process.execPath, join(import.meta.dir, "../src/cli/main.ts"), "up", "--config", file, "--port", "0"],
  env: {},
  ready: /^holdfast ready on (http:\S+)$/m,
});
const client = new Anthropic({ baseURL: gateway.url, apiKey: "unused" });

async function ask(number: number, atS: number): Promise<Seen> {
  try {
    const { data, response } = await client.messages
      .create({
        model: "chat",
        max_tokens: 64,
        stream: true,
        messages: [{ role: "user", content: `question ${number}` }],
      })
      .withResponse();
    let ended = false;
    for await (const event of data) ended ||= event.type === "message_stop";
    return { atS, ok: ended, status: 200, by: response.headers.get("x-holdfast-target") ?? "" };
  } catch (error) {
    return { atS, ok: false, status: error instanceof Anthropic.APIError ? error.status : undefined, by: "" };
  }
}

const startMs = performance.now();
const second = (): number => (performance.now() - startMs) / 1_000;
const sick = { ...standingFault({ kind: "overloaded" }), share: 0.4 };
const asked: Promise<Seen>[] = [];
const arrivals: number[] = [];
let known = 0;
let state: "well" | "sick" | "after" = "well";
for (let number = 0; second() < WELL_S + SICK_S + AFTER_S; number++) {
  await Bun.sleep(Math.max(0, (number / RATE_PER_S - second()) * 1_000));
  if (state === "well" && second() >= WELL_S) {
    state = "sick";
    primary.setFault(sick);
  } else if (state === "sick" && second() >= WELL_S + SICK_S) {
    state = "after";
    primary.setFault(undefined);
  }
  const all = primary.log().length;
  for (; known < all; known++) arrivals.push(second());
  asked.push(ask(number, second()));
}
const seen = await Promise.all(asked);
await gateway.stop();
primary.stop();
backup.stop();

const healedS = WELL_S + SICK_S;
const during = seen.filter(({ atS }) => atS >= WELL_S && atS < healedS);
const ok = seen.filter((call) => call.ok).length;
const late = arrivals.filter((atS) => atS >= healedS - 30 && atS < healedS).length;
const backS = [...Array(AFTER_S - 10).keys()].find((afterS) => {
  const window = seen.filter(({ atS }) => atS >= healedS + afterS && atS < healedS + afterS + 10);
  return window.filter(({ by }) => by.startsWith("primary/")).length >= 0.9 * window.length;
});
const page = `# A minute of outage, in real time

${new Date().toISOString().slice(0, 10)} · ${cpus().length} × ${cpus()[0]?.model ?? "?"} · Bun ${Bun.version}

Written by \`npm run bench:outage -- --write\`. @anthropic-ai/sdk 1 at ${RATE_PER_S} streams a second, open loop, default settings; 40 % of the
primary's calls answer 529 for ${SICK_S} s, then none; the backup speaks the other dialect and is well.

| | |
|---|---|
| calls, complete | ${seen.length}, ${((100 * ok) / seen.length).toFixed(2)} % |
| calls during the outage, complete | ${during.length}, ${((100 * during.filter((call) => call.ok).length) / during.length).toFixed(2)} % |
| 429 or 529 seen by a client | ${seen.filter(({ status }) => status === 429 || status === 529).length} |
| requests on the primary in its last 30 sick seconds, probes included | ${late} of ${30 * RATE_PER_S} calls |
| back at 90 % of the calls, 10 s windows, seconds after the recovery | ${backS ?? `not within ${AFTER_S}`} |
`;
console.log(page);
if (process.argv.includes("--write")) await Bun.write(join(import.meta.dir, "OUTAGE.md"), page);
process.exit(0);
