// What to do about a target that failed its rehearsal, in one sentence: where the wrong value stands, and what it may have
// been meant to be.

import { modelsOf } from "../../catalog/models.ts";
import { originText } from "../config/origin.ts";
import { FAULTS } from "../core/fault.ts";
import { nearest } from "../core/nearest.ts";
import type { Explained } from "./explanation.ts";
import type { Rehearsed, Take } from "./rehearsal.ts";

const MESSAGE_LENGTH_MAX = 160;

/** `undefined` when nothing is to be done. */
export function adviceFor(result: Rehearsed, { settings, originOf }: Explained): string | undefined {
  const failed = [result.whole, result.stream].find((take) => take !== undefined && take.fault !== "ok");
  if (failed === undefined || failed.fault === "ok") return undefined;
  const { provider, model } = result;
  const whence = (...path: readonly (string | number)[]) => originText(originOf(["providers", provider, ...path]));
  const url = settings.providers.find(({ name }) => name === provider)?.url;
  switch (failed.fault) {
    case "credential-rejected":
      return `the provider rejects the key: ${whence(...keyPath(result, settings))}`;
    case "quota-exhausted":
      return "its credit or spend limit is used up";
    case "rate-limited":
      return "it is limited at the moment: try again later";
    case "model-missing":
      return `the provider does not know this model${didYouMean(provider, model)}`;
    case "connect-failed":
    case "connect-timeout":
      return `nothing answers at ${url} (${whence("url")})`;
    case "deadline-exceeded":
      return "no answer within the time of the rehearsal";
    case "malformed-reply":
      return `what answers at ${url} (${whence("url")}) does not speak the provider's dialect (${whence("dialect")})`;
    default:
      return sentence(failed, FAULTS[failed.fault].summary);
  }
}

function keyPath({ provider, keyNumber = 1 }: Rehearsed, settings: Explained["settings"]): (string | number)[] {
  const several = (settings.providers.find(({ name }) => name === provider)?.keys.length ?? 0) > 1;
  return several ? ["keys", keyNumber - 1] : ["key"];
}

function didYouMean(provider: string, model: string): string {
  const known = modelsOf(provider).map(({ name }) => name);
  const near = known.includes(model) ? undefined : nearest(model, known);
  return near === undefined ? "" : `; did you mean ${provider}/${near}?`;
}

/** The provider's own words, where it had any; it may say what our table cannot know. */
function sentence({ message }: Take, summary: string): string {
  if (message === undefined || message === "") return summary;
  const line = message.split("\n", 1)[0] ?? "";
  return `${summary}: ${line.length > MESSAGE_LENGTH_MAX ? `${line.slice(0, MESSAGE_LENGTH_MAX)}…` : line}`;
}
