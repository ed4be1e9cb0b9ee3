// A whole reply of the translated lane, and what is remembered of one: a folded stream, read in the target's dialect and
// written in the client's.

import type { Call } from "../core/call.ts";
import { type Fault, isFault } from "../core/fault.ts";
import type { Told, Words } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import type { Asked, AttemptPlan, Prepared } from "./attempt.ts";
import { toldBy } from "./telling.ts";
import { isLegallyEmpty, renamed } from "./translate.ts";

export function translateWhole(
  plan: AttemptPlan,
  call: Call,
  scope: Scope,
  { body, names }: Pick<Prepared, "body"> & Pick<Asked, "names">,
): Uint8Array | Fault {
  const decoded = plan.dialect.codec.decodeReply(body);
  if (isFault(decoded)) return decoded;
  const events = names === undefined ? decoded : decoded.map((event) => renamed(event, names));
  const broken = events.find((event) => event.type === "error");
  if (broken !== undefined) return broken.fault;
  const rendered = plan.client.codec.encodeReply(events, { call, createdS: Math.floor(scope.runtime.wallMs() / 1000) });
  // What only the provider's dialect has (a server tool's block) may have been all of the answer.
  const wrong = plan.client.wire.judge(rendered, call).fault;
  if (wrong?.kind === "empty-reply" && events.some((event) => event.type === "message-end" && isLegallyEmpty(event)))
    return rendered;
  return wrong ?? rendered;
}

export function toldLater(plan: AttemptPlan, body: Uint8Array, asked: Asked): Told {
  return { told: () => toldIn(plan, body, asked) };
}

/** In the target's own dialect: what a translation leaves out is not to be kept. */
function toldIn({ dialect }: AttemptPlan, body: Uint8Array, { names }: Asked): Words | undefined {
  const events = dialect.codec.decodeReply(body);
  if (isFault(events)) return undefined;
  return toldBy(names === undefined ? events : events.map((event) => renamed(event, names)));
}
