// Messages for programs: PagerDuty's Events API v2, and signed webhooks by the Standard Webhooks specification.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Severity } from "../core/incident.ts";
import type { Entry } from "./outbox.ts";
import { cut, webUrl, worded } from "./words.ts";

const SUMMARY_MAX = 1_024;
const DEDUP_MAX = 255;
/** The specification advises at most 20 kB for a body. */
const DIGEST_CHARS_MAX = 14_000;
const LINK_TEXT = "Status page";

const SEVERITY: Readonly<Record<Severity, string>> = {
  none: "info",
  minor: "warning",
  major: "error",
  critical: "critical",
};

/** https://developer.pagerduty.com/docs/send-alert-event: one alert a thread. */
export function pagerDutyBody(entry: Entry, routingKey: string): object {
  const { headline, facts, url, latest } = worded(entry);
  const link = webUrl(url);
  const base = { routing_key: routingKey, dedup_key: latest.thread.slice(0, DEDUP_MAX) };
  if (latest.ends) return { ...base, event_action: "resolve" };
  return {
    ...base,
    event_action: "trigger",
    client: "Holdfast",
    payload: {
      summary: cut(headline, SUMMARY_MAX),
      source: "holdfast",
      severity: SEVERITY[latest.severity],
      timestamp: new Date(latest.atMs).toISOString(),
      custom_details: Object.fromEntries(facts),
    },
    ...(link !== undefined && { links: [{ href: link, text: LINK_TEXT }] }),
  };
}

/** Body of a webhook: of one notice; or, in a storm, of the newest with all of them beside it. */
export function webhookBody({ notices, count }: Entry): object {
  const latest = notices[notices.length - 1];
  if (latest === undefined) throw new Error("a message about nothing");
  const timestamp = new Date(latest.atMs).toISOString();
  if (count === 1) return { type: latest.type, timestamp, data: latest.data };
  const all: object[] = [];
  let chars = 0;
  // The newest first, as long as the whole stays within what receivers take.
  for (const { type, atMs, data } of [...notices].reverse()) {
    const one = { type, timestamp: new Date(atMs).toISOString(), data };
    chars += JSON.stringify(one).length;
    if (chars > DIGEST_CHARS_MAX) break;
    all.unshift(one);
  }
  return { type: latest.type, timestamp, data: { ...latest.data, digest: { count, newest: all } } };
}

/** The headers of the Standard Webhooks specification, §"Webhook headers". `timestampS`: now. */
export function signed(
  id: string,
  body: string,
  { secret, timestampS }: { readonly secret: string; readonly timestampS: number },
) {
  const content = new TextEncoder().encode(`${id}.${timestampS}.${body}`);
  const mac = hmac(sha256, secretBytes(secret), content);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": `v1,${btoa(String.fromCharCode(...mac))}`,
  };
}

/** `whsec_` and base64; checked when the configuration is read. */
function secretBytes(secret: string): Uint8Array {
  return Uint8Array.from(atob(secret.slice("whsec_".length)), (sign) => sign.charCodeAt(0));
}
