// What a Messages request declares of its answer: the tools and the form of output. Read only when an answer is to be held
// against it; what is not as it should be is the provider's to refuse and asks for nothing here.

import type { OutputFormat } from "../../core/message.ts";
import type { DeclaredTools } from "../dialect.ts";
import { isList, isObject, parseJson } from "../json-object.ts";

/** Tools that Anthropic defines have no schema here; of a set of tools not even the names are known. */
export function toolsOf(json: Uint8Array): DeclaredTools {
  const schemas = new Map<string, unknown>();
  let open = false;
  const tools = parseJson(json);
  for (const tool of isList(tools) ? tools : []) {
    if (!isObject(tool) || typeof tool.name !== "string") open = true;
    else schemas.set(tool.name, isObject(tool.input_schema) ? tool.input_schema : undefined);
  }
  return { schemas, open };
}

/** From `output_config` or the older `output_format`. */
export function formatOf(json: Uint8Array): OutputFormat | undefined {
  const value = parseJson(json);
  const format = isObject(value) && isObject(value.format) ? value.format : value;
  if (!isObject(format) || format.type !== "json_schema" || !isObject(format.schema)) return undefined;
  return { type: "json-schema", schema: format.schema };
}
