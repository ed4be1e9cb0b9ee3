// What a provider's own status page says, as far as incidents need it: those of its incidents that touch the API.

import type { PageChange } from "../core/status-page.ts";

/** An incident of a provider's page that touches its API. */
export interface PageIncident {
  readonly id: string;
  readonly title: string;
  readonly lifecycle: string;
  readonly publishedMs: number;
  /** Absent: it is open. */
  readonly resolvedMs?: number | undefined;
  readonly url?: string | undefined;
  /** What it wrote last, its title included. */
  readonly text: string;
}

export interface PageWords {
  /** The provider, by its name in the configuration. */
  readonly domain: string;
  /** False: the page could not be read, so that its silence means nothing. */
  readonly read: boolean;
  readonly incidents: readonly PageIncident[];
}

/** Of what changed on a page. One that could not be read has no incidents, and so says nothing. */
export function wordsOf(
  { provider, state, incidents }: Pick<PageChange, "provider" | "state" | "incidents">,
  nowMs: number,
): PageWords {
  return {
    domain: provider,
    read: state === "ok",
    incidents: incidents
      // Trouble of a console or a web page is not our calls' trouble.
      .filter(({ surfaces }) => surfaces.length === 0 || surfaces.includes("api"))
      .map(({ id, title, lifecycle, open, startedMs, updatedMs, endedMs, url, note = "" }) => ({
        id,
        title,
        lifecycle,
        publishedMs: Math.min(nowMs, startedMs ?? updatedMs ?? nowMs),
        ...(!open && { resolvedMs: Math.min(nowMs, endedMs ?? updatedMs ?? nowMs) }),
        ...(url !== undefined && { url }),
        text: `${title}. ${note}`,
      })),
  };
}
