// A gateway that is killed outright, again and again, while it has something to tell: as a process, with its store on a
// disk and a receiver on a port.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSimProvider } from "../../src/cli/sim-provider.ts";
import { standingFault } from "../../src/sim/fault-script.ts";
import { until } from "../support/gateway.ts";
import { receiver } from "../support/receiver.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const SECRET = `whsec_${btoa("0123456789012345678901234567890123")}`;

test("every message arrives, those that were on their way twice, under the same ids", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-killed-"));
  const hooks = receiver();
  const sick = startSimProvider({
    name: "sick",
    dialect: "openai-chat",
    faults: [standingFault({ kind: "overloaded" })],
  });
  const well = startSimProvider({ name: "well", dialect: "openai-chat", firstTokenMs: 1 });
  const config = join(folder, "holdfast.yaml");
  writeFileSync(
    config,
    `providers:
  sick: { dialect: openai-chat, url: "${sick.url}", key: none }
  well: { dialect: openai-chat, url: "${well.url}", key: none }
routes: { chat: { targets: [sick/a, well/b] } }
store: "sqlite:${join(folder, "holdfast.db")}"
notify: [{ webhook: "${hooks.url}/hook", secret: "${SECRET}" }]
`,
  );
  const start = async () => {
    const child = Bun.spawn([process.execPath, MAIN, "up", "--config", config, "--port", "0", "--json"], {
      env: { PATH: process.env.PATH ?? "", BUN_CONFIG_MAX_HTTP_REQUESTS: "20000" },
      stdout: "pipe",
      stderr: "ignore",
    });
    const { value } = await child.stdout.getReader().read();
    return { child, url: String(JSON.parse(new TextDecoder().decode(value)).ready) };
  };
  const kill = async ({ child }: Awaited<ReturnType<typeof start>>) => {
    child.kill("SIGKILL");
    await child.exited;
  };
  const ids = () => hooks.received.map(({ headers }) => headers["webhook-id"] ?? "");
  const listed = async (url: string) => {
    const { incidents } = (await (await fetch(`${url}/admin/v1/incidents`)).json()) as {
      incidents: { id: string; state: string; updates: { id: string }[] }[];
    };
    return incidents;
  };
  try {
    // Nobody answers: the first message is on its way when the process ends.
    hooks.answer = () => undefined;
    const first = await start();
    const body = JSON.stringify({ model: "chat", messages: [{ role: "user", content: "hello" }] });
    let failed = 0;
    const ask = async (number: number) => {
      const answer = await fetch(`${first.url}/v1/chat/completions`, {
        method: "POST",
        body: body.replace("hello", `hello ${number}`),
      });
      if (answer.status !== 200) failed++;
    };
    for (let number = 0; ids().length === 0 && number < 200; number++) {
      await ask(number);
      await Bun.sleep(50);
    }
    // Calls make it be probed; that the probe fails is the second thing to tell.
    for (let number = 200; number < 400 && (await listed(first.url))[0]?.state !== "identified"; number++) {
      await ask(number);
      await Bun.sleep(100);
    }
    const [incident] = await listed(first.url);
    if (incident === undefined) throw new Error("no incident");
    const wanted = incident.updates.map(({ id }) => id);
    expect([failed, wanted.length >= 2, ids()]).toEqual([0, true, [wanted[0] ?? ""]]);
    await kill(first);
    // It hears of it again, and dies again before anybody has answered.
    const second = await start();
    await until(() => ids().length >= 2, 20_000, "the first message again");
    await kill(second);
    hooks.answer = () => new Response("ok");
    const third = await start();
    await until(() => wanted.every((id) => ids().slice(2).includes(id)), 20_000, "all messages");
    expect(ids().slice(0, 3)).toEqual([wanted[0], wanted[0], wanted[0]] as string[]);
    // What has arrived, and is known to, is told no more.
    const waiting = async () => {
      const { channels } = (await (await fetch(`${third.url}/admin/v1/incidents/channels`)).json()) as {
        channels: { waiting: number }[];
      };
      return channels[0]?.waiting;
    };
    for (let time = 0; time < 200 && (await waiting()) !== 0; time++) await Bun.sleep(20);
    await kill(third);
    const count = ids().length;
    const fourth = await start();
    await Bun.sleep(1_500);
    expect(ids().slice(count)).toEqual([]);
    expect((await listed(fourth.url)).map(({ id }) => id)).toEqual([incident.id]);
    await kill(fourth);
  } finally {
    hooks.stop();
    sick.stop();
    well.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
