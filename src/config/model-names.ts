// A model's name with a slip in it is an error only when the target is asked, which for a backup is in an outage. Names that the
// catalog does not have are no slips by themselves: models come faster than releases. So this only warns, of one word.

import { modelsOf } from "../../catalog/models.ts";
import { PROVIDERS } from "../../catalog/providers.ts";
import { nearest } from "../core/nearest.ts";
import type { Issue } from "./problem.ts";
import { splitTarget } from "./routes.ts";
import { at, entriesOf } from "./tree.ts";

/** Targets at the catalog's own providers whose model has a word that is nearly one of that provider's. */
export function modelWarnings(tree: unknown): Issue[] {
  return entriesOf(at(tree, ["routes"])).flatMap(([name]) => {
    const targets = at(tree, ["routes", name, "targets"]);
    if (!Array.isArray(targets)) return [];
    return targets.flatMap((target: unknown, index): Issue[] => {
      const { provider = "", model = "" } = (typeof target === "string" && splitTarget(target)) || {};
      // At a url of one's own names are one's own.
      if (!Object.hasOwn(PROVIDERS, provider) || at(tree, ["providers", provider, "url"]) !== undefined) return [];
      const meant = withoutSlip(provider, model);
      if (meant === undefined) return [];
      const path = ["routes", name, "targets", index];
      return [{ path, message: `"${model}" is no model that the catalog knows`, nearest: `${provider}/${meant}` }];
    });
  });
}

/** The name with one word put right; `undefined` where none is nearly another. What has a digit in it is a version. */
function withoutSlip(provider: string, model: string): string | undefined {
  const known = new Set(modelsOf(provider).flatMap(({ name }) => wordsOf(name)));
  for (const word of wordsOf(model)) {
    const meant = known.has(word) ? undefined : nearest(word, known);
    if (meant !== undefined) return model.replace(word, meant);
  }
  return undefined;
}

function wordsOf(name: string): readonly string[] {
  return name.split(/[-/.:@]/).filter((word) => /^[a-z]{4,}$/i.test(word));
}
