// The one door to the readers: bytes of a status page in, what they say out. Pure. The kind of page is told by the shape
// of what came, never by its address, so that a vendor who moves is followed. Anything else is an error: an error page,
// a firewall's question and an empty body are neither an all-clear nor an outage.

import type { PageBackend, PageError } from "../core/status-page.ts";
import { type Fields, fieldsOf, listOf } from "./json-shape.ts";
import { type PageDocument, schemaError } from "./page-document.ts";
import { decodeText } from "./plain-text.ts";
import { isAws, isGoogle, readAws, readGoogle } from "./read-cloud.ts";
import { readFeed } from "./read-feed.ts";
import { isFirehydrant, readFirehydrant } from "./read-firehydrant.ts";
import {
  isIncidentioIncidents,
  isIncidentioSummary,
  isIncidentioWidget,
  readIncidentioIncidents,
  readIncidentioSummary,
  readIncidentioWidget,
} from "./read-incidentio.ts";
import {
  isInstatusComponents,
  isInstatusSummary,
  readInstatusComponents,
  readInstatusSummary,
} from "./read-instatus.ts";
import { isSlackHistory, isSlackNow, readSlackHistory, readSlackNow } from "./read-slack.ts";
import { isStatusio, readStatusio } from "./read-statusio.ts";
import { isStatuspage, readStatuspage } from "./read-statuspage.ts";
import { parseXml } from "./xml.ts";

/** Of one document; AWS's is the largest known, with some 250 KB. */
export const DOCUMENT_BYTES_MAX = 4 * 1024 * 1024;

export interface ParseOptions {
  /** What an empty list means: only at AWS it is the usual thing. */
  readonly expected?: PageBackend;
}

/** Never throws. `nowMs`: milliseconds since the Unix epoch. */
export function parse(
  bytes: Uint8Array,
  contentType: string,
  nowMs: number,
  { expected }: ParseOptions = {},
): PageDocument | PageError {
  if (bytes.length > DOCUMENT_BYTES_MAX) {
    return { code: "too-large", detail: `${bytes.length} bytes; at most ${DOCUMENT_BYTES_MAX} are read` };
  }
  const text = decodeText(bytes).trim();
  if (text === "") return schemaError("an empty body");
  if (text.startsWith("<")) return parseFeed(text, contentType, nowMs);
  const json = parsedJson(text);
  if (json === undefined) return schemaError("neither JSON nor a feed");
  const list = listOf(json);
  if (list !== undefined) return parseList(list, expected);
  const body = fieldsOf(json);
  return (body && parseBody(body)) ?? schemaError("JSON of no known kind of status page");
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseFeed(text: string, contentType: string, nowMs: number): PageDocument | PageError {
  const parsed = parseXml(text);
  if (parsed === undefined) return schemaError("markup without an element");
  const { root, clean } = parsed;
  const read = readFeed(root, clean, nowMs);
  if (read !== undefined) return read;
  const html = root.name === "html" || /\bhtml\b/.test(contentType);
  return html ? { code: "blocked", detail: "an HTML page instead of data" } : schemaError(`<${root.name}> is no feed`);
}

function parseList(list: readonly unknown[], expected: PageBackend | undefined): PageDocument | PageError {
  if (isGoogle(list) || (expected === "gcp" && list.length === 0)) return readGoogle(list);
  if (isAws(list) || (expected === "aws" && list.length === 0)) return readAws(list);
  if (isSlackHistory(list)) return readSlackHistory(list);
  return schemaError(list.length === 0 ? "an empty list" : "a list of no known kind");
}

function parseBody(body: Fields): PageDocument | undefined {
  if (isInstatusSummary(body)) return readInstatusSummary(body);
  if (isStatuspage(body)) return readStatuspage(body);
  if (isStatusio(body)) return readStatusio(body);
  if (isFirehydrant(body)) return readFirehydrant(body);
  if (isSlackNow(body)) return readSlackNow(body);
  if (isIncidentioSummary(body)) return readIncidentioSummary(body);
  if (isIncidentioWidget(body)) return readIncidentioWidget(body);
  if (isIncidentioIncidents(body)) return readIncidentioIncidents(body);
  if (isInstatusComponents(body)) return readInstatusComponents(body);
  return undefined;
}
