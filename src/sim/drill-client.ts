// The clients of a drill: what they ask, and whether a tool call that they were given is whole. How the calls went is told
// by the facts; only what a client alone can see is judged here.

import type { Call, DialectId } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { isFault } from "../core/fault.ts";
import type { Clock, HeaderMap } from "../core/runtime.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { deliver } from "../engine/deliver.ts";
import type { Engine } from "../engine/engine.ts";
import { type Heard, hear, isCorrupt } from "./heard.ts";
import type { Random } from "./random.ts";
import { isRetriedAnswer, retryAfterOf, sdkBackoffMs } from "./sdk.ts";

export interface DrillAsk {
  readonly id: string;
  readonly dialect: DialectId;
  readonly model: string;
  readonly stream: boolean;
  readonly tools: boolean;
  readonly tenant: string;
  /** The conversation that it belongs to, and its place in it from 0; absent: it stands alone. */
  readonly topic?: string;
  readonly turn?: number;
  /** Which retry of the client's SDK it is. */
  readonly retryCount?: number;
}

/** What a client saw. */
export interface Asked {
  readonly status: number;
  readonly headers: HeaderMap;
  /** A tool call in it was cut, doubled or broken. */
  readonly corrupt: boolean;
  /** Absent: its body was not looked at. */
  readonly heard?: Heard;
}

const OPEN_MS = 10_000;
const SCHEMA = { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } } };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function drillCall(ask: DrillAsk): Call {
  const { id, dialect, model, stream, tools, tenant, retryCount = 0 } = ask;
  const messages = messagesOf(ask);
  const anthropic = { tools: [{ name: "weather", input_schema: SCHEMA }], tool_choice: { type: "any" } };
  const chat = {
    tools: [{ type: "function", function: { name: "weather", parameters: SCHEMA } }],
    tool_choice: "required",
  };
  const more = !tools ? {} : dialect === "openai-chat" ? chat : anthropic;
  const body = encoder.encode(JSON.stringify({ model, max_tokens: 500, stream, messages, ...more }));
  const inspected = DIALECTS[dialect].wire.inspect(body, "generate");
  if (isFault(inspected)) throw new Error(`a drill's call is refused: ${inspected.message}`);
  return {
    id,
    operation: "generate",
    dialect,
    model,
    stream,
    body,
    inspected,
    headers: {},
    query: "",
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant,
    retryCount,
  };
}

/** The question that is to be answered. */
export function promptOf({ id, topic, turn = 0 }: DrillAsk): string {
  return topic === undefined ? `question ${id}` : `question ${turn} of ${topic}`;
}

function messagesOf(ask: DrillAsk) {
  const { topic, turn = 0 } = ask;
  if (topic === undefined) return [{ role: "user", content: promptOf(ask) }];
  const earlier = Array.from({ length: turn }, (_, at) => [
    { role: "user", content: `question ${at} of ${topic}` },
    { role: "assistant", content: `answer ${at} of ${topic}` },
  ]);
  return [...earlier.flat(), { role: "user", content: promptOf(ask) }];
}

/** Asks and reads all of it. `looks`: at what it reads, too. */
export async function askAndRead(engine: Engine, call: Call, looks: boolean): Promise<Asked> {
  const { status, headers, body } = await deliver(engine, call, new CancelSource(), OPEN_MS);
  if (body instanceof Uint8Array) return seen({ status, headers }, call, looks ? decoder.decode(body) : undefined);
  let text = "";
  for (let bytes = await body.read(); bytes !== undefined; bytes = await body.read()) {
    if (looks) text += decoder.decode(bytes);
  }
  const tail = await body.tail();
  if (looks && tail !== undefined) text += decoder.decode(tail);
  return seen({ status, headers }, call, looks ? text : undefined);
}

/** What a client makes of a body; without a text it was not looked at. */
export function seen(head: Pick<Asked, "status" | "headers">, call: Call, text: string | undefined): Asked {
  if (text === undefined) return { ...head, corrupt: false };
  const heard = hear(text, call);
  return { ...head, corrupt: isCorrupt(heard), heard };
}

/** As an official SDK asks: again, up to `retries` times, when the answer lets it. The last of what it saw. */
export async function askAsSdk(
  send: (ask: DrillAsk) => Promise<Asked>,
  ask: DrillAsk,
  { retries, random, clock }: { readonly retries: number; readonly random: Random; readonly clock: Clock },
): Promise<Asked & { readonly retried: number }> {
  for (let number = 0; ; number++) {
    const asked = await send(number === 0 ? ask : { ...ask, id: `${ask.id}.r${number}`, retryCount: number });
    if (number >= retries || !isRetriedAnswer(asked.status, asked.headers)) return { ...asked, retried: number };
    const waitMs = sdkBackoffMs(number + 1, retryAfterOf(asked.headers), random());
    await new Promise<void>((resolve) => clock.after(waitMs, resolve));
  }
}
