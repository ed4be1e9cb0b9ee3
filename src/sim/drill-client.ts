// The clients of a drill: what they ask, and whether a tool call that they were given is whole. How the calls went is told
// by the facts; only what a client alone can see is judged here.

import type { Call, DialectId } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { isFault } from "../core/fault.ts";
import type { Clock, HeaderMap } from "../core/runtime.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { deliver } from "../engine/deliver.ts";
import type { Engine } from "../engine/engine.ts";
import { asRecord, encodeText, parseJson } from "./json.ts";
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

function messagesOf({ id, topic, turn = 0 }: DrillAsk) {
  if (topic === undefined) return [{ role: "user", content: `question ${id}` }];
  const earlier = Array.from({ length: turn }, (_, at) => [
    { role: "user", content: `question ${at} of ${topic}` },
    { role: "assistant", content: `answer ${at} of ${topic}` },
  ]);
  return [...earlier.flat(), { role: "user", content: `question ${turn} of ${topic}` }];
}

/** Asks and reads all of it. */
export async function askAndRead(engine: Engine, call: Call, tools: boolean): Promise<Asked> {
  const { status, headers, body } = await deliver(engine, call, new CancelSource(), OPEN_MS);
  if (body instanceof Uint8Array) return { status, headers, corrupt: tools && isCorrupt(decoder.decode(body), call) };
  let text = "";
  for (let bytes = await body.read(); bytes !== undefined; bytes = await body.read()) {
    if (tools) text += decoder.decode(bytes);
  }
  const tail = await body.tail();
  if (tools && tail !== undefined) text += decoder.decode(tail);
  return { status, headers, corrupt: tools && isCorrupt(text, call) };
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

/** A tool call in it does not parse. */
export function isCorrupt(text: string, { stream, dialect }: Call): boolean {
  const events = stream
    ? [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json = ""]) => asRecord(parsed(json)))
    : [asRecord(parsed(text))];
  const calls = new Map<string, string>();
  for (const event of events) if (event !== undefined) collect(event, dialect, calls);
  return [...calls.values()].some((json) => asRecord(parsed(json === "" ? "{}" : json)) === undefined);
}

/** The argument text of each tool call, by its place; whole replies have theirs complete. */
function collect(event: Readonly<Record<string, unknown>>, dialect: DialectId, calls: Map<string, string>): void {
  const add = (place: unknown, json: unknown): void => {
    const key = String(place);
    calls.set(key, (calls.get(key) ?? "") + (typeof json === "string" ? json : ""));
  };
  if (dialect === "anthropic-messages") {
    const delta = asRecord(event.delta);
    if (delta?.type === "input_json_delta") add(event.index, delta.partial_json);
    return;
  }
  for (const choice of Array.isArray(event.choices) ? event.choices : []) {
    const said = asRecord(asRecord(choice)?.delta) ?? asRecord(asRecord(choice)?.message);
    for (const [place, call] of (Array.isArray(said?.tool_calls) ? said.tool_calls : []).entries()) {
      const one = asRecord(call);
      add(one?.index ?? place, asRecord(one?.function)?.arguments);
    }
  }
}

function parsed(json: string): unknown {
  return parseJson(encodeText(json));
}
