// Where a page is read: its address, what the catalog knows of it, and the documents that each kind of page has, in the
// order in which they are tried when it is not known which kind it is. Pure.

import type { PageBackend } from "../core/status-page.ts";
import type { Surfaces } from "./assemble.ts";

export interface PageSource {
  /** Those whose page it is. */
  readonly providers: readonly string[];
  /** As people open it, without a trailing slash; a path before its own paths is kept. */
  readonly page: string;
  readonly surfaces: Surfaces;
  readonly fallbacks: readonly string[];
  /** Its documents, where they are not found from its address. */
  readonly documents: readonly string[];
  readonly expected?: PageBackend;
  /** Never asked more often. */
  readonly floorMs: number;
}

/** What the catalog may know of a page. */
export interface PageFacts {
  readonly surfaces?: Surfaces;
  readonly fallbacks?: readonly string[];
  readonly documents?: readonly string[];
  readonly expected?: PageBackend;
  readonly floorS?: number;
}

/** Of each page once, with all who have it; a page that is no http(s) address is left out. */
export function pageSources(
  providers: readonly { readonly name: string; readonly statusPage?: string | undefined }[],
  factsOf: (host: string) => PageFacts | undefined,
): readonly PageSource[] {
  const sources = new Map<string, PageSource>();
  for (const { name, statusPage } of providers) {
    if (statusPage === undefined || !/^https?:\/\//i.test(statusPage) || !URL.canParse(statusPage)) continue;
    const page = statusPage.replace(/\/+$/, "");
    const known = sources.get(page);
    const { surfaces = {}, fallbacks = [], documents = [], expected, floorS = 0 } = factsOf(new URL(page).host) ?? {};
    sources.set(page, {
      providers: [...(known?.providers ?? []), name],
      page,
      surfaces,
      fallbacks,
      documents,
      ...(expected && { expected }),
      floorMs: floorS * 1_000,
    });
  }
  return [...sources.values()].slice(0, PAGES_MAX);
}

export const PAGES_MAX = 64;

/** Documents of one kind of page: the first tells how it stands, the others add to it where they are there. */
export interface Recipe {
  readonly name: string;
  readonly documents: readonly string[];
}

/** In the order of how much each tells. `base` has no trailing slash. */
export function recipesAt(base: string): readonly Recipe[] {
  const { origin, host, pathname, search } = new URL(base);
  const path = pathname.replace(/\/+$/, "");
  const at = (more: string) => `${origin}${path}${more}`;
  const own = `${origin}/proxy/${host}${path}`;
  // Whoever names a document means it.
  if (search !== "" || /\.(?:json|xml|rss|atom)$/i.test(path) || /\/(?:feed|rss|currentevents)$/i.test(path)) {
    return [{ name: "document", documents: [base] }];
  }
  return [
    { name: "incident.io", documents: [own, `${own}/incidents`] },
    { name: "statuspage", documents: [at("/api/v2/summary.json"), at("/api/v2/incidents.json")] },
    { name: "instatus", documents: [at("/summary.json"), at("/v2/components.json")] },
    { name: "atom", documents: [at("/history.atom")] },
    { name: "rss", documents: [at("/history.rss")] },
    { name: "feed", documents: [at("/feed.xml")] },
    { name: "document", documents: [base] },
  ];
}
