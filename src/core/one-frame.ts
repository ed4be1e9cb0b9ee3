// A whole body as frames: one, and no more.

import type { Frames } from "./reply.ts";

export class OneFrame implements Frames {
  #frame: Uint8Array | undefined;

  constructor(body: Uint8Array) {
    this.#frame = body;
  }

  read(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.take());
  }

  /** The same for whoever need not wait: it is there. */
  take(): Uint8Array | undefined {
    const frame = this.#frame;
    this.#frame = undefined;
    return frame;
  }
}
