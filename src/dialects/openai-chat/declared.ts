// What a Chat request declares of its answer: the tools and the form of output. Read only when an answer is to be held
// against it; what is not as it should be is the provider's to refuse and asks for nothing here.

import type { OutputFormat } from "../../core/message.ts";
import type { DeclaredTools } from "../dialect.ts";
import { isObject, listOf, objectOf, parseJson, textOf } from "../json-object.ts";

/** A custom tool's input is any text, so that it has no schema. */
export function toolsOf(json: Uint8Array): DeclaredTools {
  const schemas = new Map<string, unknown>();
  let open = false;
  for (const item of listOf(parseJson(json)) ?? []) {
    const tool = objectOf(item);
    const spec = objectOf(tool?.function);
    const name = textOf(spec?.name) ?? textOf(objectOf(tool?.custom)?.name);
    if (name === undefined) open = true;
    else schemas.set(name, isObject(spec?.parameters) ? spec.parameters : undefined);
  }
  return { schemas, open };
}

export function formatOf(json: Uint8Array): OutputFormat | undefined {
  const format = objectOf(parseJson(json));
  if (format?.type === "json_object") return { type: "json-object" };
  const schema = objectOf(objectOf(format?.json_schema)?.schema);
  return format?.type === "json_schema" && schema !== undefined ? { type: "json-schema", schema } : undefined;
}
