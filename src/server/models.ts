// `GET /v1/models` and `/v1/models/{id}`: the routes as models, in the shape of the dialect that asks. Patterns are no
// models and are left out of the list; a name that one matches is a model all the same.

import type { DialectId } from "../core/call.ts";

/** Routes have no date of their own; both shapes require one. */
const CREATED_S = 0;

export function listModels(names: readonly string[], dialect: DialectId): Response {
  const ids = names.filter((name) => !name.endsWith("*"));
  const data = ids.map((id) => modelJson(id, dialect));
  if (dialect !== "anthropic-messages") return Response.json({ object: "list", data });
  return Response.json({ data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null });
}

export function oneModel(id: string, dialect: DialectId): Response {
  return Response.json(modelJson(id, dialect));
}

function modelJson(id: string, dialect: DialectId): Readonly<Record<string, string | number>> {
  return dialect === "anthropic-messages"
    ? { type: "model", id, display_name: id, created_at: new Date(CREATED_S * 1_000).toISOString() }
    : { id, object: "model", created: CREATED_S, owned_by: "holdfast" };
}
