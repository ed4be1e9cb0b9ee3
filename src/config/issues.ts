// From the schema's findings to sentences. By the convention of `fields.ts` an issue's message is what is allowed there.

import type * as z from "zod";
import { nearest } from "../core/nearest.ts";
import type { Issue, Path } from "./problem.ts";
import { at } from "./tree.ts";

type Finding = z.core.$ZodIssue;

/** `written` is the tree before the environment was filled in: what is shown is what the user typed, never a secret. */
export function shapeIssues(findings: readonly Finding[], written: unknown): Issue[] {
  return findings.flatMap((finding) => toIssues(finding, [], written));
}

function toIssues(finding: Finding, base: Path, written: unknown): Issue[] {
  const path = [...base, ...pathOf(finding)];
  if (finding.code === "unrecognized_keys") {
    const known = finding.message.split(", ");
    return finding.keys.map((key) => ({
      path: [...path, key],
      atKey: true,
      message: "unknown key",
      allowed: finding.message,
      nearest: nearest(key, known),
    }));
  }
  if (finding.code === "invalid_union") {
    const deeper = closestBranch(finding.errors);
    if (deeper !== undefined) return deeper.flatMap((inner) => toIssues(inner, path, written));
  }
  return [valueIssue(path, finding.message, at(written, path))];
}

function pathOf(finding: Finding): Path {
  return finding.path.map((step) => (typeof step === "symbol" ? String(step) : step));
}

/** The branch whose outer kind fitted, so that its inner findings say more than "none of these". */
function closestBranch(branches: readonly (readonly Finding[])[]): readonly Finding[] | undefined {
  return branches.find(
    (branch) =>
      branch.length > 0 && branch.every((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"),
  );
}

function valueIssue(path: Path, allowed: string, value: unknown): Issue {
  if (value === undefined) return { path, atKey: true, message: "is missing", allowed };
  if (value === null) return { path, atKey: true, message: "has no value", allowed };
  const names = allowed.split(" | ").filter((name) => /^[\w.-]+$/.test(name));
  const meant = typeof value === "string" ? (nearest(value.trim(), names) ?? begun(value, names)) : undefined;
  return { path, message: `${shown(path, value)} is not allowed here`, allowed, nearest: meant };
}

/** A vendor's name where its dialect is meant. */
function begun(value: string, names: readonly string[]): string | undefined {
  return names.find((name) => name.startsWith(`${value.trim()}-`));
}

const SECRET_KEYS = new Set(["key", "keys", "hash", "notify", "shared", "store"]);
/** Of `notify`, what is no secret. */
const PLAIN_KEYS = new Set(["on", "severity"]);

/** The value as typed, unless it may be a secret; lists and mappings by their kind. */
function shown(path: Path, value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const steps = path.filter((step) => typeof step === "string");
  if (steps.some((step) => SECRET_KEYS.has(step)) && !PLAIN_KEYS.has(steps.at(-1) ?? "")) return "this value";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
