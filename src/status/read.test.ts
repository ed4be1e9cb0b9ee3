import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { PROVIDERS } from "../../catalog/providers.ts";
import { STATUS_PAGES } from "../../catalog/status-pages.ts";
import type { PageBackend, PageHealth, PageLifecycle, PageSurface } from "../core/status-page.ts";
import { assemble, type Surfaces } from "./assemble.ts";
import { isPageError } from "./page-document.ts";
import { parse } from "./parse.ts";

const OWN = new URL("../../test/fixtures/status/", import.meta.url).pathname;
const RECORDED = new URL("../../../shared/fixtures/status/", import.meta.url).pathname;

interface Case {
  readonly file: string;
  readonly now?: string;
  /** Whose page it is, so that its component ids are known. */
  readonly catalog?: string;
  readonly expected?: PageBackend;
  readonly backend: PageBackend;
  readonly health: PageHealth;
  readonly error?: string;
  readonly open: readonly string[];
  readonly ended?: readonly string[];
  readonly models?: readonly string[];
  readonly surfaces?: readonly PageSurface[];
  readonly lifecycle?: PageLifecycle;
}

const { now, cases } = JSON.parse(readFileSync(`${OWN}expected.json`, "utf8")) as { now: string; cases: Case[] };

function surfacesOf(catalog: string | undefined): Surfaces {
  const page = catalog === undefined ? undefined : PROVIDERS[catalog]?.statusPage;
  return page === undefined ? {} : (STATUS_PAGES[new URL(page).host]?.surfaces ?? {});
}

function read(path: string, { catalog, expected }: Partial<Case>, nowMs: number) {
  const document = parse(readFileSync(path), "", nowMs, { ...(expected && { expected }) });
  return isPageError(document) ? document : assemble([document], surfacesOf(catalog), nowMs);
}

for (const one of cases) {
  test(`own page: ${one.file}`, () => {
    const page = read(OWN + one.file, one, Date.parse(one.now ?? now));
    if (one.error !== undefined || isPageError(page)) {
      expect(page).toMatchObject({ code: one.error as string });
      return;
    }
    const { backend, health, incidents } = page;
    expect({ backend, health }).toEqual({ backend: one.backend, health: one.health });
    expect(incidents.filter(({ open }) => open).map(({ id }) => id)).toEqual([...one.open]);
    if (one.ended) expect(incidents.filter(({ open }) => !open).map(({ id }) => id)).toEqual([...one.ended]);
    if (one.models)
      expect([...new Set(incidents.flatMap(({ models }) => models))].sort()).toEqual([...one.models].sort());
    if (one.surfaces) expect([...(incidents[0]?.surfaces ?? [])].sort()).toEqual([...one.surfaces].sort());
    if (one.lifecycle) expect(incidents[0]?.lifecycle).toBe(one.lifecycle);
    expect(JSON.stringify(page)).not.toMatch(/<script|<strong|<b>/);
  });
}

const hasRecorded = existsSync(RECORDED);
if (!hasRecorded) test.skip("recorded status pages: ../shared/fixtures is absent", () => {});

const RECORDINGS: readonly (Partial<Case> & { readonly file: string; readonly at: string; readonly count: number })[] =
  [
    {
      file: "cyanheads-devops-status/aws-currentevents.utf16be.bin",
      at: "2026-03-02",
      backend: "aws",
      health: "major_outage",
      count: 2,
    },
    {
      file: "cyanheads-devops-status/aws-currentevents.utf8.json",
      at: "2026-03-02",
      backend: "aws",
      health: "major_outage",
      count: 2,
    },
    {
      file: "cyanheads-devops-status/gcp-incidents.json",
      at: "2026-07-20",
      backend: "gcp",
      health: "operational",
      count: 0,
    },
    {
      file: "cyanheads-devops-status/gcp-incidents.json",
      at: "2026-02-28",
      backend: "gcp",
      health: "operational",
      count: 1,
    },
    {
      file: "github-statuses/github-status-history.atom",
      at: "2026-08-22",
      backend: "atom",
      health: "unknown",
      count: 3,
    },
    {
      file: "cyanheads-devops-status/statusio-gitlab.json",
      at: "2026-07-01",
      backend: "statusio",
      health: "operational",
      count: 0,
    },
    {
      file: "cyanheads-devops-status/statusio-incident-doc-derived.json",
      at: "2021-12-06",
      backend: "statusio",
      health: "unknown",
      count: 2,
    },
    {
      file: "cyanheads-devops-status/firehydrant-redis.json",
      at: "2026-03-04",
      backend: "firehydrant",
      health: "operational",
      count: 2,
    },
    {
      file: "cyanheads-devops-status/slack-current.json",
      at: "2026-06-26",
      backend: "slack",
      health: "operational",
      count: 0,
    },
    {
      file: "cyanheads-devops-status/slack-history.json",
      at: "2026-06-26T12:00:00Z",
      backend: "slack",
      health: "unknown",
      count: 1,
    },
  ];

for (const { file, at, backend, health, count } of hasRecorded ? RECORDINGS : []) {
  test(`recorded page: ${file} on ${at}`, () => {
    const page = read(RECORDED + file, {}, Date.parse(at));
    if (isPageError(page)) throw new Error(page.detail);
    expect({ backend: page.backend, health: page.health, count: page.incidents.length }).toEqual({
      backend,
      health,
      count,
    } as never);
  });
}
