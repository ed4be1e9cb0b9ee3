// What a provider's own status page says, as far as incidents need it. Whoever reads pages turns its readings into this.

/** An incident of a provider's page that touches its API. */
export interface PageIncident {
  readonly id: string;
  readonly title: string;
  /** investigating, identified, monitoring, resolved, postmortem; whatever else the page says. */
  readonly lifecycle: string;
  readonly publishedMs: number;
  readonly resolvedMs?: number | undefined;
  readonly url?: string | undefined;
  /** All that it wrote, the newest first. */
  readonly text: string;
}

export interface PageWords {
  /** The provider, by its name in the configuration. */
  readonly domain: string;
  /** Only a reading that succeeded says anything. */
  readonly incidents: readonly PageIncident[];
}
