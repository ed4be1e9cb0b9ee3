// The half of the schema check that goes into lists and objects.

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The place within the value and the reason, which quotes nothing of it. */
export interface Wrong {
  readonly path: string;
  readonly why: string;
}

/** One check, with its budget. */
export interface SchemaCheck {
  /** What is wrong with the value at `path`; `undefined` when nothing is. */
  wrong(schema: unknown, value: unknown, path: string): Wrong | undefined;
  spend(steps: number): void;
  matches(pattern: string, text: string): boolean;
  same(a: unknown, b: unknown): boolean;
}

export function wrongList(
  check: SchemaCheck,
  schema: JsonRecord,
  value: readonly unknown[],
  path: string,
): Wrong | undefined {
  const { minItems, maxItems, items, contains } = schema;
  if (typeof minItems === "number" && value.length < minItems) return { path, why: `has fewer than ${minItems} items` };
  if (typeof maxItems === "number" && value.length > maxItems) return { path, why: `has more than ${maxItems} items` };
  // Before 2020-12 a list of `items` was what `prefixItems` is now.
  const first = Array.isArray(items) ? items : listOf(schema.prefixItems);
  const rest = Array.isArray(items) ? schema.additionalItems : items;
  for (const [i, item] of value.entries()) {
    const own = i < first.length ? first[i] : rest;
    const found = own === undefined ? undefined : check.wrong(own, item, `${path}/${i}`);
    if (found !== undefined) return found;
  }
  if (schema.uniqueItems === true && hasTwice(check, value)) return { path, why: "has an item twice" };
  if (contains === undefined) return undefined;
  const count = value.filter((item) => check.wrong(contains, item, path) === undefined).length;
  const least = typeof schema.minContains === "number" ? schema.minContains : 1;
  const most = typeof schema.maxContains === "number" ? schema.maxContains : Number.POSITIVE_INFINITY;
  return count < least || count > most ? { path, why: "does not contain what it must" } : undefined;
}

function hasTwice(check: SchemaCheck, value: readonly unknown[]): boolean {
  return value.some((item, i) => value.slice(0, i).some((other) => check.same(item, other)));
}

export function wrongObject(
  check: SchemaCheck,
  schema: JsonRecord,
  value: JsonRecord,
  path: string,
): Wrong | undefined {
  const keys = Object.keys(value);
  check.spend(keys.length);
  const missing = listOf(schema.required).find((key) => typeof key === "string" && !Object.hasOwn(value, key));
  if (missing !== undefined) return { path, why: `lacks ${named(missing)}` };
  const { minProperties, maxProperties } = schema;
  if (typeof minProperties === "number" && keys.length < minProperties) return { path, why: "has too few properties" };
  if (typeof maxProperties === "number" && keys.length > maxProperties) return { path, why: "has too many properties" };
  for (const key of keys) {
    const found = wrongProperty(check, schema, { key, value: value[key] }, path);
    if (found !== undefined) return found;
  }
  return wrongDependence(check, schema, value, path);
}

function wrongProperty(
  check: SchemaCheck,
  schema: JsonRecord,
  { key, value }: { readonly key: string; readonly value: unknown },
  path: string,
): Wrong | undefined {
  const at = `${path}/${named(key)}`;
  const names = schema.propertyNames === undefined ? undefined : check.wrong(schema.propertyNames, key, at);
  if (names !== undefined) return names;
  const schemas: unknown[] = [];
  if (isRecord(schema.properties) && Object.hasOwn(schema.properties, key)) schemas.push(schema.properties[key]);
  for (const [pattern, own] of isRecord(schema.patternProperties) ? Object.entries(schema.patternProperties) : [])
    if (check.matches(pattern, key)) schemas.push(own);
  if (schemas.length === 0 && schema.additionalProperties !== undefined) schemas.push(schema.additionalProperties);
  for (const own of schemas) {
    const found = check.wrong(own, value, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function wrongDependence(check: SchemaCheck, schema: JsonRecord, value: JsonRecord, path: string): Wrong | undefined {
  for (const keyword of ["dependencies", "dependentRequired", "dependentSchemas"]) {
    const dependencies = schema[keyword];
    if (!isRecord(dependencies)) continue;
    for (const [key, needs] of Object.entries(dependencies)) {
      if (!Object.hasOwn(value, key)) continue;
      if (!Array.isArray(needs)) {
        const found = check.wrong(needs, value, path);
        if (found !== undefined) return found;
      } else if (needs.some((need) => typeof need === "string" && !Object.hasOwn(value, need)))
        return { path, why: `lacks what goes with ${named(key)}` };
    }
  }
  return undefined;
}

/** A key of the schema or the value, short. */
function named(key: unknown): string {
  return String(key).slice(0, 60);
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
