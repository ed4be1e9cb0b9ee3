// A call as it is written down and read again: all but its body, its tenant and what the tenant may do, which are those of the
// hour when it runs.

import type { Call, DialectId } from "../core/call.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import { isObject, parseJson } from "../dialects/json-object.ts";
import { DIALECTS } from "../dialects/registry.ts";

type Packed = Pick<Call, "operation" | "dialect" | "headers" | "query" | "strict" | "resume" | "cache">;

export function packCall({ operation, dialect, headers, query, strict, resume, cache }: Call): string {
  return JSON.stringify({ operation, dialect, headers, query, strict, resume, cache } satisfies Packed);
}

/** Whose words a reply is to be in, though the call cannot be run. */
export function dialectOf(packed: string): DialectId {
  const read = parseJson(packed);
  return isPacked(read) ? read.dialect : "openai-chat";
}

export interface Present {
  readonly id: string;
  readonly tenant: string;
  readonly routes: readonly string[] | undefined;
}

/** Runs behind everybody who waits: it is the first to be shed. */
export function unpackCall(packed: string, body: Uint8Array, { id, tenant, routes }: Present): Call | Fault {
  const read = parseJson(packed);
  if (!isPacked(read)) return fault("invalid-request", "The call was written by another version of Holdfast.");
  const inspected = DIALECTS[read.dialect].wire.inspect(body, read.operation);
  if (isFault(inspected)) return inspected;
  return {
    ...read,
    id,
    tenant,
    routes,
    model: inspected.model,
    stream: inspected.stream,
    body,
    inspected,
    deadlineMs: Number.POSITIVE_INFINITY,
    criticality: "sheddable",
    retryCount: 0,
    defer: "due",
  };
}

/** It was written by us: whether it is all there is enough to know. */
function isPacked(value: unknown): value is Packed {
  return (
    isObject(value) &&
    typeof value.dialect === "string" &&
    Object.hasOwn(DIALECTS, value.dialect) &&
    (value.operation === "generate" || value.operation === "embed") &&
    isObject(value.headers) &&
    typeof value.query === "string"
  );
}
