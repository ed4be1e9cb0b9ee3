// Tool calls of a conversation that wait for their result. Every dialect refuses a call without a result and a result
// without its call, which histories that were cut have: an encoder repairs both, in these words, and declares it.

import type { Losses } from "./losses.ts";

/** Before the text of a result whose call is not there. */
export const RESULT_MARK = "[tool result] ";
/** The result, an error, of a call that has none. */
export const NO_RESULT = "no result";

const NO_CALLS: readonly string[] = [];

/** The calls of the last answer that are open, by the client's id and the one that is sent. */
export class OpenCalls {
  readonly #fit: (id: string) => string;
  readonly #losses: Losses;
  #used: Set<string> | undefined;
  #open: { readonly id: string; readonly sent: string }[] | undefined;

  /** `fit` makes an id that the dialect takes. */
  constructor(fit: (id: string) => string, losses: Losses) {
    this.#fit = fit;
    this.#losses = losses;
  }

  get areOpen(): boolean {
    return this.#open !== undefined && this.#open.length > 0;
  }

  /** Notes a call. Gives the id to send: some clients use one twice. */
  add(id: string): string {
    const base = this.#fit(id);
    let sent = base;
    this.#used ??= new Set();
    for (let n = 2; this.#used.has(sent); n++) sent = this.#fit(`${base}_${n}`);
    this.#used.add(sent);
    this.#open ??= [];
    this.#open.push({ id, sent });
    return sent;
  }

  /** The id to send with the result; `undefined` for an orphan, whose content is to be carried as text. `path` is the result's. */
  close(id: string, path: string): string | undefined {
    const place = this.#open?.findIndex((call) => call.id === id) ?? -1;
    const [call] = place === -1 ? [] : (this.#open?.splice(place, 1) ?? []);
    if (call === undefined) this.#losses.add(path, "a tool result without its call was carried as text");
    return call?.sent;
  }

  /** The ids of calls that have no result by now, each to be given an error as one. */
  closeRest(): readonly string[] {
    if (this.#open === undefined) return NO_CALLS;
    const rest = this.#open.map(({ sent }) => sent);
    this.#open = undefined;
    for (const _ of rest) this.#losses.add("turns", "a tool call without its result was given an error as one");
    return rest;
  }
}
