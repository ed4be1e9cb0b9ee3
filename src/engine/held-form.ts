// A lane for answers of which a form is asked (JSON): nothing of it is any use before its end, and no other model can go on
// inside of it. So it is held until it is whole and was checked, and replaced unseen if it breaks before. One that grows too
// large is let go, and is a stream like any other from then on.

import { concat } from "../core/bytes.ts";
import type { Fault } from "../core/fault.ts";
import type { Unfinished } from "../core/unfinished.ts";
import type { Lane } from "./lane.ts";
import { LaneAround } from "./lane-around.ts";

/** Of frames: some two thousand tokens, as wordy providers send them. */
export const FORM_BYTES_MAX = 524_288;

export class HeldForm extends LaneAround implements Lane {
  committed = false;
  #flaw: Fault | undefined;
  /** An answer in another form than was asked for is replaced, too. */
  readonly #replaces: boolean;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(lane: Lane, replaces: boolean) {
    super(lane);
    this.#replaces = replaces;
  }

  get finished(): boolean {
    return this.committed && this.lane.finished;
  }

  get fault(): Fault | undefined {
    return this.#flaw ?? this.lane.fault;
  }

  unfinished(): Unfinished | undefined {
    return this.lane.unfinished();
  }

  feed(chunk: Uint8Array): Uint8Array | undefined {
    const bytes = this.lane.feed(chunk);
    return this.committed ? bytes : this.#keep(bytes);
  }

  end(): Uint8Array | undefined {
    const bytes = this.lane.end();
    return this.committed ? bytes : this.#keep(bytes);
  }

  broke(reason: Fault): Uint8Array | undefined {
    const bytes = this.lane.broke(reason);
    return this.committed ? bytes : this.#keep(bytes);
  }

  #keep(bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (bytes !== undefined) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
    }
    if (this.fault !== undefined) return undefined;
    if (this.lane.finished) {
      if (this.#replaces) this.#flaw = this.lane.flaw;
      if (this.#flaw !== undefined) return undefined;
    } else if (this.#heldBytes <= FORM_BYTES_MAX) return undefined;
    this.committed = true;
    const all = concat(this.#held);
    this.#held = [];
    return all;
  }
}
