// A message as a mail: one thread an incident, as mail programs see threads (RFC 5322 §3.6.4).

import type { ChannelTarget, Mail } from "../core/notice.ts";
import type { Entry } from "./outbox.ts";
import { cut, plainText, worded } from "./words.ts";

const SUBJECT_MAX = 180;

export function mailOf(entry: Entry, { to, from }: Extract<ChannelTarget, { type: "email" }>): Mail {
  const words = worded(entry);
  const { latest, headline } = words;
  const domain = domainOf(from);
  const root = idOf(latest.thread, domain);
  const isDigest = entry.count > 1;
  // The subject stays: some programs cut a thread where it changes.
  const subject = isDigest ? headline : `[${latest.thread}] ${latest.threadTitle}`;
  const messageId = idOf(entry.id, domain);
  return {
    from,
    to,
    subject: cut(oneLine(subject), SUBJECT_MAX),
    text: `${plainText(words)}\n\n-- \nHoldfast. Who is told is in its configuration, at \`notify\`.\n`,
    messageId,
    // Of the thread, not of its first mail: that one may have been missed, or have been a digest.
    ...(isDigest ? {} : { replyTo: root }),
    headers: {
      "Auto-Submitted": "auto-generated",
      "List-Id": `Holdfast incidents <incidents.${domain}>`,
      "List-Unsubscribe": `<mailto:${addressOf(from)}?subject=unsubscribe>`,
      "X-Holdfast-Incident": oneLine(latest.thread),
    },
  };
}

function idOf(id: string, domain: string): string {
  return `<${id.replace(/[^\w.-]/g, "-")}@${domain}>`;
}

/** `Name <a@b>` or `a@b`. */
function addressOf(from: string): string {
  return /<([^<>\s]+)>\s*$/.exec(from)?.[1] ?? from.trim();
}

function domainOf(from: string): string {
  const domain = addressOf(from).split("@")[1] ?? "";
  return /^[\w.-]+$/.test(domain) ? domain : "holdfast.invalid";
}

/** A header is one line, whatever a provider's words are. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
