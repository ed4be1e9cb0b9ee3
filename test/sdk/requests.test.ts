// What applications send besides plain text: tools and their results, images, system prompts, token counts, embeddings and
// the wish for usage, through both lanes, and what reaches the provider of it.

import { afterAll, describe, expect, test } from "bun:test";
import type Anthropic from "anthropic-sdk-1";
import type OpenAI from "openai-6";
import { asRecord, recordsIn } from "../../src/sim/json.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import {
  configOf,
  DIALECTS,
  otherDialect,
  type RecordingProvider,
  startPair,
  startRecordingProvider,
} from "../support/providers.ts";
import { anthropic, MAX_TOKENS, openai } from "./clients.ts";
import { ROUTE } from "./run-matrix.ts";

const OPENAI = [
  ["openai 6", 6],
  ["openai 7", 7],
] as const;
const ANTHROPIC = [
  ["anthropic 0", 0],
  ["anthropic 1", 1],
] as const;
const SCHEMA = {
  type: "object" as const,
  properties: { city: { type: "string" }, days: { type: "integer", minimum: 3 } },
  required: ["city", "days"],
};
const INPUT = { city: "from primary", days: 3 };
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const MANNERS = [
  ["streamed", true],
  ["whole", false],
] as const;

const closing: (() => unknown)[] = [];
afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
});

/** A gateway before one healthy provider that keeps what it gets. */
function recorded(dialect: (typeof DIALECTS)[number]): { provider: RecordingProvider; gateway: Gateway } {
  const provider = startRecordingProvider("primary", dialect);
  const gateway = startGateway(configOf([provider], ROUTE));
  closing.push(provider.stop, gateway.stop);
  return { provider, gateway };
}

/** A gateway before a healthy pair. */
function healthy(dialect: (typeof DIALECTS)[number]) {
  const pair = startPair(dialect, { tokensPerS: 2_000 });
  const gateway = startGateway(configOf([pair.primary, pair.backup], ROUTE));
  closing.push(pair.stop, gateway.stop);
  return { pair, gateway };
}

describe.each(DIALECTS)("tools with a primary of %s", (dialect) => {
  describe.each(ANTHROPIC)("%s", (_, version) => {
    const base: Anthropic.MessageCreateParamsNonStreaming = {
      model: "m",
      max_tokens: MAX_TOKENS,
      tools: [
        { name: "weather", description: "The weather.", input_schema: SCHEMA },
        { name: "tides", input_schema: SCHEMA },
      ],
      messages: [{ role: "user", content: "Please use two tools." }],
    };

    test.each(MANNERS)("two calls and their results, %s", async (_, stream) => {
      const { pair, gateway } = healthy(dialect);
      const sdk = anthropic(version, gateway.url);
      const ask = (body: typeof base) =>
        stream ? sdk.messages.stream(body).finalMessage() : sdk.messages.create(body);
      const first = await ask(base);
      expect(first.stop_reason).toBe("tool_use");
      const calls = first.content.filter((block) => block.type === "tool_use");
      expect(calls.map(({ name, input }) => ({ name, input }))).toEqual([
        { name: "weather", input: INPUT },
        { name: "tides", input: INPUT },
      ]);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
      const results = calls.map(({ id }, index) => ({
        type: "tool_result" as const,
        tool_use_id: id,
        content: index === 0 ? "sunny" : [{ type: "text" as const, text: "low" }],
      }));
      const messages: Anthropic.MessageParam[] = [
        ...base.messages,
        // As the SDK's users do: what was answered is sent back.
        { role: "assistant", content: first.content },
        { role: "user", content: results },
      ];
      // The second turn may be another provider's: its ids must do there too.
      pair.primary.setFault({ kind: "overloaded" }, 1);
      for (const speaker of ["backup", "primary"]) {
        const body = { ...base, messages: speaker === "backup" ? messages : [ANOTHER, ...messages.slice(1), AGAIN] };
        const second = await ask(body);
        expect(second.stop_reason).toBe("end_turn");
        expect(second.content[0]).toMatchObject({ type: "text", text: expect.stringContaining(`is ${speaker} with`) });
      }
      expect(pair.backup.log().length).toBe(1);
    });
  });

  describe.each(OPENAI)("%s", (_, version) => {
    const base: OpenAI.ChatCompletionCreateParamsNonStreaming = {
      model: "m",
      tools: [
        { type: "function", function: { name: "weather", description: "The weather.", parameters: SCHEMA } },
        { type: "function", function: { name: "tides", parameters: SCHEMA } },
      ],
      messages: [{ role: "user", content: "Please use two tools." }],
    };

    test.each(MANNERS)("two calls and their results, %s", async (_, stream) => {
      const { pair, gateway } = healthy(dialect);
      const sdk = openai(version, gateway.url);
      const ask = async (body: typeof base) => {
        const completion = stream
          ? await sdk.chat.completions.stream({ ...body, stream: true }).finalChatCompletion()
          : await sdk.chat.completions.create(body);
        // One choice was asked for.
        return completion.choices[0] as OpenAI.ChatCompletion.Choice;
      };
      const first = await ask(base);
      expect(first.finish_reason).toBe("tool_calls");
      const calls = (first.message.tool_calls ?? []).filter((call) => call.type === "function");
      expect(calls.map((call) => ({ name: call.function.name, input: JSON.parse(call.function.arguments) }))).toEqual([
        { name: "weather", input: INPUT },
        { name: "tides", input: INPUT },
      ]);
      const { role, content, tool_calls } = first.message;
      const messages: OpenAI.ChatCompletionMessageParam[] = [
        ...base.messages,
        { role, content, ...(tool_calls && { tool_calls }) },
        ...calls.map(({ id }) => ({ role: "tool" as const, tool_call_id: id, content: "sunny" })),
      ];
      pair.primary.setFault({ kind: "overloaded" }, 1);
      for (const speaker of ["backup", "primary"]) {
        const turns = speaker === "backup" ? messages : [ANOTHER, ...messages.slice(1), AGAIN];
        const second = await ask({ ...base, messages: turns });
        expect(second.finish_reason).toBe("stop");
        expect(second.message.content).toContain(`is ${speaker} with`);
      }
      expect(pair.backup.log().length).toBe(1);
    });
  });
});

/** Another body, which is no repetition of a refused one. */
/** A conversation that was moved stays for a while: this begins another one, with the same calls and results. */
const ANOTHER = { role: "user" as const, content: "Please, use two tools." };
const AGAIN = { role: "user" as const, content: "And again?" };

describe("system prompts and images reach the provider", () => {
  test.each(ANTHROPIC)("%s, to both dialects", async (_, version) => {
    for (const dialect of DIALECTS) {
      const { provider, gateway } = recorded(dialect);
      const content: Anthropic.ContentBlockParam[] = [
        { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
        { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
        { type: "text", text: "What is this?" },
      ];
      const system = [{ type: "text" as const, text: "Be brief." }];
      const body = { model: "m", max_tokens: 50, system, messages: [{ role: "user" as const, content }] };
      await anthropic(version, gateway.url).messages.create(body);
      expect(seenBy(provider)).toEqual({
        system: "Be brief.",
        images: [PIXEL, "https://example.com/a.png"],
        text: "What is this?",
      });
      if (dialect === "anthropic-messages") expect(provider.requests[0]?.body).toEqual(body);
    }
  });

  test.each(OPENAI)("%s, to both dialects", async (_, version) => {
    for (const dialect of DIALECTS) {
      const { provider, gateway } = recorded(dialect);
      const content: OpenAI.ChatCompletionContentPart[] = [
        { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
        { type: "image_url", image_url: { url: "https://example.com/a.png" } },
        { type: "text", text: "What is this?" },
      ];
      const messages: OpenAI.ChatCompletionMessageParam[] = [
        { role: "system", content: "Be brief." },
        { role: "user", content },
      ];
      await openai(version, gateway.url).chat.completions.create({ model: "m", messages });
      expect(seenBy(provider)).toEqual({
        system: "Be brief.",
        images: [PIXEL, "https://example.com/a.png"],
        text: "What is this?",
      });
      if (dialect === "openai-chat") expect(provider.requests[0]?.body).toEqual({ model: "m", messages });
    }
  });

  test("and no credential of the client's does", async () => {
    for (const dialect of DIALECTS) {
      const { provider, gateway } = recorded(dialect);
      const messages = [{ role: "user" as const, content: "Hello" }];
      await anthropic(1, gateway.url).messages.create({ model: "m", max_tokens: 50, messages });
      await openai(7, gateway.url).chat.completions.create({ model: "m", messages });
      for (const { headers } of provider.requests) {
        expect(Object.keys(headers)).not.toContainEqual(
          expect.stringMatching(/^(authorization|x-api-key|x-stainless)/),
        );
      }
      expect(provider.requests.length).toBe(2);
    }
  });
});

/** The same three facts of a request in either dialect. */
function seenBy({ dialect, requests }: RecordingProvider) {
  const body = asRecord(requests[0]?.body) ?? {};
  const messages = recordsIn(body.messages);
  const parts = recordsIn(messages.at(-1)?.content);
  const texts = (value: unknown) =>
    typeof value === "string"
      ? value
      : recordsIn(value)
          .map(({ text }) => text)
          .join("");
  const text = texts(parts.filter(({ type }) => type === "text"));
  if (dialect === "openai-chat") {
    const urls = parts.filter(({ type }) => type === "image_url").map((part) => asRecord(part.image_url)?.url);
    const images = urls.map((url) => String(url).replace("data:image/png;base64,", ""));
    return { system: texts(messages[0]?.content), images, text };
  }
  const sources = parts.filter(({ type }) => type === "image").map(({ source }) => asRecord(source));
  return { system: texts(body.system), images: sources.map((source) => source?.data ?? source?.url), text };
}

describe("what only one dialect has goes to a provider that has it", () => {
  test.each(ANTHROPIC)("%s: count_tokens", async (_, version) => {
    for (const dialect of DIALECTS) {
      const { pair, gateway } = healthy(dialect);
      const messages = [{ role: "user" as const, content: "How many?" }];
      const counted = await anthropic(version, gateway.url).messages.countTokens({ model: "m", messages });
      expect(counted.input_tokens).toBeGreaterThan(1);
      const native = dialect === "anthropic-messages" ? pair.primary : pair.backup;
      expect(native.log().map(({ path }) => path)).toEqual(["/v1/messages/count_tokens"]);
      expect(pair.primary.log().length + pair.backup.log().length).toBe(1);
    }
  });

  test.each(OPENAI)("%s: embeddings", async (_, version) => {
    for (const dialect of DIALECTS) {
      const { pair, gateway } = healthy(dialect);
      const sdk = openai(version, gateway.url);
      const { data, usage } = await sdk.embeddings.create({ model: "m", input: ["sea", "sky"], dimensions: 8 });
      expect(data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
      expect(data[0]?.embedding).not.toEqual(data[1]?.embedding ?? []);
      expect(usage.total_tokens).toBeGreaterThan(0);
      const native = dialect === "openai-chat" ? pair.primary : pair.backup;
      expect(native.log().map(({ path }) => path)).toEqual(["/v1/embeddings"]);
      expect(pair.primary.log().length + pair.backup.log().length).toBe(1);
    }
  });

  test("and is a BadRequestError where nobody has it", async () => {
    for (const dialect of DIALECTS) {
      const { provider, gateway } = recorded(dialect);
      const messages = [{ role: "user" as const, content: "How many?" }];
      const asked =
        otherDialect(dialect) === "anthropic-messages"
          ? anthropic(1, gateway.url).messages.countTokens({ model: "m", messages })
          : openai(7, gateway.url).embeddings.create({ model: "m", input: "sea" });
      const error = await asked.then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect([error?.constructor.name, /primary\/m/.test(error?.message ?? "")]).toEqual(["BadRequestError", true]);
      expect(provider.requests).toEqual([]);
      expect(gateway.eventsOf("call-start").length).toBe(1);
    }
  });
});

describe("usage of a Chat stream", () => {
  const messages = [{ role: "user" as const, content: "Hello" }];

  describe.each(DIALECTS)("with a provider of %s", (dialect) => {
    test.each(OPENAI)("%s sees it only when it asked", async (_, version) => {
      const { provider, gateway } = recorded(dialect);
      const sdk = openai(version, gateway.url);
      for (const asked of [true, false, undefined]) {
        const options = asked === undefined ? {} : { stream_options: { include_usage: asked } };
        const stream = await sdk.chat.completions.create({ model: "m", messages, stream: true, ...options });
        const chunks: OpenAI.ChatCompletionChunk[] = [];
        for await (const chunk of stream) chunks.push(chunk);
        const told = chunks.filter(({ usage }) => usage !== undefined && usage !== null);
        expect(told.length).toBe(asked === true ? 1 : 0);
        expect(chunks.filter(({ choices }) => choices.length === 0).length).toBe(asked === true ? 1 : 0);
        if (asked === true) expect(told[0]?.usage?.completion_tokens).toBe(24);
      }
      // We know it all the same.
      await gateway.seen("call-end", 3);
      expect(gateway.eventsOf("call-end").map(({ usage }) => usage?.outputTokens)).toEqual([24, 24, 24]);
      if (dialect === "openai-chat") {
        const wanted = provider.requests.map(({ body }) => asRecord(asRecord(body)?.stream_options)?.include_usage);
        expect(wanted).toEqual([true, true, true]);
      }
    });
  });
});
