// What a call and a stream's event may cost in things that can be counted on any machine: JSON parses, decoded texts,
// timers, promise reactions, copied arrays. The limits are in bench/budget.json; time is measured in bench/, not here.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { streamPayload, wholePayload } from "../bench/payload.ts";
import { ROUTE_DEFAULTS } from "../src/config/defaults.ts";
import type { ResumeMode } from "../src/core/call.ts";
import type { Runtime } from "../src/core/runtime.ts";
import type { RouteSettings } from "../src/core/settings.ts";
import { createEngine } from "../src/engine/engine.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { createHandler } from "../src/server/handler.ts";
import { ROUTE } from "./support/virtual.ts";

const COUNTED = ["parses", "decodes", "timers", "reactions", "copies"] as const;
type Counts = Record<(typeof COUNTED)[number], number>;

// The file's own shape, checked by use.
const BUDGET = JSON.parse(readFileSync(join(import.meta.dir, "../bench/budget.json"), "utf8")) as Record<
  "whole" | "stream" | "event",
  Counts
>;
const EVENTS = 200;
/** What holds where a route says nothing of kept answers. */
const { cache, lastResort } = ROUTE_DEFAULTS;
const KEEPS = { cache, lastResort } as Pick<RouteSettings, "cache" | "lastResort">;
const counts: Counts = { parses: 0, decodes: 0, timers: 0, reactions: 0, copies: 0 };

function runtimeOf(parts: readonly Uint8Array[], stream: boolean): Runtime {
  return {
    clock: {
      now: systemClock.now,
      after(delayMs, fire) {
        counts.timers++;
        return systemClock.after(delayMs, fire);
      },
    },
    wallMs: () => 0,
    random: () => 0.5,
    transport: () => {
      let at = 0;
      const headers = { "content-type": stream ? "text/event-stream" : "application/json" };
      const read = () => Promise.resolve(parts[at++]);
      const whole = () => Promise.resolve(parts[0] ?? new Uint8Array(0));
      return Promise.resolve({ status: 200, headers, body: { read, whole, cancel() {} } });
    },
  };
}

/** Counts what `work` does; the platform's functions are put back afterwards. */
async function counted(work: () => Promise<void>): Promise<Counts> {
  for (const key of COUNTED) counts[key] = 0;
  const { parse } = JSON;
  const { decode } = TextDecoder.prototype;
  const { then } = Promise.prototype;
  const { set } = Uint8Array.prototype;
  JSON.parse = (...args: Parameters<typeof parse>) => {
    counts.parses++;
    return parse(...args);
  };
  TextDecoder.prototype.decode = function (...args) {
    counts.decodes++;
    return decode.apply(this, args);
  };
  // biome-ignore lint/suspicious/noThenProperty: it is what is counted.
  Promise.prototype.then = function (this: Promise<unknown>, ...args: unknown[]) {
    counts.reactions++;
    // The arguments are passed on as they came.
    return then.apply(this, args as Parameters<typeof then>) as ReturnType<typeof then>;
  } as typeof then;
  Uint8Array.prototype.set = function (...args) {
    counts.copies++;
    return set.apply(this, args);
  };
  try {
    await work();
  } finally {
    JSON.parse = parse;
    TextDecoder.prototype.decode = decode;
    // biome-ignore lint/suspicious/noThenProperty: it is put back.
    Promise.prototype.then = then;
    Uint8Array.prototype.set = set;
  }
  return { ...counts };
}

async function costOf(events: number, stream: boolean, resume: ResumeMode = "off", keeps = false): Promise<Counts> {
  const payload = streamPayload("chat", events, false);
  const encode = (part: string | Uint8Array) => (typeof part === "string" ? new TextEncoder().encode(part) : part);
  const parts = stream
    ? [payload.opening, ...payload.events, ...payload.closing].map(encode)
    : [encode(wholePayload("chat").body)];
  const settings = {
    listen: { host: "127.0.0.1", port: 0 },
    providers: [
      { name: "p", dialect: "openai-chat" as const, url: "http://127.0.0.1:1/v1", keys: [], tier: "remote" as const },
    ],
    routes: [
      {
        ...ROUTE,
        name: "chat",
        targets: [{ provider: "p", model: "m" }],
        usage: "as-asked" as const,
        resume,
        ...(keeps && KEEPS),
      },
    ],
    keys: [],
    passthrough: false,
  };
  const handler = createHandler(createEngine({ settings, runtime: runtimeOf(parts, stream) }));
  const body = JSON.stringify({ model: "chat", stream, messages: [{ role: "user", content: "Hello" }] });
  const request = () =>
    new Request("http://127.0.0.1:4000/v1/chat/completions", {
      method: "POST",
      headers: { host: "127.0.0.1:4000", "content-length": String(body.length) },
      body,
    });
  return counted(async () => {
    const response = await handler.handle(request());
    const reader = response.body?.getReader();
    while (reader !== undefined && !(await reader.read()).done);
  });
}

function within(found: Counts, budget: Counts): void {
  const over = COUNTED.filter((key) => found[key] > budget[key]).map((key) => `${key}: ${found[key]} > ${budget[key]}`);
  expect(over, JSON.stringify(found)).toEqual([]);
}

test("a whole call stays within its budget", async () => within(await costOf(0, false), BUDGET.whole));

test("a stream of few events stays within its budget", async () => within(await costOf(2, true), BUDGET.stream));

test.each([
  ["off", false],
  ["text", false],
  ["off", true],
  ["text", true],
] as const)("each further event stays within its budget, resume: %s, kept: %p", async (resume, keeps) => {
  const [short, long] = [await costOf(2, true, resume, keeps), await costOf(2 + EVENTS, true, resume, keeps)];
  // What comes once or twice in a longer stream is no event's.
  const each = Object.fromEntries(
    COUNTED.map((key) => [key, Math.floor(((long[key] - short[key]) / EVENTS) * 50) / 50]),
  );
  // Every counted key was just filled in.
  within(each as Counts, BUDGET.event);
});

test("keeping an answer costs a whole call nothing of what is counted but its batch's timer, and reads nothing within the call", async () => {
  const [plain, kept] = [await costOf(0, false), await costOf(0, false, "off", true)];
  const more = Object.fromEntries(COUNTED.map((key) => [key, kept[key] - plain[key]]));
  expect(more).toEqual({ parses: 0, decodes: 0, timers: 1, reactions: 0, copies: 0 });
});
