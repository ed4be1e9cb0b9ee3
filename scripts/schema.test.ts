// The published JSON Schema agrees with what reads a configuration: what is good here is good in an editor, and the slips
// that an editor can see are seen there.

import { expect, test } from "bun:test";
import { parse } from "yaml";
import * as z from "zod";
import { starter } from "../src/config/starter.ts";
import { zeroConfig } from "../src/config/zero-config.ts";
import { jsonSchema } from "./reference-config.ts";

const schema = z.fromJSONSchema(JSON.parse(jsonSchema()));
const KEYS = { ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "b", GEMINI_API_KEY: "c" };

const GOOD = `listen: { host: 127.0.0.1, port: "\${PORT}" }
providers:
  anthropic: { key: "\${ANTHROPIC_API_KEY}" }
  mine: { dialect: openai-chat, url: "http://127.0.0.1:1/v1", keys: ["\${A}", { file: /run/key }], tier: local }
  ollama:
routes:
  chat:
    targets: [anthropic/claude-sonnet-5, mine/m]
    timeouts: { connect: 500ms, first-token: auto, whole: 1.5s, idle: "\${IDLE}", total: 10m }
    attempts: 3
    retry-wait: off
    hedge: off
    resume: false
    strict: "\${STRICT}"
    cache: { healthy: off, outage: off, ttl: 1h }
    last-resort: []
    value: 0
store: memory
status-page: private
passthrough: on
`;

test("good configurations are good", () => {
  const objects = [parse(GOOD), parse(starter(KEYS, "s").text), parse(starter({}, "s").text), zeroConfig(KEYS)?.config];
  for (const object of objects) {
    const result = schema.safeParse(object);
    expect(result.success ? "" : z.prettifyError(result.error)).toBe("");
  }
});

for (const [from, to] of [
  ["attempts: 3", "attempts: 11"],
  ["attempts: 3", "atempts: 3"],
  ["500ms", "500"],
  ["first-token: auto", "first-token: aut"],
  ["openai-chat", "openai"],
  ["targets: [anthropic/claude-sonnet-5, mine/m]", "targets: anthropic/claude-sonnet-5"],
  ["passthrough: on", "passthrough: sometimes"],
  ["tier: local", "tier: locall"],
  ["{ file: /run/key }", "{ fiel: /run/key }"],
  ["routes:", "rutes:"],
] as const) {
  test(`${from} → ${to} is seen`, () => {
    expect(GOOD).toContain(from);
    expect(schema.safeParse(parse(GOOD.replace(from, to))).success).toBe(false);
  });
}

test("it has words for every key, and none of our own keywords", () => {
  const bare: string[] = [];
  const look = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      expect(key).not.toStartWith("x-");
      if (key !== "properties" || typeof value !== "object" || value === null) look(value, `${path}.${key}`);
      else {
        for (const [name, child] of Object.entries(value)) {
          if (!("description" in Object(child))) bare.push(`${path}.${name}`);
          look(child, `${path}.${name}`);
        }
      }
    }
  };
  look(JSON.parse(jsonSchema()), "");
  expect(bare).toEqual([]);
});
