// One reading of one page: finds out which kind it is, follows it when its vendor changes, goes to its other addresses when
// the first does not answer, and says "stale" and then "unknown" when none does. It keeps what it knows in a `PageMemory`.

import type { PageError, PageReading } from "../core/status-page.ts";
import { assemble, type PageContent } from "./assemble.ts";
import { type Fetched, fetchDocument, type Reach, type Validators } from "./fetch-document.ts";
import { isPageError, type PageDocument } from "./page-document.ts";
import { type PageSource, type Recipe, recipesAt } from "./page-source.ts";
import { parse } from "./parse.ts";

/** What an earlier reading found; make it with `createPageMemory`. */
export interface PageMemory {
  /** The name of the recipe that worked last, by base address. */
  readonly worked: Map<string, string>;
  /** Addresses that challenged us, until when (on `Clock`) another of them is asked first. */
  readonly avoided: Map<string, number>;
  readonly documents: Map<string, { readonly validators: Validators; readonly document: PageDocument }>;
  /** What this reading was made from, as it came; without what had not changed. */
  fetched: readonly RawDocument[];
  last: { readonly content: PageContent; readonly via: string; readonly fetchedMs: number } | undefined;
}

export interface RawDocument {
  readonly url: string;
  readonly bytes: Uint8Array;
}

export function createPageMemory(): PageMemory {
  return { worked: new Map(), avoided: new Map(), documents: new Map(), fetched: [], last: undefined };
}

/** What a page said last stands for so long when it cannot be read. */
const STALE_MS = 1_800_000;
const DOCUMENTS_MAX = 16;
const REFUSALS_MAX = 2;
const AVOID_MS = 6 * 3_600_000;

export interface Read {
  /** Without a provider's name: several may share a page. */
  readonly reading: Omit<PageReading, "provider">;
  /** The page asked us to stay away for so long. */
  readonly retryAfterMs?: number;
}

/** Never throws. Asks each address in turn until one answers with something that a reader knows. */
export async function readPage(source: PageSource, memory: PageMemory, reach: Reach): Promise<Read> {
  let failure: Failure | undefined;
  memory.fetched = [];
  const { clock } = reach.runtime;
  const isAvoided = (base: string) => Number((memory.avoided.get(base) ?? Number.NEGATIVE_INFINITY) > clock.now());
  const bases = [source.page, ...source.fallbacks].sort((a, b) => isAvoided(a) - isAvoided(b));
  for (const base of bases) {
    const found = await readAt(source, base, memory, reach);
    if (found.ok) {
      const nowMs = reach.runtime.wallMs();
      const content = assemble(found.documents, source.surfaces, nowMs);
      memory.last = { content, via: found.via, fetchedMs: nowMs };
      return { reading: { page: source.page, ...content, via: found.via, fetchedMs: nowMs, state: "ok" } };
    }
    if (found.error.code === "blocked") memory.avoided.set(base, clock.now() + AVOID_MS);
    // Where a host is there and has no such page, that of the one that should have it is told.
    failure ??= found;
    if (failure.absent && !found.absent) failure = found;
  }
  const { error, retryAfterMs } = failure ?? NOTHING_FOUND;
  return {
    reading: unread(source, memory, error, reach.runtime.wallMs()),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function unread(
  { page }: PageSource,
  { last }: PageMemory,
  error: PageError,
  nowMs: number,
): Omit<PageReading, "provider"> {
  const ageMs = last === undefined ? Number.POSITIVE_INFINITY : nowMs - last.fetchedMs;
  if (last !== undefined && ageMs >= 0 && ageMs <= STALE_MS) {
    return { page, ...last.content, via: last.via, fetchedMs: last.fetchedMs, state: "stale", error };
  }
  const backend = last?.content.backend ?? "unknown";
  const when = last === undefined ? {} : { fetchedMs: last.fetchedMs };
  return { page, backend, health: "unknown", components: [], incidents: [], ...when, state: "error", error };
}

interface Failure {
  readonly ok: false;
  readonly error: PageError;
  readonly absent: boolean;
  readonly retryAfterMs?: number;
}

const NOTHING_FOUND: Failure = {
  ok: false,
  absent: true,
  error: { code: "schema", detail: "no kind of status page that is known here" },
};

type Found = { readonly ok: true; readonly documents: readonly PageDocument[]; readonly via: string } | Failure;

async function readAt(source: PageSource, base: string, memory: PageMemory, reach: Reach): Promise<Found> {
  const all = base === source.page && source.documents.length > 0 ? ownRecipe(source) : recipesAt(base);
  const worked = memory.worked.get(base);
  const recipes = [...all].sort((a, b) => Number(b.name === worked) - Number(a.name === worked));
  let failure: Failure | undefined;
  let refusals = 0;
  for (const recipe of recipes) {
    const found = await tryRecipe(source, recipe, memory, reach);
    if (found.ok) {
      memory.worked.set(base, recipe.name);
      return found;
    }
    // A host that does not answer, or does not want us, is not asked seven more times; but some forbid what they have not.
    const forbids = found.error.code === "blocked" && found.retryAfterMs === undefined;
    if (!found.absent && (!forbids || ++refusals >= REFUSALS_MAX)) return found;
    failure = failure?.error.code === "blocked" ? failure : found;
  }
  return failure?.error.code === "blocked" ? failure : NOTHING_FOUND;
}

function ownRecipe({ documents }: PageSource): readonly Recipe[] {
  return [{ name: "catalog", documents }];
}

async function tryRecipe(source: PageSource, recipe: Recipe, memory: PageMemory, reach: Reach): Promise<Found> {
  const [first = "", ...others] = recipe.documents;
  const main = await readDocument(source, first, memory, reach);
  if ("error" in main) return { ok: false, ...main };
  const more = [];
  for (const url of others) {
    const read = await readDocument(source, url, memory, reach);
    // It only adds: what it was last is better than nothing only for what has ended, so nothing it is.
    if (!("error" in read)) more.push(read.document);
  }
  return { ok: true, documents: [main.document, ...more], via: first };
}

async function readDocument(
  { expected }: PageSource,
  url: string,
  memory: PageMemory,
  reach: Reach,
): Promise<{ readonly document: PageDocument } | Omit<Failure, "ok">> {
  const known = memory.documents.get(url);
  const fetched: Fetched = await fetchDocument(reach, url, known?.validators ?? {});
  if (fetched.kind === "failed") {
    const { error, absent, retryAfterMs } = fetched;
    return { error, absent, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (fetched.kind === "same") {
    if (known !== undefined) return { document: known.document };
    return { error: { code: "http", detail: "HTTP 304 to what was not asked" }, absent: false };
  }
  memory.documents.delete(url);
  const parsed = parse(fetched.bytes, fetched.contentType, reach.runtime.wallMs(), { ...(expected && { expected }) });
  // Many hosts answer any path with a page of HTML: there may be another kind of document.
  if (isPageError(parsed)) return { error: parsed, absent: parsed.code !== "too-large" };
  memory.fetched = [...memory.fetched, { url, bytes: fetched.bytes }].slice(-DOCUMENTS_MAX);
  if (Object.keys(fetched.validators).length > 0) remember(memory, url, { ...fetched, document: parsed });
  return { document: parsed };
}

function remember(
  { documents }: PageMemory,
  url: string,
  { validators, document }: { readonly validators: Validators; readonly document: PageDocument },
): void {
  if (documents.size >= DOCUMENTS_MAX) documents.clear();
  documents.set(url, { validators, document });
}
