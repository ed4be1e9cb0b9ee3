// One call over HTTP: read, given to the engine, answered; its end is counted whatever happens. Which path it came by and
// whether its client may ask, the handler knows.

import { CancelSource } from "../core/cancel.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import { type Delivery, deliver } from "../engine/deliver.ts";
import type { Engine } from "../engine/engine.ts";
import { streamBody } from "./body.ts";
import type { ClientWatch, Patient } from "./client-watch.ts";
import { type CallRequest, openMsOf, readBody, readCall } from "./read-call.ts";
import { type Asker, refuse } from "./refuse.ts";
import { wholeResponse } from "./whole-response.ts";

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
    let body: Uint8Array | Fault;
    try {
      body = await readBody(request);
    } catch {
      body = fault("cancelled", "the client left before its request was whole");
    }
    const call = isFault(body) ? body : readCall(exchange, body, engine.runtime, engine.routes.speaksSeveral);
    if (isFault(call)) {
      open.open--;
      return refuse(asker, call);
    }
    const cancel = new CancelSource();
    const place = exchange.clients.begin(request, exchange.patient, cancel);
    try {
      const openMs = call.stream ? openMsOf(request.headers) : 0;
      const delivery = await deliver(engine, call, cancel, openMs);
      return respond(delivery, exchange, cancel);
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

function respond(
  { status, headers, body, early }: Delivery,
  { clients, open }: Exchange,
  cancel: CancelSource,
): Response {
  if (body instanceof Uint8Array) {
    const response = wholeResponse(body, status, headers);
    open.open--;
    return response;
  }
  const { ticks, direct } = clients;
  return new Response(streamBody(body, { ticks, direct, cancel, early, open }), { status, headers });
}
