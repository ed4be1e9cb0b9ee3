// `holdfast notify test` with real receivers on ports of this machine.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MailServer, mailServer } from "../../test/support/mail-server.ts";
import { isSigned, type Receiver, receiver } from "../../test/support/receiver.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-notify-"));
const SECRET = `whsec_${btoa("0123456789012345678901234567890123")}`;
let mail: MailServer;
let hooks: Receiver;

beforeAll(async () => {
  mail = await mailServer();
  hooks = receiver();
  const target =
    'providers: { a: { dialect: openai-chat, url: "http://127.0.0.1:9/v1", key: none } }\nroutes: { chat: { targets: [a/m] } }\n';
  writeFileSync(join(folder, "none.yaml"), target);
  writeFileSync(
    join(folder, "holdfast.yaml"),
    `${target}notify:
  - { slack: "${hooks.url}/slack", severity: critical }
  - { teams: "${hooks.url}/teams" }
  - { discord: "${hooks.url}/discord" }
  - { pagerduty: integration-key, url: "${hooks.url}/pagerduty" }
  - { webhook: "${hooks.url}/hook", secret: "${SECRET}" }
  - { email: ops@example.com, smtp: "${mail.url}", from: "Bot <bot@example.com>" }
`,
  );
});
afterAll(async () => {
  hooks.stop();
  await mail.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]) {
  const command = [process.execPath, join(import.meta.dir, "main.ts"), "notify", ...args];
  const child = Bun.spawn(command, { cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

test("every channel gets its test, and PagerDuty the end of its alert too", async () => {
  const { code, out } = await run("test");
  expect([code, out.match(/✓/g)?.length]).toEqual([0, 6]);
  expect(hooks.received.map(({ path }) => path).sort()).toEqual(
    ["/discord", "/hook", "/pagerduty", "/pagerduty", "/slack", "/teams"].sort(),
  );
  expect(hooks.received.filter(({ path }) => path === "/hook").every((one) => isSigned(one, SECRET))).toBe(true);
  expect(mail.mails[0]).toContain("nothing is wrong");
}, 30_000);

test("a receiver that refuses is named, with the exit code of a failed check", async () => {
  hooks.answer = () => new Response(null, { status: 404 });
  const { code, out } = await run("test", "--channel", "slack", "--json");
  expect([code, JSON.parse(out)]).toEqual([
    1,
    { channel: "slack", type: "slack", ok: false, problem: "it answered 404" },
  ]);
}, 30_000);

test("bad use is told", async () => {
  expect((await run()).err).toContain("what? test");
  expect((await run("test", "--channel", "nope")).err).toContain("there are slack, teams");
  expect((await run("test", "--config", "none.yaml")).err).toContain("nobody would be told");
}, 30_000);
