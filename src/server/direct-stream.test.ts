// Streams that write to Bun's server themselves, over real sockets: at the client's pace, broken visibly, counted out once.

import { afterEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { FrameTaker } from "../core/reply.ts";
import { pumpFrames } from "../engine/stream.ts";
import { streamBody, streamTicks } from "./body.ts";

const PING = new TextEncoder().encode(": ping\n\n");
const LARGE = new Uint8Array(1_000_000).fill(0x61);

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !isSo(); i++) await Bun.sleep(5);
  expect(isSo()).toBe(true);
}

function world(early = false) {
  const { clock, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const cancel = new CancelSource();
  const open = { open: 1 };
  const waiting: ((bytes: Uint8Array | undefined) => void)[] = [];
  const frames = {
    asked: 0,
    read: () => {
      frames.asked++;
      return new Promise<Uint8Array | undefined>((resolve) => waiting.push(resolve));
    },
  };
  const outflow = {
    ...frames,
    pingFrame: PING,
    tail: () => Promise.resolve(new TextEncoder().encode("TAIL")),
    pump: (taker: FrameTaker) => pumpFrames(frames, taker),
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: () => new Response(streamBody(outflow, { ticks: streamTicks(clock), direct: true, cancel, early, open })),
  });
  stops.push(() => void server.stop(true));
  return {
    advance,
    cancel,
    clock,
    server,
    asked: () => frames.asked,
    /** To whoever asks, now or next. */
    give: async (bytes: Uint8Array | undefined) => {
      await until(() => waiting.length > 0);
      waiting.shift()?.(bytes);
    },
    over: () => 1 - open.open,
  };
}

/** A client with a socket of its own. */
function client(port: number | undefined) {
  const seen = { text: "", bytes: 0, closed: false };
  const socket: Socket = connect(port ?? 0, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  socket.on("data", (data) => {
    seen.bytes += data.length;
    seen.text = (seen.text + data.toString("latin1")).slice(-2_000);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    seen.closed = true;
  });
  stops.push(() => void socket.destroy());
  return { socket, seen };
}

/** Large pieces until no more is asked for, because what the system takes for the client is full. Gives how many. */
async function fill({ give, asked }: Pick<ReturnType<typeof world>, "give" | "asked">): Promise<number> {
  for (let given = 1; given <= 60; given++) {
    await give(LARGE);
    for (let i = 0; i < 100 && asked() === given; i++) await Bun.sleep(2);
    if (asked() === given) return given;
  }
  throw new Error("sixty million bytes lie between this server and its client");
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("each piece goes out when it comes, then the tail and a proper end", async () => {
  const { server, give, over, clock } = world();
  const { seen } = client(server.port);
  await give(bytes("first"));
  await until(() => seen.text.includes("first"));
  await give(bytes("second"));
  await until(() => seen.text.includes("second"));
  await give(undefined);
  await until(() => seen.text.endsWith("0\r\n\r\n"));
  expect(seen.text).toContain("TAIL");
  expect([over(), clock.timers]).toEqual([1, 0]);
});

test("an early open and a silent provider: pings", async () => {
  const { server, advance, asked } = world(true);
  const { seen } = client(server.port);
  await until(() => seen.text.includes(": ping") && asked() === 1);
  await advance(10_000);
  await until(() => seen.text.split(": ping").length === 3);
});

test("a client that leaves cancels, once", async () => {
  const { server, give, cancel, over, clock } = world();
  const { socket, seen } = client(server.port);
  await give(bytes("first"));
  await until(() => seen.text.includes("first"));
  socket.destroy();
  await until(() => cancel.fault !== undefined);
  await give(bytes("late"));
  expect([cancel.fault?.kind, over(), clock.timers]).toEqual(["cancelled", 1, 0]);
});

test("a slow client is waited for, and nothing is lost", async () => {
  const { server, give, asked } = world();
  const { socket, seen } = client(server.port);
  socket.pause();
  const given = await fill({ give, asked });
  socket.resume();
  await until(() => asked() === given + 1);
  await give(undefined);
  await until(() => seen.text.endsWith("0\r\n\r\n"));
  expect(seen.bytes).toBeGreaterThan(given * LARGE.length);
});

test("a client that takes nothing for a minute is given up", async () => {
  const { server, give, asked, advance, cancel, over, clock } = world();
  const { socket, seen } = client(server.port);
  socket.pause();
  await fill({ give, asked });
  await advance(65_000);
  expect([cancel.fault?.kind, over(), clock.timers]).toEqual(["client-stall", 1, 0]);
  socket.resume();
  await until(() => seen.closed);
  expect(seen.text).not.toContain("TAIL");
});

test("if an outflow ever fails, the client sees a broken stream and the call is counted out", async () => {
  const { server } = world();
  const open = { open: 1 };
  const cancel = new CancelSource();
  const broken = {
    pingFrame: PING,
    read: async () => {
      await until(() => seen.text.includes(": ping"));
      throw new Error("a bug");
    },
    tail: () => Promise.resolve(undefined),
    pump: (taker: FrameTaker) => pumpFrames(broken, taker),
  };
  const { clock } = handRuntime(() => fault("bug", "nothing is sent here"));
  server.reload({
    development: false,
    fetch: () =>
      new Response(streamBody(broken, { ticks: streamTicks(clock), direct: true, cancel, early: true, open })),
  });
  const { seen } = client(server.port);
  await until(() => seen.closed);
  expect(seen.text).not.toEndWith("0\r\n\r\n");
  expect([open.open, clock.timers, cancel.fault?.kind]).toEqual([0, 0, "bug"]);
});
