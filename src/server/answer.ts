// One call over HTTP: read, given to the engine, answered; its end is counted whatever happens. Which path it came by and
// whether its client may ask, the handler knows.

import { CancelSource } from "../core/cancel.ts";
import { fault, isFault } from "../core/fault.ts";
import type { Clock } from "../core/runtime.ts";
import { type Delivery, deliver } from "../engine/deliver.ts";
import type { Engine } from "../engine/engine.ts";
import type { Tenant } from "./access.ts";
import { streamBody } from "./body.ts";
import { type Path, readCall } from "./read-call.ts";
import { refuse } from "./refuse.ts";

/** How many requests are under way. */
export interface Open {
  open: number;
}

export interface Exchange {
  readonly request: Request;
  readonly path: Path;
  readonly query: string;
  readonly id: string;
  readonly tenant: Tenant;
  readonly open: Open;
  readonly patient: () => void;
}

export async function answer(engine: Engine, exchange: Exchange): Promise<Response> {
  const { request, path, query, id, tenant, open } = exchange;
  const asker = { id, dialect: path.dialect };
  open.open++;
  const cancel = new CancelSource();
  const done = (): void => {
    open.open--;
  };
  const unwatch = watchClient(request, cancel, engine.runtime.clock);
  try {
    const asked = await readCall(request, path, query, { id, tenant, runtime: engine.runtime });
    exchange.patient();
    if (isFault(asked)) {
      done();
      return refuse(asker, asked);
    }
    const delivery = await deliver(engine, asked.call, cancel, asked.openMs);
    return respond(engine, delivery, { cancel, done });
  } catch (error) {
    done();
    const message = error instanceof Error ? error.message : String(error);
    engine.emit({ type: "bug", atMs: engine.runtime.clock.now(), call: id, message });
    cancel.cancel(fault("bug", "Holdfast failed inside."));
    return refuse(asker, fault("bug", "Holdfast failed inside; the call was not answered."));
  } finally {
    unwatch();
  }
}

/** A signal costs more than all of the engine's own work: calls that are answered at once go without. */
const WATCH_AFTER_MS = 25;

/** Cancels when the client leaves before it has a response; afterwards its stream says so. */
function watchClient(request: Request, cancel: CancelSource, clock: Clock): () => void {
  const left = (): void => cancel.cancel(fault("cancelled", "the client left"));
  let watched: Request["signal"] | undefined;
  const disarm = clock.after(WATCH_AFTER_MS, () => {
    watched = request.signal;
    if (watched.aborted) left();
    else watched.addEventListener("abort", left);
  });
  return () => {
    disarm();
    watched?.removeEventListener("abort", left);
  };
}

interface Responding {
  readonly cancel: CancelSource;
  readonly done: () => void;
}

function respond(engine: Engine, delivery: Delivery, { cancel, done }: Responding): Response {
  const { status, headers, body, early } = delivery;
  if (body instanceof Uint8Array) {
    done();
    return new Response(body as BodyInit, { status, headers }); // a Uint8Array is one; the types disagree on its buffer
  }
  const stream = streamBody(body, { clock: engine.runtime.clock, cancel, early, done });
  return new Response(stream, { status, headers });
}
