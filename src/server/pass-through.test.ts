// Paths that are passed through: whose url, which headers, both bodies; with a real provider on a socket where bytes matter.

import { afterAll, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { door, MESSAGE, provider, respond, route } from "../../test/support/door.ts";
import type { Settings } from "../core/settings.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { type Server, startServer } from "./http.ts";

const CHAT = provider("beta", ["sk-beta"], "openai-chat");
const PROVIDERS = [provider("alpha", ["sk-alpha"]), CHAT, provider("gamma", ["sk-gamma"], "openai-chat")];
const ROUTES = [route("chat", "alpha/m", "beta/m")];

function passing(more: Partial<Parameters<typeof door>[0]> = {}) {
  return door({ providers: PROVIDERS, routes: ROUTES, answering: () => respond(200, '{"ok":true}'), ...more });
}

describe("where it goes", () => {
  for (const [path, headers, wanted] of [
    ["/v1/files?limit=2", {}, "https://beta.test/v1/files?limit=2"],
    ["/v1/files", { "anthropic-version": "2023-06-01" }, "https://alpha.test/v1/files"],
    ["/v1/messages/batches", { "anthropic-version": "2023-06-01" }, "https://alpha.test/v1/messages/batches"],
    ["/v1/responses", {}, "https://beta.test/v1/responses"],
    ["/v1/threads/a%2Fb/x", {}, "https://beta.test/v1/threads/a%2Fb/x"],
    ["/v1/chat/completions/id", {}, "https://beta.test/v1/chat/completions/id"],
  ] as const) {
    test(`${path} ${JSON.stringify(headers)}`, async () => {
      const { ask, sent } = passing();
      const response = await ask(path, { headers });
      expect(sent.map(({ url }) => url)).toEqual([wanted]);
      expect([response.status, await response.text()]).toEqual([200, '{"ok":true}']);
      expect(response.headers.get("x-holdfast-degraded")).toBe("passthrough");
      expect(response.headers.get("x-holdfast-call")).toStartWith("call_");
    });
  }

  for (const [what, status, headers] of [
    ["a status that HTTP does not know", 999, {}],
    ["a header that cannot be passed on", 200, { "x-odd": "a\nb" }],
  ] as const) {
    test(`${what}: refused in the dialect, and counted out`, async () => {
      const { ask, handler } = passing({ answering: () => respond(status, "{}", headers) });
      const response = await ask("/v1/files");
      expect([response.status, await response.json()]).toMatchObject([
        503,
        { error: { code: "server_is_overloaded" } },
      ]);
      expect(handler.open).toBe(0);
    });
  }

  for (const path of [
    "/v1/%2e%2e/secret",
    "/v1/x/%2e%2e/%2e%2e/%2E%2E/secret",
    "/v1/..\\..\\secret",
    "/v1/%2e./%2e./admin",
  ]) {
    test(`${path} does not leave the provider's own url`, async () => {
      const { ask, sent } = passing();
      for (const headers of [{}, { "anthropic-version": "1" }]) expect((await ask(path, { headers })).status).toBe(404);
      expect(sent).toEqual([]);
    });
  }

  test("off: refused; nobody of that dialect: refused; ours for a later version: refused", async () => {
    const off = passing({ passthrough: false });
    const response = await off.ask("/v1/files");
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { message: expect.stringContaining("passthrough: off") } },
    ]);
    const alone = passing({ providers: [CHAT], routes: [route("chat", "beta/m")] });
    const refused = await alone.ask("/v1/files", { headers: { "anthropic-version": "1" } });
    expect([refused.status, await refused.json()]).toMatchObject([404, { error: { type: "not_found_error" } }]);
    const { ask, sent } = passing();
    expect(await (await ask("/v1/deferred/1")).text()).toContain("defers nothing");
    expect([...off.sent, ...alone.sent, ...sent]).toEqual([]);
  });

  test("every method but those of tunnels and probes", async () => {
    const { ask, sent } = passing();
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]) await ask("/v1/files/1", { method });
    expect(sent.map(({ method }) => method)).toEqual(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
    const response = await ask("/v1/files/1", { method: "OPTIONS" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, POST, PUT, PATCH, DELETE"]);
  });

  test("while draining: refused as a call is", async () => {
    const { ask, handler } = passing();
    handler.drain();
    expect((await ask("/v1/files")).status).toBe(503);
  });
});

describe("headers", () => {
  test("of the client's only those on the list, and none that it names as its connection's", async () => {
    const { ask, sent } = passing();
    await ask("/v1/files", {
      method: "POST",
      body: "x",
      headers: {
        accept: "text/plain",
        "accept-encoding": "gzip",
        authorization: "Bearer theirs",
        "anthropic-beta": "a,b",
        connection: "keep-alive, OpenAI-Beta",
        "content-type": "text/csv",
        cookie: "c=1",
        forwarded: "for=1.2.3.4",
        "idempotency-key": "k",
        "openai-beta": "assistants=v2",
        "openai-organization": "org-theirs",
        origin: "http://127.0.0.1:4000",
        "proxy-authorization": "Basic x",
        range: "bytes=0-9",
        te: "trailers",
        "transfer-encoding": "chunked",
        upgrade: "websocket",
        "user-agent": "their-sdk",
        "x-api-key": "theirs",
        "x-forwarded-for": "1.2.3.4",
        "x-goog-api-key": "theirs",
        "x-holdfast-strict": "true",
        "x-stainless-lang": "js",
      },
    });
    expect(sent[0]?.headers).toEqual({
      accept: "text/plain",
      "accept-encoding": "gzip",
      "anthropic-beta": "a,b",
      authorization: "Bearer sk-beta",
      "content-type": "text/csv",
      "idempotency-key": "k",
      range: "bytes=0-9",
      "user-agent": expect.stringMatching(/^holdfast\//),
    });
  });

  test("where the client says nothing, nothing is made up", async () => {
    const { ask, sent } = passing();
    await ask("/v1/files");
    expect(sent[0]?.headers).toEqual({
      accept: "*/*",
      authorization: "Bearer sk-beta",
      "user-agent": expect.stringMatching(/^holdfast\//),
    });
  });

  test("of the provider's all but those of its connection and its origin", async () => {
    const kept = {
      "content-type": "text/csv",
      "content-encoding": "gzip",
      "content-disposition": "attachment",
      "openai-version": "2020-10-01",
      "x-request-id": "req_1",
      "x-ratelimit-remaining-requests": "9",
      location: "https://elsewhere.test/file",
      etag: '"1"',
    };
    const dropped = {
      "access-control-allow-origin": "*",
      "alt-svc": "h3",
      connection: "close, X-Hop",
      "content-length": "999",
      "keep-alive": "timeout=5",
      "set-cookie": "__cf_bm=1",
      "strict-transport-security": "max-age=1",
      "transfer-encoding": "chunked",
      "www-authenticate": "Bearer",
      "x-hop": "1",
    };
    const { ask } = door({
      providers: PROVIDERS,
      routes: ROUTES,
      answering: () => respond(302, "x", { ...kept, ...dropped }),
    });
    const response = await ask("/v1/files/1/content");
    expect(response.status).toBe(302);
    for (const [name, value] of Object.entries(kept)) expect([name, response.headers.get(name)]).toEqual([name, value]);
    for (const name of Object.keys(dropped)) expect([name, response.headers.has(name)]).toEqual([name, false]);
  });
});

test("a key that is at rest is not used where there is a better one", async () => {
  const keyed = door({
    providers: [provider("beta", ["one", "two"], "openai-chat")],
    routes: [route("chat", "beta/m")],
    answering: ({ headers, url }) =>
      url.endsWith("/files") || headers.authorization !== "Bearer one" ? respond(200, MESSAGE) : respond(401, "{}"),
  });
  await keyed.call("chat");
  await keyed.ask("/v1/files");
  expect(keyed.sent.at(-1)?.headers.authorization).toBe("Bearer two");
});

test("a provider that is not there is an error of the gateway's, in the caller's dialect", async () => {
  const broken = door({
    providers: PROVIDERS,
    routes: ROUTES,
    answering: () => ({ kind: "connect-failed", message: "no answer could be had from the host (ECONNREFUSED)" }),
  });
  const response = await broken.ask("/v1/files");
  expect(response.status).toBe(503);
  expect(broken.handler.open).toBe(0);
  expect(broken.clock.timers).toBe(0);
});

describe("over sockets", () => {
  const closing: (() => void)[] = [];
  afterAll(() => {
    for (const close of closing) close();
  });

  /** A provider whose connections the test plays itself. */
  async function rawProvider(onConnection: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      onConnection(socket);
    });
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    closing.push(() => server.close());
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}/v1`;
  }

  function gateway(url: string): Server {
    const settings: Settings = {
      listen: { host: "127.0.0.1", port: 0 },
      providers: [{ name: "beta", dialect: "openai-chat", url, keys: ["sk-beta"], tier: "remote" }],
      routes: [route("chat", "beta/m")],
      keys: [],
      passthrough: true,
    };
    const server = startServer({ settings, runtime: createBunRuntime() });
    closing.push(() => void server.stop(0));
    return server;
  }

  async function until(happened: () => boolean): Promise<void> {
    for (let tries = 0; !happened(); tries++) {
      if (tries > 500) throw new Error("did not happen within 5 s");
      await Bun.sleep(10);
    }
  }

  test("events pass as they come, not when the answer ends", async () => {
    let write = (_: string): void => {};
    const url = await rawProvider((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: 0\n\n");
        write = (text) => void socket.write(text);
      });
    });
    const response = await fetch(`${gateway(url).url}/v1/responses`, { method: "POST", body: "{}" });
    const reader = response.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 0\n\n");
    for (const text of ["data: 1\n\n", "data: 2\n\n"]) {
      write(text);
      expect(new TextDecoder().decode((await reader.read()).value)).toBe(text);
    }
    await reader.cancel();
  });

  test("a client that leaves is left by the provider's connection too, before and within the answer", async () => {
    let closed = 0;
    let opened = 0;
    const url = await rawProvider((socket) => {
      opened++;
      socket.on("close", () => closed++);
      socket.once("data", (bytes) => {
        if (!bytes.includes("/v1/silent")) socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nfirst");
      });
    });
    const { url: base } = gateway(url);
    const leaving = new AbortController();
    const silent = fetch(`${base}/v1/silent`, { signal: leaving.signal }).catch(() => "left");
    await until(() => opened === 1);
    leaving.abort();
    expect(await silent).toBe("left");
    await until(() => closed === 1);
    const response = await fetch(`${base}/v1/talking`);
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await until(() => closed === 2);
  });

  test("an answer that breaks off is broken for the client, never whole", async () => {
    const url = await rawProvider((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    const response = await fetch(`${gateway(url).url}/v1/files/1/content`);
    expect(response.status).toBe(200);
    expect(await response.text().catch(() => "broken")).toBe("broken");
  });

  test("an upload is not held in memory, and its length is stated", async () => {
    let head = "";
    let received = 0;
    let release = (): void => {};
    const url = await rawProvider((socket) => {
      socket.on("data", (bytes) => {
        if (head === "") {
          head = bytes.toString("latin1").split("\r\n\r\n")[0] ?? "";
          received -= head.length + 4;
          socket.pause();
          release = () => socket.resume();
        }
        received += bytes.length;
        if (received === 60_000_000) socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
      });
    });
    const { url: base } = gateway(url);
    const body = new Uint8Array(60_000_000);
    const answering = fetch(`${base}/v1/files`, { method: "POST", body, headers: { "content-type": "text/csv" } });
    await until(() => head !== "");
    await Bun.sleep(300);
    expect(received).toBeLessThan(20_000_000);
    release();
    expect(await (await answering).text()).toBe("ok");
    expect(received).toBe(60_000_000);
    expect(head.toLowerCase()).toContain("content-length: 60000000");
    expect(head.toLowerCase()).toContain("authorization: bearer sk-beta");
  });

  test("a stated length over the limit is refused before anything is sent", async () => {
    let opened = 0;
    const url = await rawProvider(() => opened++);
    const { url: base } = gateway(url);
    const { port } = new URL(base);
    const said = await new Promise<string>((resolve) => {
      const socket = Bun.connect({
        hostname: "127.0.0.1",
        port: Number(port),
        socket: {
          open: (open) =>
            void open.write(`POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 600000000\r\n\r\n`),
          data: (open, bytes) => {
            resolve(bytes.toString());
            open.end();
          },
        },
      });
      void socket;
    });
    expect(said).toStartWith("HTTP/1.1 413");
    expect(opened).toBe(0);
  });
});
