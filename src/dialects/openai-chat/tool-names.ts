// What Chat takes as the name of a tool and as the id of its call.

import { allowedToolId } from "../tool-id.ts";

const ALLOWED = /^[A-Za-z0-9_-]{1,64}$/;
const ID_CHARS_MAX = 64;

export function isAllowedName(name: string): boolean {
  return ALLOWED.test(name);
}

/** The id as Chat takes it: the same for a call and its result, in every turn. */
export function callId(id: string): string {
  return allowedToolId(id, ID_CHARS_MAX);
}
