// What a caller of the library's `fetch` may do at any time: leave. Its own signal and `close` become one; a promise and a
// body then end with the reason, as the platform's `fetch` ends them.

/** One request's way out. */
export interface Departure {
  /** Aborts with the caller's signal or with `leave`, whichever is first; never after `over`. */
  readonly signal: AbortSignal;
  leave(reason: unknown): void;
  /** What `work` gives, or a rejection with the reason as soon as there is one. A failed `work` ends the exchange. */
  race<T>(work: Promise<T>): Promise<T>;
  /** The same bytes; ends with the reason when the caller leaves. `over` runs by itself when all were produced. */
  follow(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array>;
  /** The exchange has ended: takes every listener off. */
  over(): void;
}

/** `done` runs once, at `over` or after leaving. */
export function createDeparture(caller: AbortSignal | undefined, done: () => void): Departure {
  const controller = new AbortController();
  const { signal } = controller;
  // Not listeners of the signal: Node keeps a Request's signal, with all that its listeners hold, until the Request is
  // collected, and they hold the Request.
  let parting: ((reason: unknown) => void)[] = [];
  let settled = false;
  const over = (): void => {
    if (settled) return;
    settled = true;
    parting = [];
    caller?.removeEventListener("abort", left);
    done();
  };
  const leave = (reason: unknown): void => {
    if (settled) return;
    const told = parting;
    controller.abort(reason);
    over();
    for (const tell of told) tell(signal.reason);
  };
  const left = (): void => leave(caller?.reason);
  caller?.addEventListener("abort", left);
  if (caller?.aborted) left();
  const onLeave = (tell: (reason: unknown) => void): void => {
    if (signal.aborted) tell(signal.reason);
    else parting.push(tell);
  };
  return {
    signal,
    leave,
    over,
    race: (work) =>
      new Promise((resolve, reject) => {
        onLeave(reject);
        work.then(resolve, (error: unknown) => {
          over();
          reject(error);
        });
      }),
    follow: (body) => followed(body, onLeave, over),
  };
}

type OnLeave = (tell: (reason: unknown) => void) => void;

function followed(body: ReadableStream<Uint8Array>, onLeave: OnLeave, over: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let left = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      onLeave((reason) => {
        left = true;
        controller.error(reason);
        reader.cancel(reason).catch(ignore);
      });
      // Also when nobody reads any more: a body that was produced or given up must not be held on to.
      reader.closed.then(over, (reason: unknown) => {
        over();
        controller.error(reason);
      });
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (left) return;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      over();
      await reader.cancel(reason);
    },
  });
}

function ignore(): void {}
