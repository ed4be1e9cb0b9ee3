// Feeds: the Atom and RSS history of a page, and Azure's RSS, which is all that Azure has. A feed tells what happened and
// not what is: it can say that something is wrong, never that nothing is. Azure's is the exception by its own account: its
// channel lists what is going on, and an empty one means that nothing is.

import type { PageHealth, PageIncident, PageLifecycle } from "../core/status-page.ts";
import { linkOf, momentOf } from "./json-shape.ts";
import { incidentOf, isTrial, type PageDocument } from "./page-document.ts";
import { plainText } from "./plain-text.ts";
import { isOver, lifecycleOf, worstOf } from "./words.ts";
import { childrenOf, childText, type Element } from "./xml.ts";

/** What says neither how it stands nor that it is over is taken to be open for so long. */
const UNTOLD_OPEN_MS = 86_400_000;
const ENTRIES_MAX = 200;

/** `undefined`: neither a feed nor the start of one. */
export function readFeed(root: Element, clean: boolean, nowMs: number): PageDocument | undefined {
  if (root.name === "feed") return readAtom(root, nowMs);
  const channel = root.name === "rss" || root.name === "rdf" ? childrenOf(root, "channel")[0] : undefined;
  const title = channel === undefined ? undefined : childText(channel, "title");
  if (channel === undefined || title === undefined) return undefined;
  const items = [...childrenOf(channel, "item"), ...childrenOf(root, "item")].slice(0, ENTRIES_MAX);
  return /^azure status$/i.test(title) ? readAzure(items, clean) : readRss(items, nowMs);
}

function readAtom(root: Element, nowMs: number): PageDocument {
  const entries = childrenOf(root, "entry").slice(0, ENTRIES_MAX);
  const incidents = entries.flatMap((entry) => {
    const links = childrenOf(entry, "link");
    const link = links.find(({ attributes }) => (attributes.rel ?? "alternate") === "alternate")?.attributes.href;
    return storyOf(
      {
        key: childText(entry, "id"),
        title: childText(entry, "title"),
        body: childText(entry, "content") ?? childText(entry, "summary"),
        link,
        publishedMs: momentOf(childText(entry, "published")) ?? momentOf(childText(entry, "updated")),
        updatedMs: momentOf(childText(entry, "updated")),
      },
      nowMs,
    );
  });
  return { backend: "atom", garbled: true, incidents, verdict: verdictOf(incidents) };
}

function readRss(items: readonly Element[], nowMs: number): PageDocument {
  const incidents = items.flatMap((item) => {
    const atMs = momentOf(childText(item, "pubdate")) ?? momentOf(childText(item, "date"));
    return storyOf(
      {
        key: childText(item, "guid") ?? childText(item, "link"),
        title: childText(item, "title"),
        body: childText(item, "encoded") ?? childText(item, "description"),
        link: childText(item, "link"),
        publishedMs: atMs,
        updatedMs: atMs,
      },
      nowMs,
    );
  });
  return { backend: "rss", garbled: true, incidents, verdict: verdictOf(incidents) };
}

interface Story {
  readonly key: string | undefined;
  readonly title: string | undefined;
  readonly body: string | undefined;
  readonly link: string | undefined;
  readonly publishedMs: number | undefined;
  readonly updatedMs: number | undefined;
}

/** `…/incidents/CODE` names the same incident as the API does; a feed's own ids do not. */
const CODE = /\/incidents?\/([\w-]{4,60})(?:[/?#]|$)/;

function storyOf({ key, title, body = "", link, publishedMs, updatedMs }: Story, nowMs: number): PageIncident[] {
  if (title === undefined || isTrial(title)) return [];
  const url = linkOf(link);
  const id = CODE.exec(url ?? "")?.[1] ?? key ?? `${title}@${publishedMs ?? ""}`;
  const lifecycle = newestWord(body);
  const untold = lifecycle === "unknown" && nowMs - (updatedMs ?? 0) > UNTOLD_OPEN_MS;
  return [
    incidentOf({
      id,
      title,
      lifecycle,
      ...(untold && { open: false }),
      impact: "unknown",
      startedMs: publishedMs,
      updatedMs,
      ...(isOver(lifecycle) && { endedMs: updatedMs }),
      note: body,
      url,
    }),
  ];
}

/** Updates stand newest first, each with its state in bold: `<strong>Resolved</strong> - …`. */
function newestWord(body: string): PageLifecycle {
  for (const [, word = ""] of body.slice(0, 50_000).matchAll(/<(?:strong|b)>([^<]{3,40})<\/(?:strong|b)>/gi)) {
    const lifecycle = lifecycleOf(plainText(word, 40).replace(/[:.]$/, ""));
    if (lifecycle !== "unknown") return lifecycle;
  }
  return lifecycleOf(
    /^\W*(?:status\W+)?(investigating|identified|monitoring|resolved|completed)\b/i.exec(plainText(body, 200))?.[1],
  );
}

/** Something open that names the API and says nothing of how bad it is. */
function verdictOf(incidents: readonly PageIncident[]): PageHealth {
  return incidents.some(({ open, surfaces }) => open && surfaces.includes("api")) ? "degraded" : "unknown";
}

const AZURE_MODELS = /\b(?:openai|foundry|cognitive services|azure ai)\b/i;

function readAzure(items: readonly Element[], clean: boolean): PageDocument {
  let garbled = !clean;
  const healths: PageHealth[] = ["operational"];
  const incidents = items.flatMap((item): PageIncident[] => {
    const title = childText(item, "title");
    const atMs = momentOf(childText(item, "pubdate"));
    if (title === undefined || atMs === undefined) {
      garbled = true;
      return [];
    }
    const categories = childrenOf(item, "category").map(({ text }) => plainText(text, 80));
    const body = childText(item, "description") ?? "";
    const ours = AZURE_MODELS.test([title, ...categories].join(" · "));
    const over = /\b(?:mitigated|resolved)\b/i.test(title);
    // A broad incident of a region may be the models' too.
    if (!over) healths.push(ours ? "degraded" : "unknown");
    const guid = childText(item, "guid") ?? title;
    return [
      incidentOf({
        // The guid is made of the title and used again.
        id: `${guid}@${new Date(atMs).toISOString()}`,
        title,
        lifecycle: over ? "resolved" : "investigating",
        impact: ours ? "degraded" : "unknown",
        surfaces: ours ? ["api"] : [],
        regions: categories.filter((category) => !AZURE_MODELS.test(category)),
        startedMs: atMs,
        updatedMs: atMs,
        note: body,
        url: linkOf(childText(item, "link")),
      }),
    ];
  });
  return { backend: "azure-rss", garbled, incidents, verdict: worstOf(garbled ? [...healths, "unknown"] : healths) };
}
