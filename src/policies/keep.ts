// Watches an answer on its way to the client and hands it over when all of it was taken: nothing happens before that, nothing is
// handed over of an answer that broke, was left or was no target's. The bytes are those of the client; none is copied.

import type { Call } from "../core/call.ts";
import type { Answer, Frames } from "../core/reply.ts";
import type { Policy, Scope } from "../core/service.ts";

/** Beyond this an answer is let go: its pieces are held no longer. */
const PIECES_BYTES_MAX = 2_097_152;

export interface Keeper {
  wants(call: Call): boolean;
  record(call: Call, target: string, pieces: readonly Uint8Array[], scope: Scope): void;
}

export function keep(keeper: Keeper | undefined): Policy {
  if (keeper === undefined) return (next) => next;
  return (next) => async (call, scope) => {
    const reply = await next(call, scope);
    if (!reply.ok || reply.servedBy !== "target" || !keeper.wants(call)) return reply;
    const record = (pieces: readonly Uint8Array[]): void => keeper.record(call, reply.target, pieces, scope);
    return { ...reply, frames: watched(reply, call.stream, record) };
  };
}

function watched(answer: Answer, stream: boolean, record: (pieces: readonly Uint8Array[]) => void): Frames {
  let pieces: Uint8Array[] | undefined = [];
  let length = 0;
  const finish = (): void => {
    const all = pieces;
    pieces = undefined;
    if (all === undefined) return;
    void answer.ending.then(({ kind, flaw }) => {
      if (kind === "complete" && flaw === undefined) record(all);
    });
  };
  const see = (bytes: Uint8Array | undefined): Uint8Array | undefined => {
    if (bytes === undefined) finish();
    else if (pieces !== undefined) {
      length += bytes.length;
      if (length > PIECES_BYTES_MAX) pieces = undefined;
      else pieces.push(bytes);
      // A whole answer is one frame: nobody reads on.
      if (!stream) finish();
    }
    return bytes;
  };
  return { read: () => answer.frames.read().then(see) };
}
