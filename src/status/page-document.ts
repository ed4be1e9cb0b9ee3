// One document of a status page, read: the shape that every reader gives and `assemble.ts` puts together. A page often
// takes two (what is, and what was); each says only what it can.

import type { PageBackend, PageError, PageHealth, PageIncident } from "../core/status-page.ts";
import { modelsNamed } from "./lexicon.ts";
import { plainText } from "./plain-text.ts";
import { surfacesOfTitle } from "./surfaces.ts";
import { isOver } from "./words.ts";

export interface DocumentComponent {
  readonly id: string;
  readonly name: string;
  readonly health: PageHealth;
}

export interface PageDocument {
  readonly backend: PageBackend;
  /** Absent: it tells of none. */
  readonly components?: readonly DocumentComponent[];
  /** Absent: it tells of none. Their `surfaces` are those of their titles. */
  readonly incidents?: readonly PageIncident[];
  /** Of the API, from pages that have no components. */
  readonly verdict?: PageHealth;
  /** Some part that may be about the API was not understood: nothing in it is proof that all is well. */
  readonly garbled: boolean;
}

export function schemaError(detail: string): PageError {
  return { code: "schema", detail };
}

export function isPageError(read: object): read is PageError {
  return "code" in read;
}

const TITLE_CHARS_MAX = 300;
const NOTE_CHARS_MAX = 600;

/** What a reader found of an incident; texts may still hold markup. */
export interface RawIncident {
  readonly id: string;
  readonly title: string;
  readonly lifecycle: PageIncident["lifecycle"];
  /** Default: as the lifecycle says. */
  readonly open?: boolean;
  readonly impact: PageHealth;
  readonly components?: readonly string[];
  readonly regions?: readonly string[];
  /** Default: as its title says. */
  readonly surfaces?: PageIncident["surfaces"];
  readonly startedMs: number | undefined;
  readonly updatedMs?: number | undefined;
  readonly endedMs?: number | undefined;
  readonly note?: string | undefined;
  readonly url?: string | undefined;
}

export function incidentOf(raw: RawIncident): PageIncident {
  const title = plainText(raw.title, TITLE_CHARS_MAX);
  const note = raw.note === undefined ? "" : plainText(raw.note, NOTE_CHARS_MAX);
  return {
    id: plainText(raw.id, 200),
    title,
    lifecycle: raw.lifecycle,
    open: raw.open ?? !isOver(raw.lifecycle),
    impact: raw.impact,
    surfaces: raw.surfaces ?? surfacesOfTitle(title),
    models: modelsNamed(title),
    regions: raw.regions ?? [],
    components: raw.components ?? [],
    ...(raw.startedMs !== undefined && { startedMs: raw.startedMs }),
    ...(raw.updatedMs !== undefined && { updatedMs: raw.updatedMs }),
    ...(raw.endedMs !== undefined && { endedMs: raw.endedMs }),
    ...(note !== "" && { note }),
    ...(raw.url !== undefined && { url: raw.url }),
  };
}

/** A title that somebody tried the page with. */
export function isTrial(title: string): boolean {
  return /^\s*test[\s+_-]*(?:incident|item|post)?\s*$/i.test(title);
}
