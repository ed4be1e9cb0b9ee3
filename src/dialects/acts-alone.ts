// Whether a provider may act by itself while it answers a request: tools that run on its side have effects, and a request
// with them must not be sent twice. Parses the whole body: not for every call's path.

import { isObject } from "./json-object.ts";

const decoder = new TextDecoder();

/** What is the client's to run, and keys of a request that by themselves let a provider act. */
export interface ActingRules {
  readonly clientTools: ReadonlySet<unknown>;
  readonly keys: readonly string[];
}

/** In doubt it acts: a tool of a type that is not known, or a body that is not understood. */
export function actsAlone(body: Uint8Array, { clientTools, keys }: ActingRules): boolean {
  let request: unknown;
  try {
    request = JSON.parse(decoder.decode(body));
  } catch {
    return true;
  }
  if (!isObject(request)) return true;
  // Its own names alone: a body cannot inherit.
  const asked = request;
  if (keys.some((key) => Object.hasOwn(asked, key) && asked[key] !== null)) return true;
  const tools = request.tools ?? [];
  return !Array.isArray(tools) || tools.some((tool) => !isObject(tool) || !clientTools.has(tool.type));
}
