// A synchronous cancellation token: a hundredth of the cost of an AbortController, and its listeners run at once.
// AbortController exists only in `src/runtime/`, where the platform asks for one.

import type { Fault } from "./fault.ts";

export interface Cancel {
  /** Why, once cancelled. */
  readonly fault: Fault | undefined;
  /** Runs `listener` at the cancellation (at once if that has passed); the result takes it off again. */
  onCancel(listener: (fault: Fault) => void): () => void;
}

export class CancelSource implements Cancel {
  fault: Fault | undefined;
  /** Nearly always there is one listener, or none: a set is made for the second. */
  #only: ((fault: Fault) => void) | undefined;
  #more: Set<(fault: Fault) => void> | undefined;

  onCancel(listener: (fault: Fault) => void): () => void {
    if (this.fault !== undefined) {
      listener(this.fault);
      return nothing;
    }
    if (this.#only === undefined && this.#more === undefined) {
      this.#only = listener;
      return () => {
        if (this.#only === listener) this.#only = undefined;
      };
    }
    this.#more ??= new Set();
    const more = this.#more;
    more.add(listener);
    // Of this very set: it also holds while the listeners are being told.
    return () => more.delete(listener);
  }

  /** The first call wins; later ones do nothing. */
  cancel(fault: Fault): void {
    if (this.fault !== undefined) return;
    this.fault = fault;
    const only = this.#only;
    this.#only = undefined;
    only?.(fault);
    if (this.#more === undefined) return;
    for (const listener of this.#more) listener(fault);
    this.#more = undefined;
  }
}

function nothing(): void {}
