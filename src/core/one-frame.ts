// A whole body as frames: one, and no more.

import type { Frames } from "./reply.ts";

export class OneFrame implements Frames {
  #frame: Uint8Array | undefined;

  constructor(body: Uint8Array) {
    this.#frame = body;
  }

  read(): Promise<Uint8Array | undefined> {
    const frame = this.#frame;
    this.#frame = undefined;
    return Promise.resolve(frame);
  }
}
