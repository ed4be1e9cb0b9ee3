// What people and their tools are told, before it has the form of a channel. Who makes one and who sends it know nothing of
// each other.

import type { Severity } from "./incident.ts";

export const NOTICE_TYPES = [
  "incident.opened",
  "incident.updated",
  "incident.resolved",
  "target.ejected",
  "target.restored",
  "slo.burning",
  "slo.recovered",
  "budget.warning",
] as const;
export type NoticeType = (typeof NOTICE_TYPES)[number];

export interface Notice {
  /** Stays the same however often it is sent. */
  readonly id: string;
  readonly type: NoticeType;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly severity: Severity;
  /** It was milder before: for whoever asked to be told from a severity on, this is the beginning. */
  readonly raisedFrom?: Severity | undefined;
  readonly routes: readonly string[];
  readonly tenants: readonly string[];
  /** What belongs together: an incident's id. */
  readonly thread: string;
  /** The same for all of a thread. */
  readonly threadTitle: string;
  /** Nothing is wrong any more. */
  readonly ends: boolean;
  readonly title: string;
  /** What fails, since when, what clients see, what we did, and one command. */
  readonly facts: readonly (readonly [what: string, text: string])[];
  readonly url?: string | undefined;
  /** `data` of a webhook. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where notices go. */
export type ChannelTarget =
  | { readonly type: "slack" | "teams" | "discord"; readonly url: string }
  | { readonly type: "pagerduty"; readonly routingKey: string; readonly url: string }
  | { readonly type: "email"; readonly to: readonly string[]; readonly from: string; readonly smtp: string }
  /** `secret`: `whsec_` and base64, as Standard Webhooks has it. */
  | { readonly type: "webhook"; readonly url: string; readonly secret: string };

export interface ChannelSettings {
  /** Unique. */
  readonly name: string;
  readonly target: ChannelTarget;
  readonly on: readonly NoticeType[];
  /** Milder ones are not told; absent: all. */
  readonly severity?: Severity;
  /** Only what touches one of these; absent: all. */
  readonly routes?: readonly string[];
  readonly tenants?: readonly string[];
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** With its angle brackets. */
  readonly messageId: string;
  /** The first message of the thread; absent: this is it. */
  readonly replyTo?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `permanent`: this very mail will never be taken. It never rejects. */
export type MailOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly permanent: boolean; readonly problem: string };

/** `smtp` is a URL: `smtp://user:password@host:587` or `smtps://…`. */
export type SendMail = (smtp: string, mail: Mail) => Promise<MailOutcome>;
