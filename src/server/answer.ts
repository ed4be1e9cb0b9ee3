// One call over HTTP: read, given to the engine, answered; its end is counted whatever happens. Which path it came by and
// whether its client may ask, the handler knows.

import { CancelSource } from "../core/cancel.ts";
import { fault, isFault } from "../core/fault.ts";
import { deliver } from "../engine/deliver.ts";
import type { Engine } from "../engine/engine.ts";
import { streamBody } from "./body.ts";
import type { ClientWatch, Patient } from "./client-watch.ts";
import { type CallRequest, readCall } from "./read-call.ts";
import { type Asker, refuse } from "./refuse.ts";

/** How many requests are under way. */
export interface Open {
  open: number;
}

export interface Exchange extends CallRequest {
  readonly asker: Asker;
  readonly open: Open;
  readonly patient: Patient;
  readonly clients: ClientWatch;
}

export async function answer(engine: Engine, exchange: Exchange): Promise<Response> {
  const { request, asker, open } = exchange;
  const { id } = asker;
  open.open++;
  try {
    const asked = await readCall(exchange, engine.runtime, engine.routes.speaksSeveral);
    if (isFault(asked)) {
      open.open--;
      return refuse(asker, asked);
    }
    const cancel = new CancelSource();
    const place = exchange.clients.begin(request, exchange.patient, cancel);
    try {
      const { status, headers, body, early } = await deliver(engine, asked.call, cancel, asked.openMs);
      if (body instanceof Uint8Array) {
        open.open--;
        return new Response(body as BodyInit, { status, headers }); // a Uint8Array is one; the types disagree on its buffer
      }
      const { ticks } = exchange.clients;
      return new Response(streamBody(body, { ticks, cancel, early, open }), { status, headers });
    } catch (error) {
      cancel.cancel(fault("bug", "Holdfast failed inside."));
      throw error;
    } finally {
      exchange.clients.end(place);
    }
  } catch (error) {
    open.open--;
    const message = error instanceof Error ? error.message : String(error);
    engine.emit({ type: "bug", atMs: engine.runtime.clock.now(), call: id, message });
    return refuse(asker, fault("bug", "Holdfast failed inside; the call was not answered."));
  }
}
