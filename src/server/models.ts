// `GET /v1/models`: the routes as models, in the shape of the dialect that asks. Patterns are no models and are left out.

import type { DialectId } from "../core/call.ts";

/** Routes have no date of their own; both shapes require one. */
const CREATED_S = 0;

export function listModels(names: readonly string[], dialect: DialectId): Response {
  const ids = names.filter((name) => !name.endsWith("*"));
  if (dialect === "anthropic-messages") {
    const created_at = new Date(CREATED_S * 1000).toISOString();
    const data = ids.map((id) => ({ type: "model", id, display_name: id, created_at }));
    return Response.json({ data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null });
  }
  const data = ids.map((id) => ({ id, object: "model", created: CREATED_S, owned_by: "holdfast" }));
  return Response.json({ object: "list", data });
}
