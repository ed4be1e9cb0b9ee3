// The server on real sockets: who may be let in at all, and that a stop cuts nobody's answer.

import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { door, MESSAGE, provider, respond, route } from "../../test/support/door.ts";
import { startGateway } from "../../test/support/gateway.ts";
import { configOf, startPair } from "../../test/support/providers.ts";
import type { Settings } from "../core/settings.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { startServer } from "./http.ts";

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const HASH = `sha256:${"ab".repeat(32)}`;
const SETTINGS: Settings = {
  listen: { host: "127.0.0.1", port: 0 },
  providers: [{ name: "a", dialect: "openai-chat", url: "http://127.0.0.1:9/v1", keys: [], tier: "remote" }],
  routes: [route("chat", "a/m")],
  keys: [],
  passthrough: true,
};

function start(more: Partial<Settings>) {
  const server = startServer({ settings: { ...SETTINGS, ...more }, runtime: createBunRuntime() });
  closing.push(() => server.stop(0));
  return server;
}

test("a request of HTTP/1.0 without a Host means the path that it says", async () => {
  const { port } = new URL(start({}).url);
  const asked = (path: string): Promise<string> =>
    new Promise((resolve) => {
      let text = "";
      const socket = connect(Number(port), "127.0.0.1", () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
      socket.on("data", (data) => {
        text += data;
        if (text.includes("\r\n\r\n")) socket.end();
      });
      socket.on("close", () => resolve(text));
    });
  expect(await asked("/readyz")).toContain('"ready"');
  expect(await asked("/x/admin/v1/targets")).toStartWith("HTTP/1.1 404");
  expect(await asked("/admin/v1/targets")).not.toContain("holdfast.call");
});

describe("an open door", () => {
  const open = { listen: { host: "0.0.0.0", port: 0 } };
  const keys = [{ name: "web", hash: HASH }];

  test("a host that others reach needs keys and an admin key", () => {
    expect(() => start(open)).toThrow("gateway keys and an admin key are needed");
    expect(() => start({ ...open, keys })).toThrow("needed");
    expect(() => start({ ...open, adminKey: "x" })).toThrow("needed");
    start({ ...open, keys, adminKey: "x" });
  });

  test("a reload cannot take them away", async () => {
    const server = start({ ...open, keys, adminKey: "x" });
    expect(() => server.reload({ ...SETTINGS, ...open })).toThrow("needed");
    const { port } = new URL(server.url);
    expect((await fetch(`http://127.0.0.1:${port}/v1/models`)).status).toBe(401);
  });
});

/** A client that takes its time. */
function slowClient(url: string, request: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.pause();
      socket.write(request);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

async function readAll(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  return Buffer.concat(parts).toString();
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
}

test("the listener's patience begins when the client has sent its request and is not answered at once", async () => {
  const { handler, advance } = door({
    providers: [provider("alpha", []), provider("beta", [], "openai-chat")],
    answering: (request) =>
      request.url.endsWith("/v1/messages") ? new Promise(() => {}) : Promise.resolve(respond(200, MESSAGE)),
  });
  for (const path of ["/v1/messages", "/v1/files"]) {
    let patient = 0;
    let send = (_: string): void => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) => {
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        };
      },
    });
    const request = new Request(`http://127.0.0.1${path}`, { method: "POST", body });
    const answering = handler.handle(request, () => patient++);
    await Bun.sleep(5);
    // What is passed through has a limit of silence of its own, and may take long to send.
    expect(patient).toBe(path === "/v1/files" ? 1 : 0);
    send('{"model":"chat","max_tokens":1,"messages":[{"role":"user","content":"x"}]}');
    if (path === "/v1/messages") {
      // The provider is silent.
      await Bun.sleep(5);
      await advance(1_000);
    } else await answering;
    expect(patient).toBe(1);
  }
});

describe("stop", () => {
  test("waits for a whole answer that is on its way to a slow client", async () => {
    const provider = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () =>
        Response.json({
          id: "c",
          object: "chat.completion",
          created: 0,
          model: "m",
          choices: [
            { index: 0, finish_reason: "stop", message: { role: "assistant", content: "x".repeat(20_000_000) } },
          ],
        }),
    });
    closing.push(() => provider.stop(true));
    const url = `http://127.0.0.1:${provider.port}/v1`;
    const server = start({ providers: [{ ...SETTINGS.providers[0]!, url }] });
    const body = JSON.stringify({ model: "chat", messages: [{ role: "user", content: "hello" }] });
    const socket = await slowClient(server.url, post("/v1/chat/completions", body));
    await Bun.sleep(300);
    let stopped = false;
    const stopping = server.stop(10_000).then(() => {
      stopped = true;
    });
    // Longer than any pause that a stop might make.
    await Bun.sleep(1_200);
    expect(stopped).toBe(false);
    const text = await readAll(socket);
    expect(text.length).toBeGreaterThan(20_000_000);
    expect(text).toEndWith("}");
    await stopping;
  });

  test("lets a stream end, refuses new calls meanwhile, and does not wait for idle connections", async () => {
    const pair = startPair("openai-chat", { firstTokenMs: 50, tokensPerS: 40, words: 40 });
    closing.push(() => pair.stop());
    const gateway = startGateway(configOf([pair.primary]));
    closing.push(() => gateway.stop());
    const idle = await slowClient(gateway.url, "");
    const body = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "hello" }] });
    const streaming = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body });
    const stopping = gateway.stop(10_000);
    const ready = await fetch(`${gateway.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: "draining" }]);
    const refused = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("x-should-retry")).toBe("true");
    await refused.text();
    expect(await streaming.text()).toEndWith("data: [DONE]\n\n");
    const endedMs = performance.now();
    await stopping;
    expect(performance.now() - endedMs).toBeLessThan(500);
    idle.destroy();
  });

  test("does not wait longer than it is told", async () => {
    const pair = startPair("openai-chat", { fault: { kind: "silence" } });
    closing.push(() => pair.stop());
    const gateway = startGateway(configOf([pair.primary]));
    const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }] });
    const hanging = fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body }).catch(() => "cut");
    await gateway.seen("attempt-start");
    const startedMs = performance.now();
    await gateway.stop(300);
    expect(performance.now() - startedMs).toBeWithin(250, 1_500);
    expect(await hanging).toBe("cut");
  });
});
