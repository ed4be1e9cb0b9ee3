// What a route's answers must be (`validate`), as a pure rule over what an answer says. Whoever holds an answer asks it
// before anything is released; how an answer is held is not its business.

import { type Fault, fault } from "../core/fault.ts";
import { checkSchema } from "../core/json-schema.ts";
import { linearPattern } from "../core/linear-pattern.ts";
import type { ValidateSettings } from "../core/settings.ts";

/** An answer as far as it is judged. */
export interface Judged {
  readonly text: string;
  /** An answer that calls a tool says what it has to say with that. */
  readonly called: boolean;
}

export type Validation = (said: Judged) => Fault | undefined;

/** Some hundred milliseconds; a larger answer than that allows is not held against a pattern. */
const PATTERN_STEPS_MAX = 20_000_000;

/** The settings were checked when they were read: a pattern and a schema that can be used. */
export function createValidation({ minLength = 0, pattern, jsonSchema }: ValidateSettings): Validation {
  const made = pattern === undefined ? undefined : linearPattern(pattern);
  const matcher = made !== undefined && "test" in made ? made : undefined;
  return ({ text, called }) => {
    if (called) return undefined;
    if (text.length < minLength && [...text].length < minLength)
      return unfit(`shorter than the ${minLength} characters that the route asks for`);
    if (matcher?.test(text, { steps: PATTERN_STEPS_MAX }) === false)
      return unfit("not what the route's pattern asks for");
    return jsonSchema === undefined ? undefined : wrongJson(jsonSchema, text);
  };
}

function wrongJson(schema: unknown, text: string): Fault | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unfit("no JSON, which the route asks for");
  }
  const found = checkSchema(schema, value);
  return typeof found === "string" ? undefined : unfit(`not what the route's schema asks for: ${found.why}`);
}

function unfit(what: string): Fault {
  return fault("useless-reply", `the answer is ${what}`);
}
