// The client's side of a stream: written at the client's pace, kept alive while the provider is silent, given up when the
// client takes nothing. Portable: WHATWG streams only.

import type { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { Clock } from "../core/runtime.ts";
import { LazyDeadline } from "../core/timing.ts";
import type { Outflow } from "../engine/deliver.ts";

/** Clients of the field give up on a stream that is silent for 15 s and more; comments and pings keep them. */
const PING_MS = 10_000;
const CLIENT_STALL_MS = 60_000;

export interface StreamOptions {
  readonly clock: Clock;
  readonly cancel: CancelSource;
  /** A first ping goes out with the headers of an early open. */
  readonly early: boolean;
  /** Runs once, when the stream is over for whatever reason. */
  readonly done: () => void;
}

export function streamBody(outflow: Outflow, options: StreamOptions): ReadableStream<Uint8Array> {
  const { clock, cancel } = options;
  let over = false;
  let reading = false;
  let unread = 0;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const timer = new LazyDeadline(clock, () => (reading ? ping() : stall()));
  const finish = (): void => {
    if (over) return;
    over = true;
    timer.stop();
    options.done();
  };
  const stall = (): void => {
    cancel.cancel(fault("client-stall", "the client took no byte for a minute"));
    controller?.error(new Error("the client took no byte for a minute"));
    finish();
  };
  const ping = (): void => {
    if (controller === undefined || over) return;
    if ((controller.desiredSize ?? 0) > 0) {
      unread = 0;
      controller.enqueue(outflow.pingFrame);
    } else unread += PING_MS;
    if (unread >= CLIENT_STALL_MS) stall();
    else timer.move(PING_MS);
  };
  return new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      if (options.early) given.enqueue(outflow.pingFrame);
    },
    async pull(given) {
      reading = true;
      timer.move(PING_MS);
      const bytes = await outflow.next();
      reading = false;
      if (over) return;
      if (bytes === undefined) {
        given.close();
        finish();
        return;
      }
      given.enqueue(bytes);
      timer.move(CLIENT_STALL_MS);
    },
    cancel() {
      cancel.cancel(fault("cancelled", "the client left"));
      finish();
    },
  });
}
