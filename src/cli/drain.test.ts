import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import { type Gateway, startGateway } from "../../test/support/gateway.ts";
import { configOf, startPair } from "../../test/support/providers.ts";
import { main } from "./main.ts";

const pair = startPair("openai-chat");
afterAll(() => pair.stop());

let gateway: Gateway;
beforeEach(() => {
  gateway = startGateway(configOf([pair.primary, pair.backup]));
});
afterEach(() => gateway.stop());

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const { log, error } = console;
  console.log = (text: string) => {
    said.out += `${text}\n`;
  };
  console.error = (text: string) => {
    said.err += `${text}\n`;
  };
  try {
    return { code: await main([...args, "--gateway", gateway.url]), ...said };
  } finally {
    console.log = log;
    console.error = error;
  }
}

async function trail(): Promise<string | null> {
  const body = JSON.stringify({ model: "org/m", messages: [{ role: "user", content: "hello" }] });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body });
  await response.arrayBuffer();
  return response.headers.get("x-holdfast-trail");
}

test("drain and restore a target whose model has a slash", async () => {
  const drained = await run("drain", "primary/org/m");
  expect(drained).toEqual({
    code: 0,
    out: "primary/org/m is out of rotation until it is restored; put it back with: holdfast restore primary/org/m\n",
    err: "",
  });
  expect(await trail()).toBe("backup/org/m=ok");
  expect((await run("restore", "primary/org/m")).out).toBe("primary/org/m is back in rotation\n");
  expect(await trail()).toBe("primary/org/m=ok");
  expect((await run("restore", "primary/org/m")).out).toBe("primary/org/m was not drained\n");
});

test("all of a provider, in words that a shell leaves alone", async () => {
  expect((await run("drain", "primary/*")).out).toContain("put it back with: holdfast restore 'primary/*'\n");
});

test("--for and --json", async () => {
  const { code, out } = await run("drain", "primary/*", "--for", "1h", "--json");
  expect([code, JSON.parse(out)]).toEqual([
    0,
    { target: "primary/*", state: "drained", drainedUntil: expect.stringMatching(/Z$/) },
  ]);
  expect(await trail()).toBe("backup/org/m=ok");
  expect(JSON.parse((await run("restore", "primary/*", "--json")).out)).toEqual({
    target: "primary/*",
    state: "ok",
    wasDrained: true,
  });
});

for (const [args, wanted] of [
  [["drain"], /which TARGET/],
  [["drain", "primry/*"], /No route has the target "primry\/\*". Did you mean "primary\/\*"\?/],
  [["restore", "nobody/at-all"], /No route has the target/],
  [["drain", "primary/*", "--for", "an hour"], /--for an hour is no time such as 30m or 1h, at most 30d/],
  [["restore", "primary/*", "--for", "1h"], /unknown flag --for/],
] as const) {
  test(`holdfast ${args.join(" ")}: 2`, async () => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(wanted);
  });
}

test("no gateway: 1", async () => {
  await gateway.stop();
  expect((await run("drain", "primary/*")).code).toBe(1);
});

test("what is no gateway is told as that, and its 404 is no slip of whoever typed it", async () => {
  const other = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.json({ error: { message: "?", type: "x" } }, { status: 404 }),
  });
  const url = `http://127.0.0.1:${other.port}`;
  const { error } = console;
  let said = "";
  console.error = (text: string) => {
    said += text;
  };
  const code = await main(["drain", "primary/*", "--gateway", url]);
  console.error = error;
  await other.stop(true);
  expect([code, said]).toEqual([1, `holdfast drain: ${url} is no Holdfast gateway: it answered 404`]);
});
