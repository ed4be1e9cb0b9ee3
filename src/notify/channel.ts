// A channel as the notifier sends to it: what it takes, at which pace, and what its answers mean.

import { CancelSource } from "../core/cancel.ts";
import { fault, isFault } from "../core/fault.ts";
import type { ChannelSettings, SendMail } from "../core/notice.ts";
import { retryAfterMs } from "../core/retry-after.ts";
import type { HeaderMap, Runtime, WireRequest, WireResponse } from "../core/runtime.ts";
import { discordBody, slackBody, teamsBody } from "./chats.ts";
import { mailOf } from "./mails.ts";
import type { Entry, Gathering, Outcome } from "./outbox.ts";
import { pagerDutyBody, signed, webhookBody } from "./programs.ts";

type Type = ChannelSettings["target"]["type"];

/** Between two messages: what the receivers' own limits leave room for. */
export const GAP_MS: Readonly<Record<Type, number>> = {
  slack: 1_000,
  teams: 1_000,
  discord: 2_000,
  pagerduty: 500,
  email: 2_000,
  webhook: 100,
};

/** PagerDuty's alerts have each a life of their own: many cannot be told as one. */
export function gatheringOf({ target }: ChannelSettings): Gathering {
  return target.type === "pagerduty" ? "newest" : "digest";
}

const ANSWER_MS = 15_000;
const CONNECT_MS = 5_000;
const ANSWER_BYTES_MAX = 16_384;
/** A mail server may be slow; one that says nothing at all is not waited for. */
const MAIL_MS = 60_000;
/** So often a message that a receiver calls wrong is tried, in case it is the receiver that is. */
const WRONG_TRIES = 3;

export interface Sending {
  readonly runtime: Runtime;
  readonly sendMail: SendMail;
}

/** Sends one message. It never rejects and never takes for ever. */
export async function send(
  { target }: ChannelSettings,
  entry: Entry,
  { runtime, sendMail }: Sending,
): Promise<Outcome> {
  if (target.type === "email") return withinTime(runtime, sendMail(target.smtp, mailOf(entry, target)));
  return post(requestOf(target, entry, Math.floor(runtime.wallMs() / 1_000)), entry.attempts, runtime);
}

export interface Posting extends Pick<WireRequest, "url" | "headers" | "address"> {
  readonly body: string;
}

/** Posts once, for the `attempts`th time; what the answer means for the next. No redirect is followed. */
export async function post({ body, ...place }: Posting, attempts: number, runtime: Runtime): Promise<Outcome> {
  const cancel = new CancelSource();
  const disarm = runtime.clock.after(ANSWER_MS, () => cancel.cancel(fault("deadline-exceeded", "no answer in 15 s")));
  const bytes = new TextEncoder().encode(body);
  const request = { method: "POST", ...place, body: bytes, connectMs: CONNECT_MS } as const;
  const response = await runtime.transport(request, cancel);
  const outcome = isFault(response) ? again(response.message) : await read(response, attempts, runtime);
  disarm();
  return outcome;
}

function requestOf(target: Exclude<ChannelSettings["target"], { type: "email" }>, entry: Entry, timestampS: number) {
  const base = { "content-type": "application/json", "user-agent": "holdfast" };
  const { url } = target;
  if (target.type === "webhook") {
    const body = JSON.stringify(webhookBody(entry));
    return { url, body, headers: { ...base, ...signed(entry.id, body, { secret: target.secret, timestampS }) } };
  }
  const made = target.type === "pagerduty" ? pagerDutyBody(entry, target.routingKey) : CHATS[target.type](entry);
  return { url, body: JSON.stringify(made), headers: base };
}

const CHATS = { slack: slackBody, teams: teamsBody, discord: discordBody } as const;

async function read({ status, headers, body }: WireResponse, attempts: number, { wallMs }: Runtime): Promise<Outcome> {
  const bytes = await body.whole(ANSWER_BYTES_MAX);
  if (status >= 200 && status < 300) return { kind: "sent" };
  if (status === 410) return { kind: "gone", why: "it answered 410: nobody is there any more" };
  const said = isFault(bytes) ? "" : new TextDecoder().decode(bytes);
  const why = `it answered ${status}`;
  if (status === 429 || status >= 500) {
    return again(why, wishOf(headers, wallMs()) ?? discordWish(said));
  }
  if (status === 408 || status === 425 || status < 400) return again(why);
  return attempts >= WRONG_TRIES ? { kind: "never", why } : again(why);
}

/** A receiver of messages is believed for longer than a provider of answers: nobody waits for it. */
function wishOf(headers: HeaderMap, wallMs: number): number | undefined {
  const seconds = /^\s*(\d{1,6}(?:\.\d{1,6})?)\s*$/.exec(headers["retry-after"] ?? "")?.[1];
  return seconds === undefined ? retryAfterMs(headers, wallMs) : Number(seconds) * 1_000;
}

function again(why: string, afterMs?: number): Outcome {
  return { kind: "again", why, ...(afterMs !== undefined && { afterMs }) };
}

/** Discord tells it in the body too, in seconds. */
function discordWish(said: string): number | undefined {
  const seconds = /"retry_after"\s*:\s*(\d{1,6}(?:\.\d{1,6})?)/.exec(said)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function withinTime(runtime: Runtime, sending: ReturnType<SendMail>): Promise<Outcome> {
  return new Promise((resolve) => {
    const disarm = runtime.clock.after(MAIL_MS, () => resolve(again("the mail server took too long")));
    const done = (outcome: Outcome): void => {
      disarm();
      resolve(outcome);
    };
    sending.then(
      (told) => done(told.ok ? { kind: "sent" } : { kind: told.permanent ? "never" : "again", why: told.problem }),
      (error: unknown) => done(again(error instanceof Error ? error.message : String(error))),
    );
  });
}
