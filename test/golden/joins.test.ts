// Every cut of every text, gone on with by every kind of model: it is joined as it was, or not at all.

import { expect, test } from "bun:test";
import { leastOf, MODELS, shareJoined } from "../support/join-models.ts";

const LIMIT_MS = 60_000;

for (const [name, model] of Object.entries(MODELS)) {
  test(`a model that ${name}`, () => expect(shareJoined(model, 1)).toBeGreaterThan(leastOf(model)), LIMIT_MS);
}
