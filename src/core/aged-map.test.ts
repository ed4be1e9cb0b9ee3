// It does what a plain `Map` with deletes and re-insertions does, order included.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { AgedMap } from "./aged-map.ts";

const key = fc.constantFrom("a", "b", "c", "d", "e");
const step = fc.oneof(
  fc.record({ type: fc.constant("set" as const), key, value: fc.nat(9) }),
  fc.record({ type: fc.constant("delete" as const), key }),
  fc.record({ type: fc.constant("drop-oldest" as const) }),
  fc.record({ type: fc.constant("clear" as const) }),
);

test("keeps keys in the order of their last setting", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const aged = new AgedMap<number>();
      const plain = new Map<string, number>();
      for (const one of steps) {
        if (one.type === "set") {
          aged.set(one.key, one.value);
          plain.delete(one.key);
          plain.set(one.key, one.value);
        } else if (one.type === "delete") expect(aged.delete(one.key)).toBe(plain.delete(one.key));
        else if (one.type === "clear") {
          aged.clear();
          plain.clear();
        } else {
          const oldest = aged.oldestKey;
          expect(oldest).toBe(plain.keys().next().value);
          if (oldest !== undefined) aged.delete(oldest);
          plain.delete(oldest ?? "");
        }
        expect([...aged.entries()]).toEqual([...plain]);
        expect([aged.size, aged.get("a"), aged.has("b")]).toEqual([plain.size, plain.get("a"), plain.has("b")]);
      }
    }),
  );
});

test("an entry may be deleted while it is read", () => {
  const aged = new AgedMap<number>();
  for (const [name, value] of Object.entries({ a: 1, b: 2, c: 3 })) aged.set(name, value);
  const seen: string[] = [];
  for (const [name] of aged.entries()) {
    seen.push(name);
    aged.delete(name);
  }
  expect([seen, aged.size]).toEqual([["a", "b", "c"], 0]);
});
