// One upstream call for all who ask the very same at the same time. The call belongs to the flight, not to whoever asked first: it
// ends early only when everybody has left. Its frames go into one buffer that is only appended to, and each rider reads it with
// a cursor of its own. Only where answers may be given while all is well: it takes the question's key before the answer.

import type { Call } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { FAULTS, type Fault, fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Answer, Ending, Frames, Reply } from "../core/reply.ts";
import type { Scope, Service } from "../core/service.ts";
import { LazyDeadline } from "../core/timing.ts";

/** Beyond this nobody boards any more, what all have read is let go, and the slowest rider sets the pace. */
export const BUFFER_BYTES_MAX = 4_194_304;
const PASSED = "The call's deadline passed.";
const COLLAPSED = "holdfast; fwd=miss; collapsed";
const NOTHING_BILLED = { inputTokens: 0, outputTokens: 0 } as const;

export interface Flights {
  /** `key`: of calls whose answers are the same to the byte. The call's own deadline holds for its rider alone. */
  board(key: string, call: Call, scope: Scope, next: Service): Promise<Reply>;
}

interface Rider {
  /** How many of the flight's frames it has read. */
  read: number;
}

interface Flight {
  readonly key: string;
  readonly cancel: CancelSource;
  readonly riders: Set<Rider>;
  reply: Promise<Reply>;
  frames: Uint8Array[];
  /** Frames that were let go. */
  gone: number;
  bytes: number;
  over: boolean;
  /** Whoever waits for the next frame, and the pump when it waits for riders. */
  waiting: (() => void)[];
  stopTelling: (reason: Fault) => void;
}

export function createFlights(): Flights {
  const flights = new Map<string, Flight>();
  return {
    board(key, call, scope, next) {
      const known = flights.get(key);
      if (known !== undefined) return ride(flights, known, { call, scope, first: false });
      const flight = launch(flights, key, { call, scope, next });
      return ride(flights, flight, { call, scope, first: true });
    },
  };
}

interface Launch {
  readonly call: Call;
  readonly scope: Scope;
  readonly next: Service;
}

function launch(flights: Map<string, Flight>, key: string, { call, scope, next }: Launch): Flight {
  const cancel = new CancelSource();
  const { emit, stop } = tellingFor(scope);
  const own: Call = { ...call, deadlineMs: Number.POSITIVE_INFINITY };
  const reply = next(own, { ...scope, cancel, emit });
  const flight: Flight = {
    key,
    cancel,
    riders: new Set(),
    reply,
    frames: [],
    gone: 0,
    bytes: 0,
    over: false,
    waiting: [],
    stopTelling: stop,
  };
  flights.set(key, flight);
  const land = (): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };
  void reply.then((answered) => (answered.ok ? pump(flight, answered, land) : land()), land);
  return flight;
}

/** What happens is told of the call that began it, as long as that one lasts: nothing may follow a call's end. */
function tellingFor(scope: Scope): { emit: Scope["emit"]; stop(reason: Fault): void } {
  const open = new Map<number, GatewayEvent & { readonly type: "attempt-start" }>();
  let over = false;
  return {
    emit(event) {
      if (event.type === "attempt-start") open.set(event.number, event);
      else if (event.type === "attempt-end") open.delete(event.number);
      if (!over || event.type === "belief" || event.type === "probe") scope.emit(event);
    },
    stop({ kind }) {
      if (over) return;
      over = true;
      const atMs = scope.runtime.clock.now();
      for (const { call, target, number, atMs: sinceMs } of open.values()) {
        const ended = { atMs, call, target, number, tookMs: atMs - sinceMs, fault: kind } as const;
        scope.emit({ type: "attempt-end", ...ended, committed: false, pausedMs: 0 });
      }
    },
  };
}

async function pump(flight: Flight, answer: Answer, land: () => void): Promise<void> {
  for (;;) {
    const bytes = await answer.frames.read();
    if (bytes === undefined) break;
    flight.frames.push(bytes);
    flight.bytes += bytes.length;
    wake(flight);
    while (flight.bytes > BUFFER_BYTES_MAX && flight.riders.size > 0 && flight.cancel.fault === undefined) {
      // Who boards now would miss the beginning.
      land();
      letGo(flight);
      if (flight.bytes > BUFFER_BYTES_MAX) await new Promise<void>((resolve) => flight.waiting.push(resolve));
    }
  }
  flight.over = true;
  land();
  wake(flight);
}

/** Frames that every rider has. */
function letGo(flight: Flight): void {
  const slowest = Math.min(...[...flight.riders].map(({ read }) => read));
  const had = flight.frames.splice(0, slowest - flight.gone);
  flight.gone += had.length;
  for (const { length } of had) flight.bytes -= length;
}

function wake(flight: Flight): void {
  for (const resume of flight.waiting.splice(0)) resume();
}

interface Boarding {
  readonly call: Call;
  readonly scope: Scope;
  readonly first: boolean;
}

async function ride(flights: Map<string, Flight>, flight: Flight, boarding: Boarding): Promise<Reply> {
  const { call, scope } = boarding;
  const rider: Rider = { read: 0 };
  flight.riders.add(rider);
  const timer = new LazyDeadline(scope.runtime.clock, () => scope.cancel.cancel(fault("deadline-exceeded", PASSED)));
  timer.moveTo(call.deadlineMs);
  const leave = (reason: Fault | undefined): void => {
    timer.stop();
    off();
    if (flight.riders.delete(rider)) left(flights, flight, reason, boarding.first);
  };
  let off = (): void => {};
  const cancelled = new Promise<Reply>((resolve) => {
    off = scope.cancel.onCancel((reason) => {
      // Alone, it hears how the flight itself ends: what was tried is told there.
      const alone = flight.riders.size === 1;
      leave(reason);
      resolve(alone ? flight.reply : { ok: false, fault: reason, trail: [] });
    });
  });
  const reply = await Promise.race([flight.reply, cancelled]).catch((bug: unknown) => {
    leave(undefined);
    throw bug;
  });
  if (reply.ok && flight.riders.has(rider)) return seated(flight, reply, { rider, leave, off, boarding });
  leave(undefined);
  return reply;
}

/** `reason`: why it left before the end; the last one takes the upstream call along. */
function left(flights: Map<string, Flight>, flight: Flight, reason: Fault | undefined, first: boolean): void {
  if (reason !== undefined && !flight.over) {
    if (flight.riders.size === 0) {
      if (flights.get(flight.key) === flight) flights.delete(flight.key);
      flight.cancel.cancel(reason);
    } else if (first) flight.stopTelling(reason);
  }
  wake(flight);
}

interface Seat {
  readonly rider: Rider;
  readonly boarding: Boarding;
  leave(reason: Fault | undefined): void;
  /** Before the answer a departure was heard otherwise. */
  off(): void;
}

/** The flight's answer for one rider: the first one's is that of any call, the others' cost nothing and have no trail. */
function seated(flight: Flight, answer: Answer, { rider, leave, off, boarding }: Seat): Answer {
  const { scope, call, first } = boarding;
  let settle: (ending: Ending) => void = () => {};
  const ending = new Promise<Ending>((resolve) => {
    settle = resolve;
  });
  let over = false;
  let departed = false;
  const arrive = (ended: Ending): undefined => {
    if (over) return undefined;
    over = true;
    unheard();
    leave(undefined);
    settle(first ? ended : { ...ended, usage: NOTHING_BILLED });
    return undefined;
  };
  off();
  const depart = (reason: Fault): void => {
    if (over) return;
    departed = true;
    const alone = flight.riders.size === 1;
    leave(reason);
    wake(flight);
    if (alone) void Promise.resolve(answer.ending).then(arrive);
    else arrive(cutShort(reason));
  };
  const unheard = scope.cancel.onCancel(depart);
  // Of a whole answer nobody reads on.
  if (!call.stream) void Promise.resolve(answer.ending).then(arrive);
  const frames: Frames = {
    async read() {
      for (;;) {
        if (departed) return undefined;
        const next = flight.frames[rider.read - flight.gone];
        if (next !== undefined) {
          rider.read++;
          if (flight.bytes > BUFFER_BYTES_MAX) wake(flight);
          return next;
        }
        if (flight.over) return Promise.resolve(answer.ending).then(arrive);
        await new Promise<void>((resolve) => flight.waiting.push(resolve));
      }
    },
  };
  const mine: Answer = { ...answer, frames, ending, cancel: scope.cancel };
  return first ? mine : { ...mine, headers: { "cache-status": COLLAPSED }, trail: [] };
}

function cutShort(reason: Fault): Ending {
  const kind = FAULTS[reason.kind].blame === "caller" ? "cancelled" : "broken";
  return { kind, fault: reason, firstContentMs: 0, tookMs: 0, pausedMs: 0 };
}
