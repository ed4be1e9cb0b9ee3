// How a deferred call does, as events: one at each change, until it is over. The row is looked at now and then; whoever reads too
// slowly, or too many at once, polls instead.

import type { Job } from "../core/deferral.ts";
import type { Clock } from "../core/runtime.ts";

const LOOK_MS = 1_000;
/** Proxies close what is silent. */
const SILENT_MS = 15_000;
const FOLLOWERS_MAX = 256;
/** Events that a reader has not taken. */
const UNREAD_MAX = 16;

/** How many follow. */
export interface Seats {
  taken: number;
  /** Nobody drains while they are followed. */
  areClosed: boolean;
}

export function stateOf({ id, state, position, running }: Job) {
  return { id, state: running ? "running" : state, position };
}

/** `undefined`: too many follow already. `find` may throw: then it ends. */
export function progress(seats: Seats, find: () => Job | undefined, first: Job, clock: Clock): Response | undefined {
  if (seats.areClosed || seats.taken >= FOLLOWERS_MAX) return undefined;
  seats.taken++;
  const encoder = new TextEncoder();
  let disarm: (() => void) | undefined;
  let isOver = false;
  const leave = (): void => {
    if (isOver) return;
    isOver = true;
    seats.taken--;
    disarm?.();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let told = "";
        let toldAtMs = clock.now();
        const tell = (text: string): void => {
          toldAtMs = clock.now();
          controller.enqueue(encoder.encode(text));
        };
        const look = (job: Job | undefined): void => {
          const now = job === undefined ? "" : JSON.stringify(stateOf(job));
          if (now !== told && now !== "") tell(`event: deferred\ndata: ${now}\n\n`);
          else if (clock.now() - toldAtMs >= SILENT_MS) tell(": waiting\n\n");
          told = now;
          if (job?.state === "queued" && !seats.areClosed && (controller.desiredSize ?? 0) > 0) {
            disarm = clock.after(LOOK_MS, () => look(findOrNone(find)));
            return;
          }
          leave();
          controller.close();
        };
        look(first);
      },
      cancel: leave,
    },
    new CountQueuingStrategy({ highWaterMark: UNREAD_MAX }),
  );
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function findOrNone(find: () => Job | undefined): Job | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
