// `${NAME}` in the values of a configuration. Only replacement: no defaults, no commands, nothing in keys.

import { nearest } from "../core/nearest.ts";
import type { Issue, Path } from "./problem.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expanded {
  readonly tree: unknown;
  readonly issues: readonly Issue[];
}

const DEPTH_MAX = 32;

/** The same tree with every `${NAME}` of a text filled in; a variable that is missing or empty is an issue. */
export function expand(tree: unknown, env: Environment): Expanded {
  const issues: Issue[] = [];
  return { tree: expandValue(tree, [], { env, issues }), issues };
}

interface Work {
  readonly env: Environment;
  readonly issues: Issue[];
}

function expandValue(value: unknown, path: Path, work: Work): unknown {
  if (typeof value === "string") return expandText(value, path, work);
  if (typeof value !== "object" || value === null) return value;
  if (path.length >= DEPTH_MAX) {
    work.issues.push({ path, message: `is nested more than ${DEPTH_MAX} deep` });
    return undefined;
  }
  if (Array.isArray(value)) return value.map((item, index) => expandValue(item, [...path, index], work));
  // fromEntries defines own keys, `__proto__` included, so that such a key is seen and refused as unknown.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expandValue(item, [...path, key], work)]));
}

function expandText(text: string, path: Path, { env, issues }: Work): string {
  if (!text.includes("${")) return text;
  const expanded = text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
    const problem = variableIssue(name, env);
    if (problem === undefined) return env[name] ?? whole;
    issues.push({ path, ...problem });
    return whole;
  });
  if (/\$\{[^}]*$/.test(text)) issues.push({ path, message: '"${" is not closed', allowed: "${NAME}" });
  return expanded;
}

function variableIssue(name: string, env: Environment): Omit<Issue, "path"> | undefined {
  if (/^[A-Za-z_]\w*:?[-=?+]/.test(name)) {
    return {
      message: `"\${${name}}": a default is not supported; set the variable in the environment`,
      allowed: "${NAME}",
    };
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    return { message: `"\${${name}}" does not name an environment variable`, allowed: "${NAME}" };
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined) {
    return { message: `the environment variable ${name} is not set`, nearest: nearest(name, Object.keys(env)) };
  }
  return value.trim() === "" ? { message: `the environment variable ${name} is set but empty` } : undefined;
}
