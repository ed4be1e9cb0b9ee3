// The transport against real connections of loopback that do what real ones do: end early, reset, hang, redirect. What it
// is never allowed: to reject, to follow, to decode, or to hide the reason of an end.

import { afterAll, describe, expect, test } from "bun:test";
import { CancelSource } from "../core/cancel.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import type { WireRequest, WireResponse } from "../core/runtime.ts";
import { systemClock } from "./clock.ts";
import { createFetchTransport, type Probe } from "./fetch-transport.ts";
import { listen, type Play, type SocketRequest } from "./socket-server.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const head = (headers: Record<string, string> = {}, status = 200): Play => ({ type: "head", status, headers });
const bytes = (text: string | Uint8Array): Play => ({
  type: "bytes",
  bytes: typeof text === "string" ? encode(text) : text,
});
const wait = (ms: number): Play => ({ type: "wait", ms });
const END: Play = { type: "end" };
/** What has come and was not read yet is lost to a platform when the connection breaks: so long the reader has, however busy the machine. */
const READ = wait(250);

const PLAYS: Readonly<Record<string, readonly Play[]>> = {
  "/sized": [head({ "content-length": "5", "X-Thing": "a" }), bytes("hello"), END],
  "/chunked": [head(), bytes("hel"), wait(5), bytes("lo"), END],
  "/empty": [head({ "content-length": "0" }), END],
  "/redirect": [head({ location: "/sized", "content-length": "0" }, 307), END],
  "/error": [head({ "content-length": "4" }, 529), bytes("busy"), END],
  "/cut-chunked": [head(), bytes("hel"), READ, { type: "close" }],
  "/cut-sized": [head({ "content-length": "50" }), bytes("hel"), READ, { type: "close" }],
  "/reset": [head(), bytes("hel"), READ, { type: "reset" }],
  "/reset-at-once": [{ type: "reset" }],
  "/silent": [{ type: "hang" }],
  "/stall": [head(), bytes("hel"), { type: "hang" }],
  "/gzip": [
    head({ "content-encoding": "gzip", "content-length": String(Bun.gzipSync(encode("hello")).length) }),
    bytes(Bun.gzipSync(encode("hello"))),
    END,
  ],
  "/large": [head(), ...Array.from({ length: 20 }, () => bytes("x".repeat(1_000))), END],
};

const seen: SocketRequest[] = [];
const server = listen({
  host: "127.0.0.1",
  port: 0,
  respond(request) {
    seen.push(request);
    return { plays: PLAYS[request.path] ?? [head({}, 404), END] };
  },
});
afterAll(() => server.stop());

const transport = createFetchTransport({ clock: systemClock, init: { decompress: false, timeout: false } });
const base = `http://127.0.0.1:${server.port}`;
const request = (path: string, more: Partial<WireRequest> = {}): WireRequest => ({
  method: "POST",
  url: base + path,
  headers: { "content-type": "application/json", "x-key": "k" },
  body: encode("{}"),
  connectMs: 5_000,
  ...more,
});

async function send(path: string, cancel = new CancelSource()): Promise<WireResponse> {
  const response = await transport(request(path), cancel);
  if (isFault(response)) throw new Error(response.message);
  return response;
}

async function drink({ body }: WireResponse): Promise<{ text: string; end: Fault | undefined; after: unknown }> {
  let text = "";
  for (;;) {
    const chunk = await body.read();
    if (chunk instanceof Uint8Array) text += new TextDecoder().decode(chunk);
    else return { text, end: chunk, after: await body.read() };
  }
}

describe("a good answer", () => {
  test("passes its status, its headers and its bytes; the request went out as it was made", async () => {
    const response = await send("/sized");
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ "content-length": "5", "x-thing": "a" });
    expect(await drink(response)).toEqual({ text: "hello", end: undefined, after: undefined });
    const sent = seen.at(-1);
    expect(sent).toMatchObject({ method: "POST", path: "/sized" });
    expect(sent?.headers).toMatchObject({ "x-key": "k", "content-length": "2" });
    expect(Object.keys(sent?.headers ?? {})).not.toContain("accept-encoding");
  });

  test.each(["/sized", "/chunked"])("%s whole", async (path) => {
    const { body } = await send(path);
    expect(await body.whole(5)).toEqual(encode("hello"));
  });

  test("nothing is something: an empty body ends at once", async () => {
    expect(await drink(await send("/empty"))).toEqual({ text: "", end: undefined, after: undefined });
    expect(await (await send("/empty")).body.whole(10)).toEqual(new Uint8Array(0));
  });

  test("nothing is decoded, followed or thrown", async () => {
    const zipped = await (await send("/gzip")).body.whole(1_000);
    expect(zipped).toEqual(Bun.gzipSync(encode("hello")));
    const redirect = await send("/redirect");
    expect([redirect.status, redirect.headers.location]).toEqual([307, "/sized"]);
    await redirect.body.whole(10);
    const error = await send("/error");
    expect([error.status, await error.body.whole(10)]).toEqual([529, encode("busy")]);
  });
});

describe("a body over its limit", () => {
  test.each([
    ["/sized", 4],
    ["/chunked", 4],
    ["/large", 5_000],
  ])("%s at %d bytes is a fault, and the connection is closed", async (path, limit) => {
    const { body } = await send(path);
    expect(await body.whole(limit)).toMatchObject({ kind: "too-large" });
    expect(await body.read()).not.toBeInstanceOf(Uint8Array);
  });
});

describe("a connection that breaks", () => {
  test.each(["/cut-chunked", "/cut-sized", "/reset"])("%s: what came, then the fault, then nothing", async (path) => {
    expect(await drink(await send(path))).toMatchObject({
      text: "hel",
      end: { kind: "stream-broken" },
      after: undefined,
    });
    expect(await (await send(path)).body.whole(100)).toMatchObject({ kind: "stream-broken" });
  });

  test("before an answer began, it is no answer", async () => {
    expect(await transport(request("/reset-at-once"), new CancelSource())).toMatchObject({ kind: "connect-failed" });
    const nobody = listen({ host: "127.0.0.1", port: 0, respond: () => ({ plays: [END] }) });
    nobody.stop();
    const url = `http://127.0.0.1:${nobody.port}/`;
    const refused = await transport(request("/", { url }), new CancelSource());
    expect(refused).toMatchObject({ kind: "connect-failed" });
    // Faults are read by people: never an address, a query or a key.
    expect(JSON.stringify(refused)).not.toContain(String(nobody.port));
  });

  test("what cannot even be sent is a fault too", async () => {
    for (const wrong of [{ url: "no url" }, { url: "ftp://x.test" }, { headers: { "bad name": "x" } }])
      expect(await transport(request("/sized", wrong), new CancelSource())).toMatchObject({ kind: "connect-failed" });
  });
});

describe("cancelled", () => {
  const reason = fault("superseded", "another attempt won");

  test("before it began: nothing is sent", async () => {
    const cancel = new CancelSource();
    cancel.cancel(reason);
    const before = seen.length;
    expect(await transport(request("/sized"), cancel)).toBe(reason);
    expect(seen.length).toBe(before);
  });

  test("while it waits for an answer", async () => {
    const cancel = new CancelSource();
    setTimeout(() => cancel.cancel(reason), 20);
    expect(await transport(request("/silent"), cancel)).toBe(reason);
  });

  test.each(["token", "body"])("while the body is read, by its %s: the very reason comes back", async (by) => {
    const cancel = new CancelSource();
    const response = await send("/stall", cancel);
    const drunk = drink(response);
    setTimeout(() => (by === "token" ? cancel.cancel(reason) : response.body.cancel(reason)), 20);
    expect(await drunk).toEqual({ text: "hel", end: reason, after: undefined });
  });

  test("while it is read whole", async () => {
    const cancel = new CancelSource();
    const { body } = await send("/stall", cancel);
    setTimeout(() => cancel.cancel(reason), 20);
    expect(await body.whole(1_000)).toBe(reason);
  });

  test("unread, and again, and after its end: no harm", async () => {
    const unread = await send("/stall");
    unread.body.cancel(reason);
    unread.body.cancel(reason);
    expect(await unread.body.read()).not.toBeInstanceOf(Uint8Array);
    const done = await send("/sized");
    await done.body.whole(10);
    done.body.cancel(reason);
    expect(await done.body.read()).toBeUndefined();
  });
});

describe("connecting", () => {
  const guarded = (probe: Probe) => createFetchTransport({ clock: systemClock, probe });

  test("headers that are late from a host that is silent: a connect timeout", async () => {
    const asked: number[] = [];
    const slow = guarded(async (_, timeoutMs) => {
      asked.push(timeoutMs);
      return true;
    });
    const response = await slow(request("/silent", { connectMs: 40 }), new CancelSource());
    expect(response).toMatchObject({ kind: "connect-timeout" });
    expect(asked).toEqual([20]);
  });

  test("from a host that is there: only the caller's patience counts", async () => {
    const patient = guarded(async () => false);
    const cancel = new CancelSource();
    setTimeout(() => cancel.cancel(fault("first-token-timeout", "late")), 80);
    const response = await patient(request("/silent", { connectMs: 20 }), cancel);
    expect(response).toMatchObject({ kind: "first-token-timeout" });
  });

  test("a probe that comes back late harms nothing", async () => {
    let answer: (silent: boolean) => void = () => {};
    const late = guarded(() => new Promise((resolve) => (answer = resolve)));
    const response = await late(request("/chunked", { connectMs: 1 }), new CancelSource());
    answer(true);
    if (isFault(response)) throw new Error(response.message);
    expect(await response.body.whole(10)).toEqual(encode("hello"));
  });
});
