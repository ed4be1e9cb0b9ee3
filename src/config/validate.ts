// What a route's `validate` means, and what is wrong with it that its shape does not show: a pattern that cannot be matched
// in linear time, a schema that cannot be judged. Judges the unchecked tree.

import { wrongSchema } from "../core/json-schema.ts";
import { linearPattern } from "../core/linear-pattern.ts";
import type { ValidateSettings } from "../core/settings.ts";
import type { Issue } from "./problem.ts";
import { at, entriesOf, isMapping } from "./tree.ts";

interface Written {
  readonly "min-length"?: number | undefined;
  readonly pattern?: string | undefined;
  readonly "json-schema"?: unknown;
}

export function validateOf(written: Written | "off" | undefined): ValidateSettings | undefined {
  if (written === undefined || written === "off") return undefined;
  const { "min-length": minLength, pattern, "json-schema": jsonSchema } = written;
  return {
    ...(minLength !== undefined && { minLength }),
    ...(pattern !== undefined && { pattern }),
    ...(jsonSchema !== undefined && jsonSchema !== null && { jsonSchema }),
  };
}

export function validateIssues(tree: unknown): Issue[] {
  return entriesOf(at(tree, ["routes"])).flatMap(([route]) => {
    const path = ["routes", route, "validate"];
    const written = at(tree, path);
    if (!isMapping(written)) return [];
    return [...patternIssues(written, [...path, "pattern"]), ...schemaIssues(written, [...path, "json-schema"])];
  });
}

function patternIssues(written: Record<string, unknown>, path: readonly string[]): Issue[] {
  const { pattern } = written;
  const made = typeof pattern === "string" ? linearPattern(pattern) : undefined;
  if (made === undefined || !("wrong" in made)) return [];
  const allowed = "a regular expression without look-around and back references";
  return [{ path, message: `cannot be used: ${made.wrong}`, allowed }];
}

function schemaIssues(written: Record<string, unknown>, path: readonly string[]): Issue[] {
  const schema = written["json-schema"];
  const wrong = schema === undefined || schema === null ? undefined : wrongSchema(schema);
  return wrong === undefined ? [] : [{ path, message: wrong, allowed: "a JSON Schema, written as a mapping" }];
}
