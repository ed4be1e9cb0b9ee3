// What a client was given, read again once it has it all: only a whole answer in words is worth keeping. A tool call, a
// refusal, an answer that was cut by a limit, one with parts that only its provider knows: none of them.

import { concat } from "../core/bytes.ts";
import { isFault } from "../core/fault.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { FrameCutter } from "../dialects/sse.ts";
import { ANSWER_BYTES_MAX } from "../state/kept-answers.ts";

export interface Words {
  /** One for each block of text. */
  readonly texts: readonly string[];
  /** The model that wrote them, by its own name. */
  readonly model: string;
}

export function wordsOf(pieces: readonly Uint8Array[], stream: boolean, { codec }: Dialect): Words | undefined {
  const bytes = concat(pieces);
  if (!stream) {
    const events = codec.decodeReply(bytes);
    return isFault(events) ? undefined : fold(events);
  }
  const cutter = new FrameCutter(ANSWER_BYTES_MAX);
  const decoder = codec.decoder();
  const events = cutter.push(bytes).flatMap((frame) => [...decoder.decode(frame)]);
  return cutter.overflowed ? undefined : fold([...events, ...decoder.end()]);
}

function fold(events: readonly StreamEvent[]): Words | undefined {
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
