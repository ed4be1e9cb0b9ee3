// All providers of a route answer 503: the route's ladder, rung by rung, as the official SDKs see it, whole and as a stream, with
// the headers of each rung.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSimProvider } from "../../src/cli/sim-provider.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { openDatabase } from "../../src/runtime/sqlite.ts";
import { createDeferral } from "../../src/server/deferral.ts";
import { startGateway } from "../support/gateway.ts";
import { configOf, DIALECTS, FAST, startPair } from "../support/providers.ts";
import { anthropic, MAX_TOKENS, openai } from "./clients.ts";

const DOWN = { kind: "status", status: 503 } as const;
const SENTENCE = "We are away for a moment.";
const folder = mkdtempSync(join(tmpdir(), "holdfast-ladder-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Heard {
  readonly text: string;
  readonly model: string;
  readonly finish: string | null;
  readonly headers: Headers;
}

type Asking = (prompt: string, stream: boolean) => Promise<Heard>;

const user = (content: string) => [{ role: "user" as const, content }];

function askingAnthropic(url: string): Asking {
  const sdk = anthropic(1, url);
  return async (prompt, stream) => {
    const body = { model: "m", max_tokens: MAX_TOKENS, messages: user(prompt) };
    const asked = stream ? sdk.messages.stream(body) : sdk.messages.create(body);
    const { data, response } = await asked.withResponse();
    const message = "finalMessage" in data ? await data.finalMessage() : data;
    const [block] = message.content;
    const text = block?.type === "text" ? block.text : "";
    return { text, model: message.model, finish: message.stop_reason, headers: response.headers };
  };
}

function askingOpenai(url: string): Asking {
  const sdk = openai(7, url);
  return async (prompt, stream) => {
    const body = { model: "m", messages: user(prompt) };
    if (!stream) {
      const { data, response } = await sdk.chat.completions.create(body).withResponse();
      const [choice] = data.choices;
      return {
        text: choice?.message.content ?? "",
        model: data.model,
        finish: choice?.finish_reason ?? null,
        headers: response.headers,
      };
    }
    const { data, response } = await sdk.chat.completions.create({ ...body, stream: true }).withResponse();
    let [text, model, finish]: [string, string, string | null] = ["", "", null];
    for await (const chunk of data) {
      model = chunk.model;
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    return { text, model, finish, headers: response.headers };
  };
}

describe.each(DIALECTS)("a client that speaks %s", (dialect) => {
  test("is served by each rung in its turn, and by the promise in the end", async () => {
    const pair = startPair(dialect);
    const local = startSimProvider({ ...FAST, name: "local", dialect: "openai-chat", faults: [] });
    const opened = openDatabase(join(folder, `${dialect}.db`), 0);
    if (!("database" in opened)) throw new Error(opened.problem);
    const deferral = createDeferral({ database: opened.database, runtime: createBunRuntime(), trouble: () => {} });
    const ladder = `    retry-wait: 0s\n    last-resort: [stale-cache, local/small, defer, { canned: "${SENTENCE}" }]\n`;
    const providers = configOf([pair.primary, pair.backup], ladder).replace(
      "routes:",
      `  local: { dialect: openai-chat, url: "${local.url}", key: none, tier: local }\nroutes:`,
    );
    const gateway = startGateway(providers, {}, { deferral });
    const isAnthropic = dialect === "anthropic-messages";
    const ask = isAnthropic ? askingAnthropic(gateway.url) : askingOpenai(gateway.url);
    const ended = isAnthropic ? "end_turn" : "stop";
    try {
      const first = await ask("What is a holdfast?", false);
      expect([first.headers.get("x-holdfast-served-by"), first.headers.get("x-holdfast-degraded")]).toEqual([
        "target",
        null,
      ]);
      await Bun.sleep(150);
      for (const provider of [pair.primary, pair.backup]) provider.setFault(DOWN);
      const rungs = async (stream: boolean, said: string) => {
        const heard = await ask(`${said} ${stream}`, stream);
        const { headers } = heard;
        const facts = ["served-by", "degraded", "target"].map((name) => headers.get(`x-holdfast-${name}`));
        expect(headers.get("x-holdfast-call")).toBeString();
        expect(heard.finish).toBe(ended);
        return { ...heard, facts };
      };
      for (const stream of [false, true]) {
        const kept = await ask("hello, what is a holdfast", stream);
        expect([kept.text, kept.model, kept.finish]).toEqual([first.text, first.model, ended]);
        expect(Object.fromEntries(kept.headers)).toMatchObject({
          "x-holdfast-served-by": "stale-cache",
          "x-holdfast-degraded": "stale",
          "x-holdfast-target": "primary/m",
          "cache-status": expect.stringMatching(/^holdfast; (?:fwd=stale|hit); ttl=\d+; detail="stale-if-error"$/),
          age: expect.stringMatching(/^\d+$/),
        });
        const near = await rungs(stream, "another");
        expect([near.facts, near.text.startsWith("This is local")]).toEqual([["local", "local", "local/small"], true]);
      }
      local.stop();
      for (const stream of [false, true]) {
        const said = await rungs(stream, "nobody's");
        expect([said.text, said.model, said.facts]).toEqual([
          SENTENCE,
          "holdfast/canned",
          ["canned", "canned", "holdfast/canned"],
        ]);
        expect(said.headers.get("x-holdfast-trail")).toContain("=");
      }
      const locations = await Promise.all([false, true].map((stream) => defer(gateway.url, isAnthropic, stream)));
      for (const provider of [pair.primary, pair.backup]) provider.setFault(undefined);
      for (const [index, location] of locations.entries()) {
        const reply = await answered(gateway.url + location);
        expect([reply.status, reply.headers.get("x-holdfast-served-by")]).toEqual([200, "deferred"]);
        const text = await reply.text();
        const marker = index === 0 ? `"${ended}"` : isAnthropic ? "event: message_stop" : "data: [DONE]";
        expect(text).toContain(marker);
      }
    } finally {
      pair.stop();
      local.stop();
      await gateway.stop();
      opened.database.close();
    }
  }, 90_000);
});

/** Where the answer will be. */
async function defer(url: string, isAnthropic: boolean, stream: boolean): Promise<string> {
  const messages = user(`later, ${stream}`);
  const options = { headers: { prefer: "respond-async" } };
  const asking = isAnthropic
    ? anthropic(1, url).messages.create({ model: "m", max_tokens: MAX_TOKENS, stream, messages }, options)
    : openai(7, url).chat.completions.create({ model: "m", stream, messages }, options);
  const response = await asking.asResponse();
  expect(response.status).toBe(202);
  const told = Object.fromEntries(response.headers);
  expect(told).toMatchObject({
    "x-holdfast-served-by": "deferred",
    "x-holdfast-degraded": "deferred",
    "preference-applied": "respond-async",
    "retry-after": "5",
  });
  const { id, state } = await response.json();
  expect([state, told.location]).toEqual(["queued", `/v1/deferred/${id}`]);
  return told.location ?? "";
}

async function answered(url: string): Promise<Response> {
  const untilMs = performance.now() + 60_000;
  for (;;) {
    const response = await fetch(url);
    if (response.status !== 202 || performance.now() > untilMs) return response;
    await Bun.sleep(250);
  }
}
