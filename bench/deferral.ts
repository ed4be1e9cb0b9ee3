// How fast calls are deferred: by the store alone, and by a gateway over HTTP while its only provider refuses everything.
// `npm run bench:deferral -- [--write]`. Exit 1: fewer than 1 000 a second.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startSimProvider } from "../src/cli/sim-provider.ts";
import { createBunRuntime } from "../src/runtime/bun.ts";
import { openDatabase } from "../src/runtime/sqlite.ts";
import { createDeferredJobs } from "../src/state/deferred-jobs.ts";
import { startServer } from "./spawn.ts";

const JOBS = 8_000;
const AT_ONCE = [1, 16, 64, 200] as const;
const BODY_BYTES = 4_096;
const LEAST_PER_S = 1_000;

const { values } = parseArgs({ options: { write: { type: "boolean" } } });
const folder = mkdtempSync(join(tmpdir(), "holdfast-deferral-"));

interface Row {
  readonly how: string;
  readonly atOnce: number;
  readonly perS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(how: string, atOnce: number, one: (number: number) => Promise<boolean>): Promise<Row> {
  const took: number[] = [];
  let number = 0;
  const beganMs = performance.now();
  const client = async (): Promise<void> => {
    while (number < JOBS && performance.now() - beganMs < 10_000) {
      const startMs = performance.now();
      if (!(await one(number++))) throw new Error(`${how}: a call was not deferred`);
      took.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  const perS = (took.length * 1_000) / (performance.now() - beganMs);
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor(share * (took.length - 1))] ?? 0;
  return { how, atOnce, perS, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function byStore(atOnce: number): Promise<Row> {
  const opened = openDatabase(join(folder, `store-${atOnce}.db`), Date.now());
  if (!("database" in opened)) throw new Error(opened.problem);
  const { database } = opened;
  const jobs = createDeferredJobs({ database, runtime: createBunRuntime(), isRunning: () => false, arrived: () => {} });
  const body = new Uint8Array(BODY_BYTES).fill(97);
  const row = await measure("the store", atOnce, async (number) => {
    const job = { tenant: "t", route: "chat", name: `call ${number}`, named: false, hash: "h", call: "{}", body };
    return "id" in (await jobs.enqueue(job));
  });
  database.close();
  return row;
}

async function byGateway(atOnce: number): Promise<Row> {
  const provider = startSimProvider({ name: "alpha", dialect: "anthropic-messages" });
  provider.setFault({ kind: "overloaded" });
  const file = join(folder, `gateway-${atOnce}.yaml`);
  writeFileSync(
    file,
    `providers: { alpha: { dialect: anthropic-messages, url: "${provider.url}", key: none } }
routes: { chat: { targets: [alpha/m], retry-wait: 0s, last-resort: [defer] } }
store: sqlite:${join(folder, `gateway-${atOnce}.db`)}
`,
  );
  const main = join(import.meta.dir, "../src/cli/main.ts");
  const gateway = await startServer({
    command: [process.execPath, main, "up", "--config", file, "--port", "0"],
    env: { HOLDFAST_LOG: "off" },
    ready: /holdfast ready on (\S+)/,
  });
  const headers = { "content-type": "application/json", prefer: "respond-async" };
  const filler = "and more of it ".repeat(BODY_BYTES / 15);
  const row = await measure("a gateway over HTTP", atOnce, async (number) => {
    const messages = [{ role: "user", content: `${number} ${filler}` }];
    const body = JSON.stringify({ model: "chat", max_tokens: 20, messages });
    const response = await fetch(`${gateway.url}/v1/messages`, { method: "POST", headers, body });
    await response.arrayBuffer();
    return response.status === 202;
  });
  await gateway.stop();
  provider.stop();
  return row;
}

const rows: Row[] = [];
for (const atOnce of AT_ONCE) rows.push(await byStore(atOnce));
for (const atOnce of AT_ONCE) rows.push(await byGateway(atOnce));
rmSync(folder, { recursive: true, force: true });

const line = ({ how, atOnce, perS, p50Ms, p99Ms }: Row) =>
  `| ${how} | ${atOnce} | ${Math.round(perS)} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} |`;
const table = [
  "| deferred by | at once | calls a second | p50, ms | p99, ms |",
  "|---|---|---|---|---|",
  ...rows.map(line),
];
const page = `# How fast calls are deferred

${new Date().toISOString().slice(0, 10)} · ${cpus().length} × ${cpus()[0]?.model ?? "?"}, Bun ${Bun.version}, ${process.platform} ${process.arch}

Written by \`npm run bench:deferral -- --write\`. Each call has ${BODY_BYTES} bytes and is on disk (\`synchronous = FULL\`) before it counts. Over
HTTP the client and the refusing provider run on the same machine.

${table.join("\n")}
`;
console.log(page);
if (values.write === true) await Bun.write(join(import.meta.dir, "DEFERRAL.md"), page);
const best = (how: string) => Math.max(...rows.filter((row) => row.how === how).map(({ perS }) => perS));
process.exit(best("the store") >= LEAST_PER_S && best("a gateway over HTTP") >= LEAST_PER_S ? 0 : 1);
