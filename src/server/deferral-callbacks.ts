// Tells clients that their deferred call is over, where they asked for that: a signed webhook (Standard Webhooks) that names the
// call and how it ended; the reply itself is fetched with the gateway key. Sent again with growing pauses until it has arrived
// or the reply is gone. Nobody waits for it.

import type { Runtime } from "../core/runtime.ts";
import { post } from "../notify/channel.ts";
import { type Outcome, retryMs } from "../notify/outbox.ts";
import { signed } from "../notify/programs.ts";
import type { CallbackRow, DeferredCallbacks } from "../state/deferred-callbacks.ts";
import { checkCallback, type ResolveHost } from "./callback-guard.ts";

/** Then the reply is gone too. */
const GIVE_UP_MS = 86_400_000;
const LOOK_MS = 60_000;
const LOOK_MIN_MS = 1_000;
/** A store that failed is left alone for a while. */
const AGAIN_AFTER_MS = 30_000;

export interface CallbackOptions {
  readonly rows: DeferredCallbacks;
  readonly runtime: Runtime;
  readonly resolveHost: ResolveHost | undefined;
  /** Something that people should know and that holds nothing up. */
  readonly trouble: (message: string) => void;
}

export interface Callbacks {
  /** A call may be over: looks for what is to be sent. */
  hurry(): void;
  /** How many are on their way. */
  readonly sending: number;
  /** What is on its way is not counted as arrived, and is sent again by whoever comes after. */
  stop(): void;
}

interface Line extends CallbackOptions {
  readonly sending: Set<string>;
  stopped: boolean;
  disarm: (() => void) | undefined;
}

export function createCallbacks(options: CallbackOptions): Callbacks {
  const line: Line = { ...options, sending: new Set(), stopped: false, disarm: undefined };
  return {
    // Not within whatever is under way.
    hurry: () => arm(line, 0),
    get sending() {
      return line.sending.size;
    },
    stop() {
      line.stopped = true;
      line.disarm?.();
    },
  };
}

function arm(line: Line, delayMs: number): void {
  line.disarm?.();
  line.disarm = line.stopped ? undefined : line.runtime.clock.after(delayMs, () => look(line));
}

/** Never throws: it is called from timers. */
function look(line: Line): void {
  line.disarm?.();
  line.disarm = undefined;
  const { rows, runtime, sending, trouble } = line;
  if (line.stopped) return;
  try {
    for (const row of rows.due(runtime.wallMs(), [...sending])) {
      sending.add(row.id);
      void tell(row, line).then((outcome) => settle(line, row, outcome));
    }
    const nextMs = rows.nextMs([...sending]);
    // What waits for one that is on its way is looked for when that is over.
    if (nextMs !== undefined) arm(line, Math.min(LOOK_MS, Math.max(LOOK_MIN_MS, nextMs - runtime.wallMs())));
  } catch (error) {
    trouble(`callbacks of deferred calls wait: the store failed: ${messageOf(error)}`);
    arm(line, AGAIN_AFTER_MS);
  }
}

function settle(line: Line, row: CallbackRow, outcome: Outcome): void {
  line.sending.delete(row.id);
  // What was not confirmed before the end is sent again by whoever comes after.
  if (line.stopped) return;
  try {
    note(line, row, outcome);
    look(line);
  } catch (error) {
    line.trouble(`a callback is sent again: the store failed: ${messageOf(error)}`);
    arm(line, AGAIN_AFTER_MS);
  }
}

function note({ rows, runtime, trouble }: Line, { id, attempts, bornMs }: CallbackRow, outcome: Outcome): void {
  if (outcome.kind === "sent") {
    rows.sent(id);
    return;
  }
  const nowMs = runtime.wallMs();
  const wishMs = outcome.kind === "again" ? (outcome.afterMs ?? 0) : 0;
  const nextMs = nowMs + Math.max(wishMs, retryMs(attempts + 1, runtime.random()));
  if (outcome.kind === "again" && nextMs < bornMs + GIVE_UP_MS) rows.again(id, nextMs, outcome.why);
  else {
    rows.giveUp(id, outcome.why);
    trouble(`the callback of the deferred call ${id} was given up: ${outcome.why}`);
  }
}

/** Never rejects. */
async function tell(row: CallbackRow, { runtime, resolveHost }: Line): Promise<Outcome> {
  try {
    const checked = await checkCallback(row.url, resolveHost, runtime.clock);
    if ("problem" in checked) return { kind: checked.passing ? "again" : "never", why: checked.problem };
    const body = JSON.stringify(webhookOf(row, runtime));
    const timestampS = Math.floor(runtime.wallMs() / 1_000);
    const headers = {
      "content-type": "application/json",
      "user-agent": "holdfast",
      ...signed(row.id, body, { secret: row.secret, timestampS }),
    };
    return await post({ url: row.url, headers, body, ...checked }, row.attempts + 1, runtime);
  } catch (error) {
    return { kind: "never", why: `a bug: ${messageOf(error)}` };
  }
}

/** Neither the prompt nor the reply is in it: whoever may have them has the key. */
function webhookOf({ id, state, status }: CallbackRow, { wallMs }: Pick<Runtime, "wallMs">): object {
  const reply = status === null ? {} : { status };
  return {
    type: `deferred.${state}`,
    timestamp: new Date(wallMs()).toISOString(),
    data: { id, state, ...reply, location: `/v1/deferred/${id}` },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
