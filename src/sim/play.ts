// What each kind of fault makes of an answer: from frames or a whole body to steps. Pure; who is hit and when is decided
// in `schedule.ts`, what the kinds mean is told in `fault-script.ts`.

import type { Problem } from "./ask.ts";
import type { FaultScript } from "./fault-script.ts";
import { encodeJson, encodeText } from "./json.ts";
import type { Step } from "./step.ts";
import type { Frame, Voice } from "./voice.ts";

/** How fast an answer comes, and who tells it. */
export interface Pace {
  readonly firstTokenMs: number;
  /** When the headers come; absent: soon. */
  readonly headMs?: number;
  readonly gapMs: number;
  readonly voice: Voice;
  readonly requestId: string;
}

/** A provider that refuses is quick about it. */
const REFUSAL_MS = 20;
const AFTER = 3;
const PING_MS = 5000;
const PINGS_MAX = 720;
const SLOW_MS = 30_000;
const DRIP_MS = 2000;
const DRIP_PARTS = 8;
/** Of the time to the first token, the part that passes before the headers. */
const HEAD_SHARE = 0.2;
const HEAD_MAX_MS = 200;
const HTML = "<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>";

const END: Step = { type: "end" };
const HANG: Step = { type: "hang" };
const CLOSE: Step = { type: "close" };
const RESET: Step = { type: "reset" };

/** A refusal with status and body in the dialect's form. */
export function refusalSteps(problem: Problem, pace: Pace, fault?: FaultScript): readonly Step[] {
  const body = encodeJson(
    pace.voice.errorBody(
      { ...problem, message: fault?.message ?? problem.message, type: fault?.errorType ?? problem.type },
      pace.requestId,
    ),
  );
  const retryAfter = fault?.retryAfter ?? (fault?.kind === "rate-limit" ? "2" : undefined);
  const more = { ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }), ...fault?.headers };
  return [...wait(fault?.delayMs ?? REFUSAL_MS), jsonHead(problem.status, body, { pace, more }), bytes(body), END];
}

/** The kinds that need no answer, hence no valid request; `undefined` for the others. */
export function blindSteps(fault: FaultScript, pace: Pace, aim: { model: string; stream: boolean }) {
  const { voice } = pace;
  const head = aim.stream ? streamHead(pace) : wholeHead(pace);
  switch (fault.kind) {
    case "status": {
      const status = fault.status ?? 500;
      return refusalSteps({ status, type: voice.typeOf(status), message: `Simulated status ${status}` }, pace, fault);
    }
    case "overloaded":
    case "rate-limit":
    case "server-error":
    case "credential":
    case "model-missing":
    case "bad-request":
    case "context-too-long": {
      const problem = voice.problem(fault.kind, aim.model);
      return refusalSteps({ ...problem, status: fault.status ?? problem.status }, pace, fault);
    }
    case "silence":
      return [HANG];
    case "stall-after-headers":
      return [...headWait(pace), head, HANG];
    case "pings-only": {
      // A space is a keep-alive that JSON allows before the body.
      const ping = [...wait(fault.delayMs ?? PING_MS), bytes(aim.stream ? voice.pingFrame : encodeText(" "))];
      return [...headWait(pace), head, ...Array.from({ length: PINGS_MAX }, () => ping).flat(), HANG];
    }
    case "html":
      return [...headWait(pace), headStep(200, "text/html; charset=utf-8", pace), bytes(encodeText(HTML)), END];
    case "end-at-once":
      return [...headWait(pace), head, END];
    case "reset":
      return fault.after === undefined ? [...wait(fault.delayMs ?? 0), RESET] : undefined;
    default:
      return undefined;
  }
}

/** A streamed answer, whole or as `fault` leaves it. */
export function streamSteps(frames: readonly Frame[], pace: Pace, fault?: FaultScript): readonly Step[] {
  const run = new StreamRun(frames, slowed(pace, fault));
  const after = fault?.after ?? AFTER;
  switch (fault?.kind) {
    case "stall":
      return [...run.until(after), HANG];
    case "cut":
      return [...run.until(after), END];
    case "cut-body":
      return [...run.until(after), CLOSE];
    case "reset":
      return [...run.until(after), RESET];
    case "error-in-band":
      return [...run.until(after), bytes(inBandError(fault, pace)), END];
    case "role-only-error":
      return [...run.until(0), bytes(inBandError(fault, pace)), END];
    case "cut-json":
      return [...run.until(run.middle), bytes(half(run.middleFrame)), END];
    case "malformed-frame":
      return [...run.until(after), bytes(pace.voice.malformedFrame), ...run.from(after), END];
    case "no-terminator":
      return [...run.all((kind) => kind !== "terminal"), END];
    case "no-finish":
      return [...run.all((kind) => kind !== "terminal" && kind !== "stop"), END];
    case "byte-by-byte":
      return [...singly(run.all(() => true)), END];
    default:
      return [...run.whole(), END];
  }
}

/** A whole body of JSON that takes `bodyMs` from its first token to its last, or what `fault` leaves of it. */
export function wholeSteps(value: unknown, bodyMs: number, pace: Pace, fault?: FaultScript): readonly Step[] {
  const body = encodeJson(value);
  const before = wait(
    pace.firstTokenMs + bodyMs + (fault?.kind === "slow-first-token" ? (fault.delayMs ?? SLOW_MS) : 0),
  );
  const sized = jsonHead(200, body, { pace });
  const part = bytes(half(body));
  switch (fault?.kind) {
    case "stall":
      return [...before, sized, part, HANG];
    case "cut":
    case "cut-json":
      return [...before, wholeHead(pace), part, END];
    case "cut-body":
      return [...before, sized, part, CLOSE];
    case "reset":
      return [...before, sized, part, RESET];
    case "error-in-band":
    case "role-only-error": {
      const error = encodeJson(pace.voice.errorBody(inBandProblem(fault, pace), pace.requestId));
      return [...before, jsonHead(200, error, { pace }), bytes(error), END];
    }
    case "malformed-frame":
      return [...before, wholeHead(pace), bytes(body.subarray(0, -1)), bytes(encodeText(",]")), END];
    case "drip": {
      const size = Math.ceil(body.length / DRIP_PARTS);
      const parts = Array.from({ length: DRIP_PARTS }, (_, index) => body.subarray(index * size, (index + 1) * size));
      const drops = parts.filter((drop) => drop.length > 0);
      return [...before, sized, ...drops.flatMap((drop) => [...wait(fault.delayMs ?? DRIP_MS), bytes(drop)]), END];
    }
    case "byte-by-byte":
      return [...before, sized, ...singly([bytes(body)]), END];
    default:
      return [...before, sized, bytes(body), END];
  }
}

/** Lays the frames of a stream out in time. */
class StreamRun {
  readonly #frames: readonly Frame[];
  readonly #pace: Pace;

  constructor(frames: readonly Frame[], pace: Pace) {
    this.#frames = frames;
    this.#pace = pace;
  }

  get middle(): number {
    return this.#frames.filter((frame) => frame.kind === "content").length >> 1;
  }

  get middleFrame(): Uint8Array {
    const contents = this.#frames.filter((frame) => frame.kind === "content");
    return (contents[this.middle] ?? this.#frames[0])?.bytes ?? new Uint8Array();
  }

  whole(): readonly Step[] {
    return [...this.#opening(), ...this.#lay(this.#frames)];
  }

  all(wanted: (kind: Frame["kind"]) => boolean): readonly Step[] {
    return [...this.#opening(), ...this.#lay(this.#frames.filter((frame) => wanted(frame.kind)))];
  }

  /** The headers and `count` content events, to the moment when the next would come; never the answer's ending. */
  until(count: number): readonly Step[] {
    const place = this.#place(count);
    const gap = count === 0 ? this.#firstWaitMs() : this.#pace.gapMs;
    const laid = this.#lay(this.#frames.slice(0, place));
    return [...this.#opening(), ...laid, ...wait(gap)];
  }

  /** What `until(count)` left. */
  from(count: number): readonly Step[] {
    return this.#lay(this.#frames.slice(this.#place(count)), count);
  }

  #place(count: number): number {
    let seen = 0;
    const place = this.#frames.findIndex(
      (frame) => frame.kind === "stop" || (frame.kind === "content" && ++seen > count),
    );
    return place < 0 ? this.#frames.length : place;
  }

  #opening(): readonly Step[] {
    return [...headWait(this.#pace), streamHead(this.#pace)];
  }

  #firstWaitMs(): number {
    return this.#pace.firstTokenMs - headWaitMs(this.#pace);
  }

  #lay(frames: readonly Frame[], contentsBefore = 0): readonly Step[] {
    const steps: Step[] = [];
    let contents = contentsBefore;
    for (const frame of frames) {
      const waitMs = frame.kind !== "content" ? 0 : contents++ === 0 ? this.#firstWaitMs() : this.#pace.gapMs;
      if (waitMs > 0) steps.push({ type: "wait", ms: waitMs });
      steps.push(bytes(frame.bytes));
    }
    return steps;
  }
}

function slowed(pace: Pace, fault: FaultScript | undefined): Pace {
  if (fault?.kind === "slow-first-token") {
    // Only the token is late: the headers come as ever.
    return { ...pace, headMs: headWaitMs(pace), firstTokenMs: pace.firstTokenMs + (fault.delayMs ?? SLOW_MS) };
  }
  return fault?.kind === "drip" ? { ...pace, gapMs: fault.delayMs ?? DRIP_MS } : pace;
}

function inBandProblem(fault: FaultScript, { voice }: Pace): Problem {
  const problem = voice.problem("overloaded", "");
  const message = fault.message ?? problem.message;
  // A type of the script's own has no code of ours.
  return fault.errorType === undefined
    ? { ...problem, message }
    : { status: problem.status, type: fault.errorType, message };
}

function inBandError(fault: FaultScript, pace: Pace): Uint8Array {
  return pace.voice.errorFrame(inBandProblem(fault, pace), pace.requestId);
}

function jsonHead(
  status: number,
  body: Uint8Array,
  { pace, more }: { pace: Pace; more?: Record<string, string> },
): Step {
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  return { type: "head", status, headers: { ...headers, ...pace.voice.headers(pace.requestId), ...more } };
}

function wholeHead(pace: Pace): Step {
  return headStep(200, "application/json", pace);
}

function streamHead(pace: Pace): Step {
  return headStep(200, "text/event-stream; charset=utf-8", pace);
}

function headStep(status: number, contentType: string, { voice, requestId }: Pace): Step {
  return { type: "head", status, headers: { "content-type": contentType, ...voice.headers(requestId) } };
}

function headWaitMs({ headMs, firstTokenMs }: Pace): number {
  // A slow model does not make slow headers.
  return headMs ?? Math.min(Math.round(firstTokenMs * HEAD_SHARE), HEAD_MAX_MS);
}

function headWait(pace: Pace): readonly Step[] {
  return wait(headWaitMs(pace));
}

function wait(ms: number): readonly Step[] {
  return ms > 0 ? [{ type: "wait", ms }] : [];
}

function bytes(content: Uint8Array): Step {
  return { type: "bytes", bytes: content };
}

function half(body: Uint8Array): Uint8Array {
  return body.subarray(0, body.length >> 1);
}

function singly(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) =>
    step.type === "bytes" ? Array.from(step.bytes, (_, index) => bytes(step.bytes.subarray(index, index + 1))) : [step],
  );
}
