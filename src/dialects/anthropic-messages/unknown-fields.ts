// Fields of a Messages request that have no place in a prompt, declared as losses.

import { reasonsOfDropped } from "../field-ledger.ts";
import type { JsonObject } from "../json-object.ts";
import type { Losses } from "../losses.ts";
import { addUnknown as declare } from "../unknown-fields.ts";
import { MESSAGES_FIELDS } from "./fields.ts";

const REASONS = reasonsOfDropped(MESSAGES_FIELDS);

/** Declares every key of `value` that is neither known nor without meaning. `at` is its path in the request. */
export function addUnknown(losses: Losses, value: JsonObject, known: ReadonlySet<string>, at: string): void {
  declare(losses, value, { known, at, reasons: REASONS });
}
