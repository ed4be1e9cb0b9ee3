// A synchronous cancellation token: a hundredth of the cost of an AbortController, and its listeners run at once.
// AbortController exists only in `src/runtime/`, where the platform asks for one.

import type { Fault } from "./fault.ts";

export interface CancelListener {
  cancelled(fault: Fault): void;
}

export interface Cancel {
  /** Why, once cancelled. */
  readonly fault: Fault | undefined;
  /** Runs `listener` at the cancellation (at once if that has passed); the result takes it off again. */
  onCancel(listener: (fault: Fault) => void): () => void;
  /** The same for what is an object anyway: an open stream holds no function for it. */
  listen(listener: CancelListener): void;
  unlisten(listener: CancelListener): void;
}

/** Itself a listener, so that one token can end with another. */
export class CancelSource implements Cancel, CancelListener {
  fault: Fault | undefined;
  /** Nearly always there is one listener, or none: a list is made for the second. */
  #only: CancelListener | undefined;
  #more: CancelListener[] | undefined;

  onCancel(listener: (fault: Fault) => void): () => void {
    const own = { cancelled: listener };
    this.listen(own);
    return () => this.unlisten(own);
  }

  listen(listener: CancelListener): void {
    if (this.fault !== undefined) listener.cancelled(this.fault);
    else if (this.#only === undefined && this.#more === undefined) this.#only = listener;
    else {
      this.#more ??= [];
      this.#more.push(listener);
    }
  }

  unlisten(listener: CancelListener): void {
    if (this.#only === listener) this.#only = undefined;
    const at = this.#more?.indexOf(listener) ?? -1;
    if (at >= 0) this.#more?.splice(at, 1);
  }

  cancelled(fault: Fault): void {
    this.cancel(fault);
  }

  /** The first call wins; later ones do nothing. */
  cancel(fault: Fault): void {
    if (this.fault !== undefined) return;
    this.fault = fault;
    const only = this.#only;
    this.#only = undefined;
    only?.cancelled(fault);
    // Whoever is taken off by one that is told hears nothing.
    while (this.#more !== undefined && this.#more.length > 0) this.#more.shift()?.cancelled(fault);
    this.#more = undefined;
  }
}
