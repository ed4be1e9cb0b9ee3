// Every row of the field ledgers goes through the codecs and meets the fate that it declares; every field that the official
// SDKs know has a row; and nothing that a request says is lost in silence.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { CHAT_EXAMPLES, type FieldExample, MESSAGES_EXAMPLES } from "../../test/support/field-examples.ts";
import type { DialectId } from "../core/call.ts";
import { type Fault, isFault } from "../core/fault.ts";
import type { Loss } from "../core/message.ts";
import { MESSAGES_FIELDS } from "./anthropic-messages/fields.ts";
import type { FieldRow } from "./field-ledger.ts";
import type { JsonObject } from "./json-object.ts";
import { CHAT_FIELDS } from "./openai-chat/fields.ts";
import { DIALECTS } from "./registry.ts";

interface Side {
  readonly from: DialectId;
  readonly to: DialectId;
  readonly ledger: readonly FieldRow[];
  readonly examples: Readonly<Record<string, FieldExample | JsonObject>>;
}

const SIDES: readonly Side[] = [
  { from: "anthropic-messages", to: "openai-chat", ledger: MESSAGES_FIELDS, examples: MESSAGES_EXAMPLES },
  { from: "openai-chat", to: "anthropic-messages", ledger: CHAT_FIELDS, examples: CHAT_EXAMPLES },
];
const PLAIN = { model: "chat", max_tokens: 99, messages: [{ role: "user", content: "hello" }] };
const keyOf = ({ field, when }: FieldRow) => (when === undefined ? field : `${field}, ${when}`);

interface Carried {
  readonly fault?: Fault;
  readonly losses: readonly Loss[];
  readonly sent?: string;
}

function carry({ from, to }: Side, request: JsonObject, model = "m"): Carried {
  const client = DIALECTS[from].codec;
  const prompt = client.decodeRequest(new TextEncoder().encode(JSON.stringify(request)));
  if (isFault(prompt)) return { fault: prompt, losses: [] };
  const target = { id: `p/${model}`, provider: "p", model, dialect: to, domain: "p", tier: "remote" as const };
  const encoded = DIALECTS[to].codec.encodeRequest(prompt.value, { ...target, maxOutputTokens: 4_096 });
  if (isFault(encoded)) {
    return { fault: { ...encoded, ...(encoded.param && { param: client.clientPath(encoded.param) }) }, losses: [] };
  }
  const losses = encoded.losses.map((loss) => ({ ...loss, path: client.clientPath(loss.path) }));
  return { losses: [...prompt.losses, ...losses], sent: new TextDecoder().decode(encoded.value) };
}

function exampleOf(example: FieldExample | JsonObject): { readonly over: JsonObject; readonly model?: string } {
  return "over" in example ? (example as FieldExample) : { over: example };
}

/** `messages[].a` as an expression for `messages[3].a`, with whatever is said below it. */
function pathOf(field: string): RegExp {
  const source = field.replaceAll(".", "\\.").replaceAll("[]", "(?:\\[\\d+\\])?");
  return new RegExp(`^${source}(?:[.[]|$)`);
}

/** The request without what stands at `field`. */
function without(value: unknown, field: string): unknown {
  const [, head = "", list = "", rest = ""] = /^(\w+)(\[\])?\.?(.*)$/.exec(field) ?? [];
  const object = value as JsonObject;
  const own = object[head];
  if (rest === "" && list === "") return Object.fromEntries(Object.entries(object).filter(([key]) => key !== head));
  if (own === undefined || typeof own === "string") return value;
  const next =
    list === ""
      ? without(own, rest)
      : (own as readonly unknown[]).map((item) => (rest === "" ? item : without(item, rest)));
  return { ...object, [head]: next };
}

describe.each(SIDES)("$from to $to", (side) => {
  test("each row has an example, and each example a row", () => {
    expect(Object.keys(side.examples).sort()).toEqual(side.ledger.map(keyOf).sort());
  });

  test.each(side.ledger.map((row) => [keyOf(row), row.fate, row] as const))("%s is %s", (key, fate, row) => {
    const { over, model } = exampleOf(side.examples[key] ?? {});
    const request: JsonObject = { ...PLAIN, ...over };
    const { fault, losses, sent } = carry(side, request, model);
    const named = pathOf(row.named ?? row.field);
    if (fate === "rejected") {
      expect(fault?.kind).toBe("unsupported");
      expect(fault?.param).toMatch(named);
      return;
    }
    expect(fault).toBeUndefined();
    const own = losses.filter(({ path }) => named.test(path));
    if (fate === "mapped") expect(losses).toEqual([]);
    else expect(own.length).toBeGreaterThan(0);
    if (row.field.endsWith("]") || ["model", "messages[].role", "messages[].tool_call_id"].includes(row.field)) return;
    if (row.field === "messages[].content" || row.field.endsWith(".text") || row.field === "stream_options") return;
    if (row.field.endsWith(".source") || row.field.endsWith(".arguments")) return;
    const bare = carry(side, without(request, row.field) as JsonObject, model);
    if (fate === "dropped") expect(sent).toBe(bare.sent ?? "");
    else expect(sent).not.toBe(bare.sent ?? "");
  });

  test("a field that nobody knows is named, at every depth", () => {
    for (const [key, example] of Object.entries(side.examples)) {
      const { over, model } = exampleOf(example);
      const request = {
        ...PLAIN,
        ...over,
        new_field: 1,
        messages: spiced((over as typeof PLAIN).messages ?? PLAIN.messages),
      };
      const { fault, losses } = carry(side, request, model);
      if (fault !== undefined) continue;
      const paths = losses.map(({ path }) => path).join(" ");
      expect([key, paths]).toEqual([key, expect.stringMatching(/new_field.*messages\[0\]\.spice/)]);
    }
  });
});

function spiced(messages: readonly JsonObject[]): readonly JsonObject[] {
  return messages.map((message) => ({ ...message, spice: 1 }));
}

const SENT_AS_HEADERS = ["betas", "user_profile_id", "workspace_id"];

test.each([
  [MESSAGES_FIELDS, "anthropic-sdk-0/resources/messages/messages.d.ts", "MessageCreateParamsBase"],
  [MESSAGES_FIELDS, "anthropic-sdk-1/resources/beta/messages/messages.d.ts", "MessageCreateParamsBase"],
  [CHAT_FIELDS, "openai-6/resources/chat/completions/completions.d.ts", "ChatCompletionCreateParamsBase"],
  [CHAT_FIELDS, "openai-7/resources/chat/completions/completions.d.ts", "ChatCompletionCreateParamsBase"],
] as const)("the ledger knows every field of %s %s", (ledger, file, name) => {
  const types = readFileSync(new URL(`../../node_modules/${file}`, import.meta.url), "utf8");
  const declared = types.slice(types.indexOf(`interface ${name} {`)).split(/^}/m)[0] ?? "";
  const fields = [...declared.matchAll(/^ {4}(\w+)\??:/gm)].map(([, field = ""]) => field);
  expect(fields.length).toBeGreaterThan(15);
  const known = new Set(ledger.map(({ field }) => /^\w+/.exec(field)?.[0]));
  expect(fields.filter((field) => !known.has(field) && !SENT_AS_HEADERS.includes(field))).toEqual([]);
});
