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

interface Outage {
  readonly sinceMs: number;
  calls: number;
  failed: number;
  readonly by: Map<string, number>;
}

/** During an outage a line comes every so many calls: every five seconds. */
const PROGRESS_CALLS = 10;

export function createDemoView({ sick, tint, tell }: DemoViewOptions): CallReader {
  let outage: Outage | undefined;
  let seen = false;
  const say = (call: TrackedCall, text: string): void => {
    tell(`${tint("dim", timeOfDay(call.startedWallMs + (call.end?.tookMs ?? 0)))}  ${text}`);
  };
  const traffic = (call: TrackedCall): void => {
    if (call.end?.ending === "cancelled") return;
    const failed = call.end?.ending !== "complete";
    const by = providerOf(call.target);
    if (!seen && !failed) say(call, `${tint("green", "all is well")}  ${by} answers the demo's own two calls a second`);
    seen = true;
    if (outage === undefined) {
      if (!failed && by === sick) return;
      outage = { sinceMs: call.start.atMs, calls: 0, failed: 0, by: new Map() };
      say(
        call,
        `${tint("red", "outage begins")}  ${sick}: ${reason(call, sick)}; ${failed ? "a call failed" : `calls go on through ${by}`}`,
      );
    } else if (!failed && by === sick) {
      say(
        call,
        `${tint("green", "outage over")}  after ${duration(call.start.atMs - outage.sinceMs)}: ${score(outage, tint)}`,
      );
      outage = undefined;
      return;
    }
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

function reason(call: TrackedCall, sick: string): string {
  const attempt = call.attempts.find(({ start }) => providerOf(start.target) === sick);
  return (attempt && faultOf(attempt)) ?? call.end?.fault ?? "not asked";
}

function providerOf(target: string | undefined): string {
  return target?.split("/", 1)[0] ?? "nobody";
}
