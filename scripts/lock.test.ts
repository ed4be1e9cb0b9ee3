// The lock file installs anywhere: npm leaves out what it could not see when it was written, and `npm ci` then refuses.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

// The shape of package-lock.json, version 3.
const lock = JSON.parse(readFileSync(join(import.meta.dir, "..", "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

test("every platform's package is locked", () => {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
    ),
  );
  expect(missing).toEqual([]);
});

test("no package is bound to a registry's address", () => {
  const bound = Object.values(lock.packages).filter(({ resolved }) => resolved?.startsWith("http"));
  expect(bound).toEqual([]);
});
