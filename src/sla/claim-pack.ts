// A pack of evidence for a claim under an SLA: what was promised, how it was judged, the minutes, the requests, the status
// pages, and a letter that a person signs and sends. Files in, one archive out; nobody is written to from here.

import { COUNT_COLUMNS, countCells } from "../core/minute-table.ts";
import type { Evaluation, MinuteCount } from "../core/sla.ts";
import { chainedCsv, hashOf, type ManifestFacts, manifestOf } from "./chain.ts";
import { claimLetter } from "./claim-letter.ts";
import { type ZipFile, zip } from "./zip.ts";

/** A request that failed, as the provider can find it again. */
export interface EvidenceRequest {
  readonly atMs: number;
  /** The provider's own id of it; "" when it sent none. */
  readonly requestId: string;
  /** 0: no answer came. */
  readonly status: number;
  readonly outcome: string;
  readonly fault: string;
  readonly model: string;
  /** A fingerprint of the key. */
  readonly account: string;
  readonly tookMs: number;
  /** Holdfast's own id of the call. */
  readonly call: string;
}

/** What a status page said, as it was fetched. */
export interface PageSnapshot {
  /** Its address, or the file that it was kept in. */
  readonly name: string;
  readonly fetchedAtMs: number;
  readonly body: Uint8Array;
}

export interface ClaimEvidence {
  readonly provider: string;
  /** `2026-11` */
  readonly month: string;
  readonly madeAtMs: number;
  readonly evaluation: Evaluation;
  readonly minutes: readonly MinuteCount[];
  /** In the order of time. */
  readonly requests: readonly EvidenceRequest[];
  /** More requests failed than are listed, or were kept. */
  readonly requestsAreCut: boolean;
  readonly pages: readonly PageSnapshot[];
}

export interface ClaimPack {
  readonly archive: Uint8Array;
  /** The last hash of the manifest: to be kept elsewhere, so that a pack that was made anew is told from this one. */
  readonly root: string;
}

export const PACK_FORMAT = "holdfast-claim-pack/1";
export const MANIFEST = "manifest.jsonl";
const MINUTE_MS = 60_000;

export function claimPack(evidence: ClaimEvidence): ClaimPack {
  const { provider, month, madeAtMs, evaluation, pages } = evidence;
  const text = (name: string, content: string): ZipFile => ({ name, bytes: new TextEncoder().encode(content) });
  const files = [
    text("letter.md", claimLetter(evidence)),
    text("evaluation.json", `${JSON.stringify(evaluation, undefined, 2)}\n`),
    text("downtime.csv", downtimeCsv(evaluation)),
    text("minutes.csv", minutesCsv(evidence.minutes)),
    text("requests.csv", requestsCsv(evidence.requests)),
    ...(pages.length === 0 ? [] : [text("pages.csv", pagesCsv(pages))]),
    ...pages.map(({ body }, index) => ({ name: pageName(index), bytes: body })),
  ];
  const first = { format: PACK_FORMAT, provider, month, madeAt: new Date(madeAtMs).toISOString() };
  const { text: manifest, root } = manifestOf([first, ...files.map(factsOf)]);
  return { archive: zip([...files, text(MANIFEST, manifest)]), root };
}

function factsOf({ name, bytes }: ZipFile): ManifestFacts {
  return { file: name, bytes: bytes.length, sha256: hashOf(bytes) };
}

function isoMinute(minute: number): string {
  return new Date(minute * MINUTE_MS).toISOString().replace(":00.000Z", "Z");
}

function downtimeCsv({ downtime }: Evaluation): string {
  return chainedCsv(
    ["from_utc", "to_utc", "minutes", "valid_requests", "failed_requests"],
    downtime.map(({ fromMinute, toMinute, valid, failed }) => [
      isoMinute(fromMinute),
      isoMinute(toMinute),
      toMinute - fromMinute,
      valid,
      failed,
    ]),
  );
}

function minutesCsv(minutes: readonly MinuteCount[]): string {
  return chainedCsv(
    ["minute_utc", "valid_requests", "failed_requests", ...COUNT_COLUMNS],
    minutes.map((one) => [isoMinute(one.minute), one.valid, one.failed, ...countCells(one)]),
  );
}

function requestsCsv(requests: readonly EvidenceRequest[]): string {
  return chainedCsv(
    ["at_utc", "request_id", "status", "outcome", "fault", "model", "key_fingerprint", "took_ms", "call"],
    requests.map((one) => [
      new Date(one.atMs).toISOString(),
      one.requestId,
      one.status === 0 ? "" : one.status,
      one.outcome,
      one.fault,
      one.model,
      one.account,
      one.tookMs,
      one.call,
    ]),
  );
}

function pagesCsv(pages: readonly PageSnapshot[]): string {
  return chainedCsv(
    ["file", "fetched_at_utc", "page", "sha256"],
    pages.map(({ name, fetchedAtMs, body }, index) => [
      pageName(index),
      new Date(fetchedAtMs).toISOString(),
      name,
      hashOf(body),
    ]),
  );
}

function pageName(index: number): string {
  return `pages/${String(index + 1).padStart(4, "0")}`;
}
