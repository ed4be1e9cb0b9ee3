// Checks a JSON value against a JSON Schema (draft 7 to 2020-12), for judging answers: bounded in steps and depth, no code
// is generated, and nothing is ever thrown. It is lenient where it does not know: a schema that says something which is not
// judged here makes the answer "unchecked", never wrong.

import {
  isRecord,
  type JsonRecord,
  listOf,
  type SchemaCheck,
  type Wrong,
  wrongList,
  wrongObject,
} from "./json-schema-nested.ts";
import { type LinearPattern, linearPattern, type StepBudget } from "./linear-pattern.ts";

/** What was found: the value fits, it could not be told, or the place and the reason (which quotes nothing of the value). */
export type SchemaFinding = "fits" | "unchecked" | Wrong;

/** Far more than any answer of a few thousand values takes; some milliseconds. */
const STEPS_MAX = 50_000;
const PATTERN_STEPS_MAX = 300_000;
const DEPTH_MAX = 100;

/** Keywords that change what a schema accepts and are not judged here. */
const UNJUDGED: ReadonlySet<string> = new Set([
  "$dynamicRef",
  "$recursiveRef",
  "unevaluatedProperties",
  "unevaluatedItems",
]);

/** Thrown and caught within: the whole question cannot be answered. */
class Unchecked extends Error {}

export function checkSchema(schema: unknown, value: unknown): SchemaFinding {
  try {
    return new BoundedCheck(schema).wrong(schema, value, "") ?? "fits";
  } catch (error) {
    if (error instanceof Unchecked || error instanceof RangeError) return "unchecked";
    throw error;
  }
}

/** Why a schema cannot be used to judge anything; `undefined` when it can. For schemas that an operator wrote. */
export function wrongSchema(schema: unknown): string | undefined {
  if (typeof schema === "boolean") return undefined;
  if (!isRecord(schema)) return "is no JSON Schema";
  return new SchemaReading(schema).wrong(schema, 0);
}

class BoundedCheck implements SchemaCheck {
  readonly #root: unknown;
  readonly #patterns = new Map<string, LinearPattern>();
  readonly #budget: StepBudget = { steps: PATTERN_STEPS_MAX };
  #steps = 0;
  #depth = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  wrong(schema: unknown, value: unknown, path: string): Wrong | undefined {
    this.spend(1);
    if (schema === true) return undefined;
    if (schema === false) return { path, why: "is not allowed" };
    if (!isRecord(schema)) throw new Unchecked();
    if (++this.#depth > DEPTH_MAX) throw new Unchecked();
    const found = this.#judge(schema, value, path);
    this.#depth--;
    return found;
  }

  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > STEPS_MAX) throw new Unchecked();
  }

  matches(source: string, text: string): boolean {
    let pattern = this.#patterns.get(source);
    if (pattern === undefined) {
      this.spend(source.length);
      const made = linearPattern(source);
      if ("wrong" in made) throw new Unchecked();
      pattern = made;
      this.#patterns.set(source, made);
    }
    const found = pattern.test(text, this.#budget);
    if (found === undefined) throw new Unchecked();
    return found;
  }

  same(a: unknown, b: unknown): boolean {
    this.spend(1);
    if (a === b) return true;
    if (Array.isArray(a) && Array.isArray(b))
      return a.length === b.length && a.every((item, i) => this.same(item, b[i]));
    if (!isRecord(a) || !isRecord(b)) return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && this.same(a[key], b[key]));
  }

  #judge(schema: JsonRecord, value: unknown, path: string): Wrong | undefined {
    for (const key of Object.keys(schema)) if (UNJUDGED.has(key)) throw new Unchecked();
    // Not of the standard, but many tools write it; null is then what they mean.
    if (value === null && schema.nullable === true) return undefined;
    if (typeof schema.$ref === "string") {
      const found = this.wrong(resolved(this.#root, schema.$ref), value, path);
      if (found !== undefined) return found;
    }
    return (
      wrongKind(this, schema, value, path) ??
      (typeof value === "string" ? wrongText(this, schema, value, path) : undefined) ??
      (typeof value === "number" ? wrongNumber(schema, value, path) : undefined) ??
      (Array.isArray(value) ? wrongList(this, schema, value, path) : undefined) ??
      (isRecord(value) ? wrongObject(this, schema, value, path) : undefined) ??
      this.#wrongLogic(schema, value, path)
    );
  }

  #wrongLogic(schema: JsonRecord, value: unknown, path: string): Wrong | undefined {
    for (const part of listOf(schema.allOf)) {
      const found = this.wrong(part, value, path);
      if (found !== undefined) return found;
    }
    const fits = (part: unknown) => this.wrong(part, value, path) === undefined;
    if (Array.isArray(schema.anyOf) && !schema.anyOf.some(fits)) return { path, why: "fits none of its alternatives" };
    if (Array.isArray(schema.oneOf) && schema.oneOf.filter(fits).length !== 1)
      return { path, why: "does not fit exactly one of its alternatives" };
    if (schema.not !== undefined && fits(schema.not)) return { path, why: "is what it must not be" };
    if (schema.if === undefined) return undefined;
    const then = fits(schema.if) ? schema.then : schema.else;
    return then === undefined ? undefined : this.wrong(then, value, path);
  }
}

/** What `#/…` stands for. */
function resolved(root: unknown, ref: string): unknown {
  if (ref === "#") return root;
  if (!ref.startsWith("#/")) throw new Unchecked();
  let at = root;
  for (const step of ref.slice(2).split("/")) {
    const key = decoded(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at) ? !/^\d+$/.test(key) : !isRecord(at) || !Object.hasOwn(at, key)) throw new Unchecked();
    // Just seen to be a list or an object that has it.
    at = (at as JsonRecord)[key];
  }
  return at;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    throw new Unchecked();
  }
}

function wrongKind(check: SchemaCheck, schema: JsonRecord, value: unknown, path: string): Wrong | undefined {
  const { type } = schema;
  const types = typeof type === "string" ? [type] : listOf(type);
  if (types.length > 0 && !types.some((name) => isOfType(name, value)))
    return { path, why: `is not of type ${types.join(" or ").slice(0, 80)}` };
  if (Array.isArray(schema.enum) && !schema.enum.some((item) => check.same(item, value)))
    return { path, why: "is none of the values of its enum" };
  if (Object.hasOwn(schema, "const") && !check.same(schema.const, value)) return { path, why: "is not its const" };
  return undefined;
}

function isOfType(name: unknown, value: unknown): boolean {
  switch (name) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === name;
    default:
      throw new Unchecked();
  }
}

function wrongText(check: SchemaCheck, schema: JsonRecord, value: string, path: string): Wrong | undefined {
  const { minLength, maxLength, pattern } = schema;
  if (typeof minLength === "number" || typeof maxLength === "number") {
    // In code points, as the standard says; there are never more of them than units.
    const length = value.length <= 100_000 ? [...value].length : value.length;
    if (typeof minLength === "number" && length < minLength) return { path, why: `is shorter than ${minLength}` };
    if (typeof maxLength === "number" && length > maxLength) return { path, why: `is longer than ${maxLength}` };
  }
  if (typeof pattern === "string" && !check.matches(pattern, value)) return { path, why: "does not match its pattern" };
  return undefined;
}

function wrongNumber(schema: JsonRecord, value: number, path: string): Wrong | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === "number" && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum))
    return { path, why: "is less than its minimum" };
  if (typeof maximum === "number" && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum))
    return { path, why: "is more than its maximum" };
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum)
    return { path, why: "is not above its exclusive minimum" };
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum)
    return { path, why: "is not below its exclusive maximum" };
  if (typeof multipleOf !== "number" || multipleOf <= 0) return undefined;
  const times = value / multipleOf;
  // 0.3 is a multiple of 0.1 to whoever wrote that.
  return Math.abs(times - Math.round(times)) > 1e-9 * Math.max(1, Math.abs(times))
    ? { path, why: "is no multiple of what it must be" }
    : undefined;
}

/** Walks an operator's own schema, so that what would never be judged is told when it is written. */
class SchemaReading {
  readonly #root: unknown;
  #nodes = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  wrong(value: unknown, depth: number): string | undefined {
    if (++this.#nodes > STEPS_MAX || depth > DEPTH_MAX) return "is too large or nested too deep";
    if (Array.isArray(value)) return this.#firstWrong(value, depth);
    if (!isRecord(value)) return undefined;
    const unjudged = Object.keys(value).find((key) => UNJUDGED.has(key));
    if (unjudged !== undefined) return `uses \`${unjudged}\`, which is not judged`;
    if (typeof value.$ref === "string" && !this.#resolves(value.$ref))
      return "has a `$ref` that leads nowhere within it";
    if (typeof value.pattern === "string") {
      const made = linearPattern(value.pattern);
      if ("wrong" in made) return `has a pattern that cannot be used: ${made.wrong}`;
    }
    const types = typeof value.type === "string" ? [value.type] : listOf(value.type);
    const strange = types.find((name) => typeof name === "string" && !TYPES.has(name));
    if (strange !== undefined) return `has a type that does not exist`;
    const under = Object.entries(value).filter(([key]) => key !== "const" && key !== "enum" && key !== "default");
    return this.#firstWrong(
      under.map(([, nested]) => nested),
      depth,
    );
  }

  #firstWrong(values: readonly unknown[], depth: number): string | undefined {
    for (const value of values) {
      const found = this.wrong(value, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #resolves(ref: string): boolean {
    try {
      resolved(this.#root, ref);
      return true;
    } catch {
      return false;
    }
  }
}

const TYPES: ReadonlySet<string> = new Set(["null", "integer", "array", "object", "string", "number", "boolean"]);
