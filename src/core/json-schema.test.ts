import { expect, test } from "bun:test";
import { checkSchema, wrongSchema } from "./json-schema.ts";

const person = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1 },
    age: { type: "integer", minimum: 0 },
    tags: { type: "array", items: { $ref: "#/$defs/tag" } },
  },
  required: ["name"],
  additionalProperties: false,
  $defs: { tag: { type: "string", pattern: "^[a-z]+$" } },
};
const tree = { type: "object", properties: { next: { anyOf: [{ $ref: "#" }, { type: "null" }] } }, required: ["next"] };

const fork = JSON.parse('{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}');

test.each([
  [person, { name: "Ada", age: 3, tags: ["a"] }, "fits"],
  [person, { age: 3 }, "lacks name"],
  [person, { name: "" }, "shorter than 1"],
  [person, { name: "A", age: 1.5 }, "type integer"],
  [person, { name: "A", age: -1 }, "less than"],
  [person, { name: "A", x: 1 }, "is not allowed"],
  [person, { name: "A", tags: ["A1"] }, "pattern"],
  [person, "Ada", "type object"],
  [tree, { next: { next: null } }, "fits"],
  [tree, { next: { next: 1 } }, "none of its alternatives"],
  [{ oneOf: [{ type: "number" }, { type: "integer" }] }, 1, "exactly one"],
  [{ not: { type: "string" } }, "a", "must not"],
  [fork, { a: 1 }, "lacks b"],
  [fork, { c: 1 }, "fits"],
  [{ type: ["string", "null"] }, null, "fits"],
  [{ type: "string", nullable: true }, null, "fits"],
  [{ enum: [1, { a: [1] }] }, { a: [1] }, "fits"],
  [{ enum: ["a"] }, "b", "enum"],
  [{ const: { a: 1, b: 2 } }, { b: 2, a: 1 }, "fits"],
  [{ properties: { a: { default: 1 } }, required: ["a"] }, {}, "lacks a"],
  [{ prefixItems: [{ type: "string" }], items: false }, ["a", 1], "not allowed"],
  [{ items: [{ type: "string" }], additionalItems: { type: "number" } }, ["a", 1], "fits"],
  [{ uniqueItems: true }, [{ a: 1 }, { a: 1 }], "twice"],
  [{ contains: { const: 1 }, maxContains: 1 }, [1, 1], "contain"],
  [
    { patternProperties: { "^x-": { type: "number" } }, additionalProperties: { type: "string" } },
    { "x-a": 1, b: "c" },
    "fits",
  ],
  [{ propertyNames: { maxLength: 2 } }, { abc: 1 }, "longer"],
  [{ dependentRequired: { a: ["b"] } }, { a: 1 }, "goes with a"],
  [{ multipleOf: 0.1 }, 0.3, "fits"],
  [{ minimum: 5, exclusiveMinimum: true }, 5, "minimum"],
  [{ required: ["constructor"] }, {}, "lacks constructor"],
  [{ properties: { toString: { type: "number" } } }, {}, "fits"],
  [{ format: "email", description: "d", "x-own": 1 }, "no email", "fits"],
  [true, 1, "fits"],
  [false, 1, "not allowed"],
  [{ type: "string", maxLength: 1 }, "😀", "fits"],
] as const)("%j with %j: %s", (schema, value, expected) => {
  const found = checkSchema(schema, value);
  expect(typeof found === "string" ? found : found.why).toContain(expected);
});

const deep = (levels: number) => {
  let schema: unknown = { type: "string" };
  for (let i = 0; i < levels; i++) schema = { not: schema };
  return schema;
};

test.each([
  ["endless reference", { $ref: "#" }, 1],
  ["a reference outside", { $ref: "https://example.com/s.json" }, 1],
  ["a reference to nothing", { $ref: "#/$defs/none" }, 1],
  ["a reference into a prototype", { $ref: "#/constructor" }, 1],
  ["a reference that is no URI", { $ref: "#/%zz" }, 1],
  ["a pattern that looks ahead", { pattern: "(?=a)" }, "a"],
  ["what is not judged", { unevaluatedProperties: false }, {}],
  ["a type that does not exist", { type: "any" }, 1],
  ["a schema that is none", 5, 1],
  ["too deep", deep(20_000), 1],
  ["branches without end", { anyOf: Array.from({ length: 40 }, () => ({ $ref: "#" })) }, 1],
  ["too many comparisons", { uniqueItems: true }, Array.from({ length: 5_000 }, (_, i) => i)],
  [
    "a large pattern many times",
    { items: { pattern: "^(a?){500}$" } },
    Array.from({ length: 500 }, () => "a".repeat(400)),
  ],
])("%s costs nothing and is unchecked", (_, schema, value) => {
  const startMs = performance.now();
  expect(checkSchema(schema, value)).toBe("unchecked");
  expect(performance.now() - startMs).toBeLessThan(500);
});

test.each([
  [person, undefined],
  [{ type: "strnig" }, "type"],
  [{ properties: { a: { pattern: "(a)\\1" } } }, "refers back"],
  [{ $ref: "other.json" }, "leads nowhere"],
  [{ items: { unevaluatedItems: false } }, "unevaluatedItems"],
  ["string", "no JSON Schema"],
  [{ const: { type: "anything" } }, undefined],
] as const)("an operator's %j: %s", (schema, expected) => {
  const found = wrongSchema(schema);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(expected);
});
