// What Anthropic takes as the name of a tool.

import { fittingName } from "../tool-name.ts";

const NAME_CHARS_MAX = 128;

export function sentName(name: string): string {
  return fittingName(name, NAME_CHARS_MAX);
}
