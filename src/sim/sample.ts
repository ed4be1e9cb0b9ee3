// A value that satisfies a JSON Schema, for tool arguments and structured answers. It covers what tools declare in
// practice (objects, enums, bounds, local references); a `pattern` is beyond it.

import { asCount, asRecord, asText, type JsonRecord } from "./json.ts";

const DEPTH_MAX = 8;
const PROPERTIES_MAX = 64;

/** `text` is what free strings are made of. */
export function sampleOf(schema: unknown, text: string): unknown {
  return value(schema, { root: schema, text, depth: 0 });
}

interface Place {
  readonly root: unknown;
  readonly text: string;
  readonly depth: number;
}

function value(schema: unknown, place: Place): unknown {
  const source = resolve(asRecord(schema), place);
  if (source === undefined || place.depth > DEPTH_MAX) return place.text;
  if ("const" in source) return source.const;
  if (Array.isArray(source.enum) && source.enum.length > 0) return source.enum[0];
  if ("default" in source) return source.default;
  for (const key of ["anyOf", "oneOf", "allOf"] as const) {
    const options = source[key];
    if (Array.isArray(options) && options.length > 0) return value(options[0], deeper(place));
  }
  const type = Array.isArray(source.type) ? source.type.find((name) => name !== "null") : source.type;
  switch (type ?? ("properties" in source ? "object" : "string")) {
    case "object":
      return objectOf(source, place);
    case "array":
      return arrayOf(source, place);
    case "integer":
    case "number":
      return numberOf(source);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return stringOf(source, place.text);
  }
}

function objectOf(source: JsonRecord, place: Place): JsonRecord {
  const properties = Object.entries(asRecord(source.properties) ?? {}).slice(0, PROPERTIES_MAX);
  const required: readonly unknown[] = Array.isArray(source.required) ? source.required : [];
  // Deep down only what is required, so that a schema that refers to itself ends.
  const wanted = place.depth < 3 ? properties : properties.filter(([name]) => required.includes(name));
  return Object.fromEntries(wanted.map(([name, schema]) => [name, value(schema, deeper(place))]));
}

function arrayOf(source: JsonRecord, place: Place): readonly unknown[] {
  const length = Math.min(Math.max(asCount(source.minItems) ?? 1, place.depth < 3 ? 1 : 0), 16);
  return Array.from({ length }, () => value(source.items, deeper(place)));
}

function numberOf(source: JsonRecord): number {
  if (typeof source.minimum === "number") return source.minimum;
  if (typeof source.exclusiveMinimum === "number") return source.exclusiveMinimum + 1;
  if (typeof source.maximum === "number") return Math.min(source.maximum, 1);
  return 1;
}

const FORMATS: Readonly<Record<string, string>> = {
  date: "2026-11-01",
  time: "12:00:00Z",
  "date-time": "2026-11-01T12:00:00Z",
  email: "sim@example.com",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000",
};

function stringOf(source: JsonRecord, text: string): string {
  const formatted = FORMATS[asText(source.format) ?? ""] ?? text;
  const padded = formatted.padEnd(Math.min(asCount(source.minLength) ?? 0, 10_000), "x");
  return padded.slice(0, asCount(source.maxLength) ?? padded.length);
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

/** Follows local references (`#/$defs/name`), a few in a row at most. */
function resolve(schema: JsonRecord | undefined, place: Place): JsonRecord | undefined {
  let source = schema;
  for (let hops = 0; hops < 4 && source !== undefined; hops++) {
    const reference = asText(source.$ref);
    if (reference === undefined || !reference.startsWith("#/")) return source;
    let found: unknown = place.root;
    for (const key of reference.slice(2).split("/")) found = asRecord(found)?.[key];
    source = asRecord(found);
  }
  return source;
}
