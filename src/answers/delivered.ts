// What a client was given, read again once it has it all: only a whole answer in words is worth keeping. A tool call, a
// refusal, an answer that was cut by a limit, one with parts that only its provider knows: none of them.

import { isFault } from "../core/fault.ts";
import type { Told } from "../core/reply.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import type { Dialect } from "../dialects/dialect.ts";

/** A reply that is larger as a whole is no answer worth keeping. */
const WHOLE_BYTES_MAX = 2_097_152;

/** What is worth keeping of an answer. */
export interface Kept {
  /** One for each block of text; of a stream, all of it as one. */
  readonly texts: readonly string[];
  readonly model: string;
}

export function keptOf(told: Told, { codec }: Dialect): Kept | undefined {
  if (typeof told === "function") {
    const words = told();
    return words && { texts: [words.text], model: words.model };
  }
  const events = told.length > WHOLE_BYTES_MAX ? undefined : codec.decodeReply(told);
  return events === undefined || isFault(events) ? undefined : fold(events);
}

function fold(events: readonly StreamEvent[]): Kept | undefined {
  const texts = new Map<number, string>();
  let model = "";
  let ended = false;
  for (const event of events) {
    if (event.type === "message-start") model = event.model;
    else if (event.type === "text-delta") {
      if (event.refusal === true) return undefined;
      texts.set(event.block, (texts.get(event.block) ?? "") + event.text);
    } else if (event.type === "message-end") {
      if (event.stop !== "end") return undefined;
      ended = true;
    } else if (event.type !== "block-end" && event.type !== "reasoning-delta") return undefined;
  }
  const told = [...texts.values()].filter((text) => text !== "");
  return ended && told.length > 0 ? { texts: told, model } : undefined;
}
