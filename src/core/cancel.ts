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
  #listeners: Set<(fault: Fault) => void> | undefined;

  onCancel(listener: (fault: Fault) => void): () => void {
    if (this.fault !== undefined) {
      listener(this.fault);
      return nothing;
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  /** The first call wins; later ones do nothing. */
  cancel(fault: Fault): void {
    if (this.fault !== undefined) return;
    this.fault = fault;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener(fault);
  }
}

function nothing(): void {}
