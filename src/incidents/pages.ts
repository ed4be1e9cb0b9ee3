// What providers' pages add to our own incidents: they confirm, they name causes, and they show how much earlier our own
// calls knew. A page alone opens nothing; with targets under suspicion it opens sooner.

import type { Incident, PageWord } from "../core/incident.ts";
import { type Book, isOpen, say } from "./book.ts";
import { statedCause } from "./cause.ts";
import { begin, identify, REOPEN_MS } from "./follow.ts";
import type { PageIncident, PageWords } from "./page-word.ts";
import { spanText } from "./sentences.ts";

const PAGES_MAX = 100;
const TOLD_MAX = 100;
/** A page's incident that began so long before ours may still be the same. */
const BEFORE_MS = 2 * 3_600_000;
/** One that is still open, before this. */
const OPEN_BEFORE_MS = 7 * 86_400_000;
const TITLE_MAX = 300;

export function notePage(book: Book, { domain, read, incidents }: PageWords, nowMs: number): void {
  if (read) book.unread.delete(domain);
  else if (book.unread.size < PAGES_MAX) book.unread.add(domain);
  if (!read && !book.pages.has(domain)) return;
  if (book.pages.size >= PAGES_MAX && !book.pages.has(domain)) return;
  book.pages.set(domain, remembered(book.pages.get(domain), incidents, nowMs));
  const suspects = [...book.suspects].filter(([, whose]) => whose === domain).map(([target]) => target);
  const claimed = incidents.find(({ lifecycle, resolvedMs }) => resolvedMs === undefined && isTrouble(lifecycle));
  if (claimed !== undefined && suspects.length > 0) {
    const known = [...book.open].some((one) => one.domain === domain && one.edge === "service");
    const text = `calls fail and its status page says the same ("${claimed.title.slice(0, TITLE_MAX)}")`;
    if (!known) begin(book, { domain, edge: "service", targets: suspects, text }, nowMs);
  }
  for (const incident of book.incidents.values()) {
    const recent = isOpen(incident) || nowMs - (incident.resolvedMs ?? 0) < REOPEN_MS;
    if (recent && incident.domain === domain && incident.edge === "service") match(book, incident, incidents, nowMs);
  }
}

/** A page tells what has changed; what it told before still stands. */
function remembered(
  before: ReadonlyMap<string, PageIncident> | undefined,
  told: readonly PageIncident[],
  nowMs: number,
): Map<string, PageIncident> {
  const all = new Map(before);
  for (const one of told) {
    all.delete(one.id);
    all.set(one.id, one);
  }
  for (const [id, { resolvedMs }] of all) {
    if (all.size > TOLD_MAX || nowMs - (resolvedMs ?? nowMs) > REOPEN_MS) all.delete(id);
  }
  return all;
}

/** For an incident that opened after its page had told of it. */
export function attachPage(book: Book, incident: Incident, nowMs: number): void {
  const told = book.pages.get(incident.domain);
  if (told !== undefined && !book.unread.has(incident.domain)) incident.pageRead = true;
  if (told !== undefined && told.size > 0) match(book, incident, [...told.values()], nowMs);
}

function isTrouble(lifecycle: string): boolean {
  return lifecycle === "investigating" || lifecycle === "identified";
}

function match(book: Book, incident: Incident, told: readonly PageIncident[], nowMs: number): void {
  const known = incident.page;
  const found = known === undefined ? nearest(incident, told) : told.find(({ id }) => id === known.id);
  if (found === undefined) return;
  const word = wordOf(found, known?.firstSeenMs ?? nowMs);
  const isNews = known === undefined || known.lifecycle !== word.lifecycle;
  if (known !== undefined && !isNews && known.cause?.quote === word.cause?.quote) return;
  incident.page = word;
  book.dirty.add(incident.id);
  if (!isNews) return;
  const said = `Its status page: "${word.title}" (${word.lifecycle})`;
  if (known !== undefined || !isOpen(incident)) {
    say(book, incident, { kind: "updated", text: said, quiet: true }, nowMs);
    return;
  }
  const lead = leadText(incident);
  if (incident.state === "investigating") identify(book, incident, `its status page says so too${lead}`, nowMs);
  else say(book, incident, { kind: "updated", text: `${said}${lead}`, quiet: true }, nowMs);
}

/** The one whose time overlaps with ours and began nearest to it; one that is still open may have begun long before. */
function nearest({ startedMs, resolvedMs }: Incident, told: readonly PageIncident[]): PageIncident | undefined {
  const untilMs = (resolvedMs ?? Number.POSITIVE_INFINITY) + BEFORE_MS;
  return told
    .filter((one) => one.publishedMs >= startedMs - (one.resolvedMs === undefined ? OPEN_BEFORE_MS : BEFORE_MS))
    .filter((one) => one.publishedMs <= untilMs)
    .filter((one) => (one.resolvedMs ?? Number.POSITIVE_INFINITY) >= startedMs)
    .sort((a, b) => Math.abs(a.publishedMs - startedMs) - Math.abs(b.publishedMs - startedMs))[0];
}

function wordOf(found: PageIncident, firstSeenMs: number): PageWord {
  const { id, lifecycle, publishedMs, url, resolvedMs } = found;
  const cause = statedCause(found.text);
  return {
    id,
    title: found.title.slice(0, TITLE_MAX),
    lifecycle,
    publishedMs,
    firstSeenMs,
    ...(url !== undefined && { url }),
    ...(resolvedMs !== undefined && { resolvedMs }),
    ...(cause !== undefined && { cause }),
  };
}

/** How much earlier our own calls knew than the page told, in milliseconds; negative: the page was first. */
export function detectionLeadMs({ openedMs, page }: Incident): number | undefined {
  return page === undefined ? undefined : page.publishedMs - openedMs;
}

function leadText(incident: Incident): string {
  const leadMs = detectionLeadMs(incident) ?? 0;
  if (Math.abs(leadMs) < 1_000) return "";
  return leadMs > 0 ? `, ${spanText(leadMs)} after us` : `, ${spanText(-leadMs)} before us`;
}
