// `/history.atom`: what the status page has told, as a feed (RFC 4287), an entry an incident, in the form of Statuspage's.

import type { PageFacts, ShownIncident, ShownUpdate } from "./page-facts.ts";
import { escaped } from "./page-json.ts";

const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export function historyAtom(facts: PageFacts): string {
  const { name, url, updatedMs, incidents } = facts;
  const link = escaped(`${url}/status`);
  const host = escaped(url.replace(/^https?:\/\//, ""));
  return `<?xml version="1.0" encoding="UTF-8"?>
<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">
  <id>tag:${host},2005:/history</id>
  <link rel="alternate" type="text/html" href="${link}"/>
  <link rel="self" type="application/atom+xml" href="${escaped(url)}/history.atom"/>
  <title>${escaped(name)} Status - Incident History</title>
  <updated>${iso(updatedMs)}</updated>
  <author>
    <name>${escaped(name)}</name>
  </author>
${incidents.map((incident) => entry(incident, host, link)).join("\n")}
</feed>
`;
}

function entry({ id, title, createdMs, updates }: ShownIncident, host: string, link: string): string {
  const content = updates.map(paragraph).join("");
  return `  <entry>
    <id>tag:${host},2005:Incident/${escaped(id)}</id>
    <published>${iso(createdMs)}</published>
    <updated>${iso(updates[0]?.atMs ?? createdMs)}</updated>
    <link rel="alternate" type="text/html" href="${link}#${escaped(id)}"/>
    <title>${escaped(title)}</title>
    <content type="html">${escaped(content)}</content>
  </entry>`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** HTML, as Statuspage writes it; it is escaped once more as the content of the entry. */
function paragraph({ atMs, state, text }: ShownUpdate): string {
  const at = new Date(atMs);
  const day = `${MONTHS[at.getUTCMonth()]} <var data-var='date'>${at.getUTCDate()}</var>`;
  const time = `<var data-var='time'>${at.toISOString().slice(11, 16)}</var> UTC`;
  const word = state.charAt(0).toUpperCase() + state.slice(1);
  return `<p><small>${day}, ${time}</small><br><strong>${word}</strong> - ${escaped(text)}</p>`;
}
