// What Chat takes as the name of a tool and as the id of its call.

import { allowedToolId } from "../tool-id.ts";
import { fittingName } from "../tool-name.ts";

const NAME_CHARS_MAX = 64;
const ID_CHARS_MAX = 64;

export function sentName(name: string): string {
  return fittingName(name, NAME_CHARS_MAX);
}

/** The id as Chat takes it: the same for a call and its result, in every turn. */
export function callId(id: string): string {
  return allowedToolId(id, ID_CHARS_MAX);
}
