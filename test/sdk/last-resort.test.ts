// Every provider down: what the official SDKs make of a local model's answer and of a prepared sentence, whole and streamed.

import { describe, expect, test } from "bun:test";
import { startSimProvider } from "../../src/cli/sim-provider.ts";
import { startGateway } from "../support/gateway.ts";
import { configOf, DIALECTS, FAST, startPair } from "../support/providers.ts";
import { CLIENTS, STYLES } from "./clients.ts";
import { questionOf } from "./scenarios.ts";

const SENTENCE = "We cannot answer right now, because the model is away. Please ask again in a few minutes.";
const DOWN = { kind: "overloaded" } as const;
const CASES = DIALECTS.flatMap((local) =>
  CLIENTS.flatMap((client) => STYLES.map((style) => [client.name, style, local, client] as const)),
);

describe.each(CASES)("%s, %s, with a local model that speaks %s", (_, style, dialect, client) => {
  test("its answer, and the sentence when it is down too", async () => {
    const pair = startPair(dialect, { fault: DOWN, backupFault: DOWN });
    const local = startSimProvider({ ...FAST, name: "local", dialect, faults: [] });
    const providers = configOf([pair.primary, pair.backup]).replace(
      "routes:",
      `  local: { dialect: ${dialect}, url: "${local.url}", key: none, tier: local }\nroutes:`,
    );
    const gateway = startGateway(`${providers}    last-resort: [local/small, { canned: "${SENTENCE}" }]\n`);
    try {
      const heard = await client.ask(gateway.url, style, questionOf("text", "m"));
      expect(heard.text).toStartWith("This is local with");
      local.stop();
      const said = await client.ask(gateway.url, style, questionOf("text", "m"));
      expect([said.text, said.tools, said.model]).toEqual([SENTENCE, [], "holdfast/canned"]);
      expect(said.finish).toBe(client.dialect === "openai-chat" ? "stop" : "end_turn");
      expect(gateway.eventsOf("call-end").map(({ servedBy }) => servedBy)).toEqual(["local", "canned"]);
    } finally {
      pair.stop();
      local.stop();
      await gateway.stop();
    }
  });
});

describe.each(CLIENTS.map((client) => [client.name, client] as const))("%s", (_, client) => {
  test.each(STYLES)("an answer that is fresh, asked for as %s", async (style) => {
    const pair = startPair(client.dialect);
    const route = "    cache: { healthy: exact }\n";
    const gateway = startGateway(configOf([pair.primary, pair.backup], route));
    try {
      const heard = [];
      for (const asked of ["whole", style, style] as const) {
        heard.push(await client.ask(gateway.url, asked, questionOf("text", "m")));
        await Bun.sleep(100);
      }
      expect(new Set(heard.map(({ text, finish }) => `${text} ${finish}`)).size).toBe(1);
      expect(gateway.eventsOf("call-end").map(({ servedBy }) => servedBy)).toEqual(["target", "cache", "cache"]);
    } finally {
      pair.stop();
      await gateway.stop();
    }
  });

  test.each(STYLES)("an answer that was given before, asked for as %s", async (style) => {
    const pair = startPair(client.dialect);
    const route = "    cache: { outage: exact }\n    last-resort: [stale-cache]\n    timeouts: { connect: 2s }\n";
    const gateway = startGateway(configOf([pair.primary, pair.backup], route));
    try {
      const before = await client.ask(gateway.url, "whole", questionOf("text", "m"));
      await Bun.sleep(100);
      pair.stop();
      const again = await client.ask(gateway.url, style, questionOf("text", "m"));
      expect([again.text, again.finish]).toEqual([before.text, before.finish]);
      expect(gateway.eventsOf("call-end").map(({ servedBy }) => servedBy)).toEqual(["target", "stale-cache"]);
    } finally {
      pair.stop();
      await gateway.stop();
    }
  });
});
