// What an answer says and which tools it calls, heard event by event: for a route that has such answers kept. All others are
// kept as words, which their lanes remember anyway.

import type { CalledTool, Words } from "../core/reply.ts";
import type { StreamEvent } from "../core/stream-event.ts";

/** Beyond this an answer is not kept. */
const LENGTH_MAX = 1_048_576;

export class Telling {
  #text = "";
  #model = "";
  #ended = false;
  /** A refusal, something that only its provider knows, or too much: not to be kept. */
  #special = false;
  #length = 0;
  readonly #calls = new Map<number, { readonly name: string; json: string; whole: boolean }>();

  hear(event: StreamEvent): void {
    const call = "block" in event ? this.#calls.get(event.block) : undefined;
    if (event.type === "message-start") this.#model = event.model;
    else if (event.type === "text-delta" && event.refusal !== true) this.#text += this.#within(event.text);
    else if (event.type === "tool-start") this.#calls.set(event.block, { name: event.name, json: "", whole: false });
    else if (event.type === "tool-delta" && call !== undefined) call.json += this.#within(event.json);
    else if (event.type === "block-end") {
      if (call !== undefined) call.whole = true;
    } else if (event.type === "message-end" && (event.stop === "end" || event.stop === "tool-use")) this.#ended = true;
    else if (event.type !== "reasoning-delta") this.#special = true;
  }

  /** Of an answer that is complete; `undefined`: it is not to be kept. */
  get words(): Words | undefined {
    const made = [...this.#calls.values()];
    const text = this.#text;
    const isNothing = text === "" && made.length === 0;
    if (this.#special || !this.#ended || isNothing || made.some(({ whole }) => !whole)) return undefined;
    const calls = made.map(({ name, json }): CalledTool => ({ name, json: json === "" ? "{}" : json }));
    return calls.length === 0 ? { text, model: this.#model } : { text, model: this.#model, calls };
  }

  #within(piece: string): string {
    this.#length += piece.length;
    if (this.#length > LENGTH_MAX) this.#special = true;
    return this.#special ? "" : piece;
  }
}

/** Of a whole reply. */
export function toldBy(events: readonly StreamEvent[]): Words | undefined {
  const telling = new Telling();
  for (const event of events) telling.hear(event);
  return telling.words;
}
