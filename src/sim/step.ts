// What a simulated provider does on its connection, one step after the other. The virtual transport and the real sockets
// play the same lists; a list that does not finish with `end`, `close`, `reset` or `hang` is a bug.

export type Step =
  | { readonly type: "wait"; readonly ms: number }
  /** With `content-length` the body is of that length, else it is chunked. */
  | { readonly type: "head"; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  /** The body ends as HTTP says. */
  | { readonly type: "end" }
  /** The connection is closed without the body's end. */
  | { readonly type: "close" }
  /** The connection is reset (TCP RST). */
  | { readonly type: "reset" }
  /** Nothing more, for ever. */
  | { readonly type: "hang" };
