// Which target a call had best go to first, for a reason other than the route's order: a conversation stays where its prompt
// is cached, and a small share of calls keeps the other targets warm. It only proposes; belief, pauses and drains decide.

import type { Call } from "../core/call.ts";
import type { Conversations } from "../core/cell.ts";
import { fingerprint } from "../core/fingerprint.ts";
import { stemOf } from "../dialects/stem.ts";
import { placeOf } from "../health/ramp.ts";
import type { Favour, Favoured } from "../policies/pursuit.ts";

/** How long providers keep a prompt that is not used. */
const WARM_MS = 300_000;
/** A conversation that never pauses goes back to the best target some time. */
const STAY_MAX_MS = 3_600_000;
/** Larger bodies are not looked through. */
const BODY_BYTES_MAX = 4_194_304;

export interface FavourContext {
  readonly route: string;
  /** Ids, best first. */
  readonly targets: readonly string[];
  readonly conversations: Conversations;
  /** Share of the calls, 0..1, that go to the other targets. */
  readonly warm: number;
}

export function createFavour({ route, targets, conversations, warm }: FavourContext): Favour {
  const find = (call: Call): Favoured["conversation"] => {
    if (call.operation !== "generate" || call.body.length > BODY_BYTES_MAX) return undefined;
    const stem = stemOf(call.body);
    if (stem === undefined) return undefined;
    return { key: `${route}\n${call.tenant}\n${fingerprint(stem.bytes)}`, continued: stem.continued };
  };
  return {
    choose(call, nowMs) {
      const warms = warm > 0 ? warmed(placeOf(call.id), warm, targets.length) : undefined;
      // Without an outage there are none, and nothing is looked through.
      if (conversations.isEmpty(nowMs) && warms === undefined) return undefined;
      const conversation = find(call);
      // A later turn finds its prompt cached where the others were: it is never sent elsewhere just for warmth.
      if (conversation?.continued !== true) return { place: conversation && warms, conversation };
      const stay = conversations.get(conversation.key, nowMs);
      const place = stay === undefined ? -1 : targets.indexOf(stay.target);
      return { place: place < 0 ? undefined : place, conversation };
    },
    answered(call, place, nowMs, chosen) {
      const target = targets[place];
      const found = chosen === undefined ? find(call) : chosen.conversation;
      if (target === undefined || found === undefined) return;
      // What went there for warmth goes on at the best target.
      if (!found.continued && warm > 0 && warmed(placeOf(call.id), warm, targets.length) === place) return;
      const { key } = found;
      const before = conversations.get(key, nowMs);
      const sinceMs = before?.target === target ? before.sinceMs : nowMs;
      const untilMs = Math.min(nowMs + WARM_MS, sinceMs + STAY_MAX_MS);
      conversations.set(key, { target, sinceMs, untilMs });
    },
  };
}

/** The last `share` of all places, evenly over the targets after the first. The first places are those of a ramp. */
export function warmed(place: number, share: number, targets: number): number | undefined {
  if (targets < 2 || place < 1 - share) return undefined;
  const others = targets - 1;
  return 1 + Math.min(others - 1, Math.floor(((place - (1 - share)) / share) * others));
}
