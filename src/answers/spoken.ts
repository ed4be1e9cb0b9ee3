// Words that are at hand, as an answer in the client's own dialect, whole or as a stream: what a canned sentence and a kept
// answer have in common.

import { concat } from "../core/bytes.ts";
import type { Call } from "../core/call.ts";
import { OneFrame } from "../core/one-frame.ts";
import { type Answer, type CalledTool, type Ending, NOTHING_TO_CANCEL } from "../core/reply.ts";
import type { HeaderMap, Runtime } from "../core/runtime.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import type { Dialect, EncodeContext } from "../dialects/dialect.ts";
import { madeToolId } from "../dialects/tool-id.ts";

/** Of a streamed text, in characters: what a client shows at once. */
const PIECE = /[\s\S]{1,40}(?:\s|$)|[\s\S]{1,40}/gu;
const NOTHING_BILLED = { inputTokens: 0, outputTokens: 0 } as const;

export interface Speech {
  /** One for each block. */
  readonly texts: readonly string[];
  /** After the texts; absent: none. */
  readonly calls?: readonly CalledTool[] | undefined;
  readonly target: string;
  readonly model: string;
  readonly headers: HeaderMap;
  readonly is: Pick<Answer, "servedBy" | "degraded">;
}

export function spoken(speech: Speech, { codec }: Dialect, call: Call, runtime: Runtime): Answer {
  const context: EncodeContext = { call, createdS: Math.floor(runtime.wallMs() / 1_000) };
  const events = eventsOf(speech, call);
  const ending: Ending = { kind: "complete", usage: NOTHING_BILLED, firstContentMs: 0, tookMs: 0, pausedMs: 0 };
  return {
    ok: true,
    target: speech.target,
    dialect: call.dialect,
    status: 200,
    headers: speech.headers,
    frames: new OneFrame(call.stream ? streamed(events, codec.encoder(context)) : codec.encodeReply(events, context)),
    ending,
    ...speech.is,
    lossy: [],
    trail: [],
    // It is all there: nothing is in flight that could be stopped.
    cancel: NOTHING_TO_CANCEL,
  };
}

function eventsOf({ texts, calls = [], model }: Speech, { id, stream }: Call): StreamEvent[] {
  const blocks = texts.flatMap((text, block): StreamEvent[] => [
    ...(stream ? (text.match(PIECE) ?? []) : [text]).map(
      (piece): StreamEvent => ({ type: "text-delta", block, text: piece }),
    ),
    { type: "block-end", block },
  ]);
  return [
    { type: "message-start", id: "", model, usage: NOTHING_BILLED },
    ...blocks,
    ...calls.flatMap(({ name, json }, index): StreamEvent[] => {
      const block = texts.length + index;
      const start = { type: "tool-start", block, id: madeToolId(`${id} ${index} ${name}`), name } as const;
      return [start, { type: "tool-delta", block, json }, { type: "block-end", block }];
    }),
    { type: "message-end", stop: calls.length > 0 ? "tool-use" : "end", usage: NOTHING_BILLED },
  ];
}

function streamed(events: readonly StreamEvent[], encoder: ReturnType<Dialect["codec"]["encoder"]>): Uint8Array {
  return concat(events.flatMap((event) => encoder.encode(event)?.bytes ?? []));
}
