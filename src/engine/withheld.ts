// A lane whose answer is held back until all of it is there and the route's `validate` has seen it: then it is released at
// once, or replaced as if nothing had come. The price is that a client of such a route sees no stream, only its end.

import { concat } from "../core/bytes.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Decoder } from "../dialects/dialect.ts";
import { FrameCutter } from "../dialects/sse.ts";
import type { Validation } from "../policies/validate.ts";
import { HELD_BYTES_MAX, type Lane } from "./lane.ts";
import { LaneAround } from "./lane-around.ts";
import { Hearing } from "./usefulness.ts";

export interface WithheldOptions {
  readonly validation: Validation;
  /** Speaks the client's dialect, as the lane's output does. */
  readonly decoder: Decoder;
  /** An answer that the lane found useless is replaced, too. */
  readonly replaces: boolean;
}

export class Withheld extends LaneAround implements Lane {
  committed = false;
  #fault: Fault | undefined;
  readonly #options: WithheldOptions;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(lane: Lane, options: WithheldOptions) {
    super(lane);
    this.#options = options;
  }

  get finished(): boolean {
    return this.committed;
  }

  get fault(): Fault | undefined {
    return this.#fault ?? this.lane.fault;
  }

  /** Before its end nothing was delivered, so that there is nothing to go on from. */
  unfinished(): undefined {
    return undefined;
  }

  feed(chunk: Uint8Array): Uint8Array | undefined {
    return this.#keep(this.lane.feed(chunk));
  }

  end(): Uint8Array | undefined {
    return this.#keep(this.lane.end());
  }

  broke(reason: Fault): Uint8Array | undefined {
    return this.#keep(this.lane.broke(reason));
  }

  #keep(bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (bytes !== undefined) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      if (this.#heldBytes > HELD_BYTES_MAX) this.#fault = fault("malformed-reply", "an answer over the size limit");
    }
    if (!this.lane.finished || this.committed || this.fault !== undefined) return undefined;
    const all = concat(this.#held);
    this.#held = [];
    this.#fault = (this.#options.replaces ? this.lane.flaw : undefined) ?? this.#options.validation(this.#said(all));
    if (this.#fault !== undefined) return undefined;
    this.committed = true;
    return all;
  }

  #said(bytes: Uint8Array): Hearing {
    const said = new Hearing(false, HELD_BYTES_MAX);
    const { decoder } = this.#options;
    for (const frame of new FrameCutter(HELD_BYTES_MAX).push(bytes)) {
      for (const event of decoder.decode(frame)) said.hear(event);
    }
    return said;
  }
}
