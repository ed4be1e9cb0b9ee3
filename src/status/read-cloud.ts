// The clouds' own JSON: Google's `incidents.json` and AWS's `currentevents`. Both tell of a whole cloud; what is about its
// models is found by product id, service code or name. Neither has components, so the verdict is made of what is open.

import type { PageHealth, PageIncident } from "../core/status-page.ts";
import {
  epochOf,
  type Fields,
  fieldsOf,
  idOf,
  linkOf,
  listOf,
  momentOf,
  newestOf,
  rowsOf,
  textOf,
} from "./json-shape.ts";
import { incidentOf, type PageDocument } from "./page-document.ts";
import { lifecycleOf, wordIn, worstOf } from "./words.ts";

/** Products of Google Cloud that serve models: "Vertex Gemini API", read as recorded in 2026. */
const GOOGLE_PRODUCTS: ReadonlySet<string> = new Set(["Z0FZJAMvEB4j3NbCJs6B"]);
const GOOGLE_ID = /^[A-Za-z0-9]{8,40}$/;
const GOOGLE_NAMES = /\b(?:gemini|vertex ai|generative ai|agent platform)\b/i;

const GOOGLE_IMPACT: Readonly<Record<string, PageHealth>> = {
  SERVICE_OUTAGE: "major_outage",
  SERVICE_DISRUPTION: "partial_outage",
  SERVICE_INFORMATION: "degraded",
};

export function isGoogle(body: readonly unknown[]): boolean {
  return body.some((raw) => {
    const row = fieldsOf(raw);
    return row !== undefined && "external_desc" in row && ("affected_products" in row || "status_impact" in row);
  });
}

export function readGoogle(body: readonly unknown[]): PageDocument {
  let garbled = false;
  const healths: PageHealth[] = [];
  const incidents = body.flatMap((raw): readonly PageIncident[] => {
    const row = fieldsOf(raw);
    const id = idOf(row?.id);
    const title = textOf(row?.external_desc);
    const products = row === undefined ? undefined : productsOf(row);
    // It is over when it says when: anything else there is still going on.
    const endedMs = momentOf(row?.end);
    if (row === undefined || id === undefined || title === undefined || products === undefined) {
      garbled ||= endedMs === undefined;
      return [];
    }
    const ours = ({ id: product, title: name }: Product) => GOOGLE_PRODUCTS.has(product) || GOOGLE_NAMES.test(name);
    if (!products.some(ours) && !GOOGLE_NAMES.test(title)) return [];
    const impact = wordIn(GOOGLE_IMPACT, textOf(row.status_impact)) ?? "unknown";
    if (endedMs === undefined) healths.push(impact);
    return [googleIncident(row, { id, title, impact, endedMs })];
  });
  // The list of a whole cloud is never empty: one that is tells nothing.
  const verdict =
    body.length === 0 || garbled ? worstOf([...healths, "unknown"]) : worstOf([...healths, "operational"]);
  return { backend: "gcp", garbled, incidents, verdict };
}

interface GoogleFound {
  readonly id: string;
  readonly title: string;
  readonly impact: PageHealth;
  readonly endedMs: number | undefined;
}

function googleIncident(row: Fields, { id, title, impact, endedMs }: GoogleFound): PageIncident {
  const newest = fieldsOf(row.most_recent_update);
  const uri = textOf(row.uri);
  const places = listOf(row.currently_affected_locations) ?? [];
  return incidentOf({
    id,
    title,
    lifecycle:
      endedMs !== undefined ? "resolved" : textOf(newest?.status) === "AVAILABLE" ? "monitoring" : "investigating",
    open: endedMs === undefined,
    impact,
    surfaces: ["api"],
    regions: places.flatMap((place) => idOf(fieldsOf(place)?.id) ?? []),
    startedMs: momentOf(row.begin) ?? momentOf(row.created),
    updatedMs: momentOf(row.modified),
    endedMs,
    note: textOf(newest?.text),
    url: uri === undefined ? undefined : linkOf(`https://status.cloud.google.com/${uri}`),
  });
}

interface Product {
  readonly id: string;
  readonly title: string;
}

/** Undefined: not to be understood, so it may be any product. */
function productsOf({ affected_products: value }: Fields): readonly Product[] | undefined {
  const list = listOf(value);
  if (list === undefined || list.length === 0) return undefined;
  const products = list.map((raw) => {
    const row = fieldsOf(raw);
    const id = idOf(row?.id);
    const names = [textOf(row?.title), textOf(row?.current_title)].filter((name) => name !== undefined);
    return id === undefined || !GOOGLE_ID.test(id) ? undefined : { id, title: names.join(" · ") };
  });
  const whole = products.filter((product) => product !== undefined);
  return whole.length === products.length ? whole : undefined;
}

const AWS_CODES: Readonly<Record<string, PageHealth>> = {
  "0": "operational",
  "1": "degraded",
  "2": "degraded",
  "3": "major_outage",
};
const BEDROCK = /\bbedrock/i;
const AWS_SERVICE = /^[a-z0-9-]{2,80}$/;

export function isAws(body: readonly unknown[]): boolean {
  return body.some((raw) => {
    const row = fieldsOf(raw);
    return row !== undefined && ("event_log" in row || (textOf(row.arn) ?? "").startsWith("arn:aws:health:"));
  });
}

export function readAws(body: readonly unknown[]): PageDocument {
  let garbled = false;
  const healths: PageHealth[] = ["operational"];
  const incidents = body.flatMap((raw): readonly PageIncident[] => {
    const row = fieldsOf(raw);
    const service = textOf(row?.service);
    const status = wordIn(AWS_CODES, textOf(row?.status));
    const impacted = fieldsOf(row?.impacted_services);
    if (row === undefined || service === undefined || status === undefined || !AWS_SERVICE.test(service)) {
      garbled = true;
      return [];
    }
    const named = Object.entries(impacted ?? {}).filter(([name]) => BEDROCK.test(name));
    const told = [service, textOf(row.service_name), textOf(row.arn)?.replaceAll("_", " ")].join(" ");
    const several = /\bmultiple ?services/i.test(told);
    // Which services it is about is told nowhere else.
    if (several && status !== "operational" && !isWhole(impacted)) garbled = true;
    if (named.length === 0 && !BEDROCK.test(told)) return [];
    const impact = worstOf([
      ...named.map(([, one]) => wordIn(AWS_CODES, textOf(fieldsOf(one)?.current)) ?? "unknown"),
      ...(several ? [] : [status]),
    ]);
    healths.push(impact);
    return [awsIncident(row, { service, impact, over: status === "operational" || impact === "operational" })];
  });
  return { backend: "aws", garbled, incidents, verdict: worstOf(garbled ? [...healths, "unknown"] : healths) };
}

function isWhole(impacted: Fields | undefined): boolean {
  const services = Object.entries(impacted ?? {});
  return (
    services.length > 0 && services.every(([name, one]) => AWS_SERVICE.test(name) && "current" in (fieldsOf(one) ?? {}))
  );
}

function awsIncident(row: Fields, found: { service: string; impact: PageHealth; over: boolean }): PageIncident {
  const log = rowsOf(row.event_log);
  const newest = newestOf(log, ({ timestamp }) => epochOf(timestamp) ?? 0);
  const arn = textOf(row.arn);
  const updatedMs = epochOf(newest?.timestamp);
  return incidentOf({
    id: arn?.slice(arn.lastIndexOf("/") + 1) ?? `${found.service}@${idOf(row.date) ?? ""}`,
    title: `${textOf(row.service_name) ?? found.service}: ${textOf(row.summary) ?? "an event"}`,
    lifecycle: found.over ? "resolved" : lifecycleOf("investigating"),
    open: !found.over,
    impact: found.impact,
    surfaces: ["api"],
    regions: arn?.split(":")[3] ? [arn.split(":")[3] ?? ""] : [],
    startedMs: epochOf(row.date),
    updatedMs,
    ...(found.over && { endedMs: updatedMs }),
    note: textOf(newest?.message),
    url: "https://health.aws.amazon.com/health/status",
  });
}
