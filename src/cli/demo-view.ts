// What the demo shows in its terminal: an outage as its calls live through it, one line a change, and a user's own calls.
// It reads the gateway's facts and nothing else: what it says is what happened.

import { callLine, type Paint, timeOfDay } from "../observe/call-line.ts";
import type { CallReader } from "../observe/follow-calls.ts";
import { duration, faultOf, recordOf, type TrackedCall } from "../observe/tracked-call.ts";
import { TRAFFIC_ROUTE } from "./demo-traffic.ts";

export interface DemoViewOptions {
  /** The provider that fails now and then; the first of the traffic's route. */
  readonly sick: string;
  readonly tint: Paint;
  tell(line: string): void;
}

/** It answers again, and gets its calls back by a ramp: those that go elsewhere meanwhile are no news. */
interface Returning {
  inARow: number;
}

interface Outage {
  readonly sinceMs: number;
  calls: number;
  failed: number;
  readonly by: Map<string, number>;
}

/** During an outage a line comes every so many calls: every five seconds. */
const PROGRESS_CALLS = 10;
/** So many of its answers one after the other, and it has all of its calls again. */
const RETURNED_CALLS = 20;

export function createDemoView({ sick, tint, tell }: DemoViewOptions): CallReader {
  let outage: Outage | undefined;
  let returning: Returning | undefined;
  let seen = false;
  const say = (call: TrackedCall, text: string): void => {
    tell(`${tint("dim", timeOfDay(call.startedWallMs + (call.end?.tookMs ?? 0)))}  ${text}`);
  };
  const begin = (call: TrackedCall, why: string, failed: boolean): Outage => {
    const goesOn = failed ? "a call failed" : `calls go on through ${providerOf(call.target)}`;
    say(call, `${tint("red", "outage begins")}  ${sick}: ${why}; ${goesOn}`);
    return { sinceMs: call.start.atMs, calls: 0, failed: 0, by: new Map() };
  };
  const end = (call: TrackedCall, over: Outage): void => {
    const lasted = duration(call.start.atMs - over.sinceMs);
    say(
      call,
      `${tint("green", "outage over")}  after ${lasted}: ${score(over, tint)}; its calls come back step by step`,
    );
  };
  const back = (call: TrackedCall, isBack: boolean): void => {
    if (returning === undefined) return;
    returning.inARow = isBack ? returning.inARow + 1 : 0;
    if (returning.inARow < RETURNED_CALLS) return;
    returning = undefined;
    say(call, `${tint("green", "all is well")}  ${sick} has all of its calls again`);
  };
  const traffic = (call: TrackedCall): void => {
    if (call.end?.ending === "cancelled") return;
    const failed = call.end?.ending !== "complete";
    const by = providerOf(call.target);
    if (!seen && !failed) say(call, `${tint("green", "all is well")}  ${by} answers the demo's own two calls a second`);
    seen = true;
    if (!failed && by === sick) {
      if (outage !== undefined) {
        end(call, outage);
        outage = undefined;
        returning = { inARow: 0 };
      }
      back(call, true);
      return;
    }
    const why = reason(call, sick);
    if (outage === undefined && why === undefined) {
      back(call, false);
      return;
    }
    outage ??= begin(call, why ?? "", failed);
    returning = undefined;
    outage.calls++;
    if (failed) outage.failed++;
    else outage.by.set(by, (outage.by.get(by) ?? 0) + 1);
    if (outage.calls % PROGRESS_CALLS === 0) say(call, `${tint("dim", "meanwhile")}  ${score(outage, tint)}`);
  };
  return (event, call) => {
    if (event.type !== "call-end") return;
    if (call.start.route === TRAFFIC_ROUTE) traffic(call);
    else tell(`${callLine(recordOf(call), tint)}${tint("dim", "  ← your call")}`);
  };
}

function score({ calls, failed, by }: Outage, tint: Paint): string {
  const answered = [...by].map(([provider, count]) => `${count} answered by ${provider}`);
  const lost = failed === 0 ? tint("green", "0 failed") : tint("red", `${failed} failed`);
  return [`${calls} calls`, ...answered, lost].join(", ");
}

/** `undefined`: nothing of it failed; it was not asked. */
function reason(call: TrackedCall, sick: string): string | undefined {
  const attempt = call.attempts.find(({ start }) => providerOf(start.target) === sick);
  return (attempt && faultOf(attempt)) ?? call.end?.fault;
}

function providerOf(target: string | undefined): string {
  return target?.split("/", 1)[0] ?? "nobody";
}
