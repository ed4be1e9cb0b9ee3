// Where a value of the settings came from, for `explain`: the file's line, the catalog, the environment or the default.

import { PROVIDERS } from "../../catalog/providers.ts";
import type { Path } from "./problem.ts";
import type { Source } from "./source.ts";
import { at } from "./tree.ts";

export interface Origin {
  readonly from: "file" | "object" | "catalog" | "environment" | "default";
  /** `FILE:LINE:COLUMN`; of a file alone. */
  readonly place?: string;
  /** Names of the environment that were filled in. */
  readonly variables?: readonly string[];
}

/** What the catalog brings where the configuration says nothing. */
const FROM_CATALOG = new Set(["dialect", "url", "tier"]);

/** For a path as it would be written, whether it was written or not. */
export function originFinder(source: Source, written: unknown): (path: Path) => Origin {
  return (path) => {
    const value = at(written, path);
    if (value === undefined) return unwritten(path);
    const { file, line, column } = source.locate({ path, message: "" });
    const variables =
      typeof value === "string" ? [...value.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? "") : [];
    return {
      from: file === undefined ? "object" : "file",
      ...(file !== undefined && { place: `${file}:${line}:${column}` }),
      ...(variables.length > 0 && { variables }),
    };
  };
}

function unwritten(path: Path): Origin {
  const [section, name, key] = path;
  const known = section === "providers" && typeof name === "string" && Object.hasOwn(PROVIDERS, name);
  return { from: known && FROM_CATALOG.has(String(key)) ? "catalog" : "default" };
}

/** `holdfast.yaml:7:5`, `${KEY}, holdfast.yaml:3:9`, `catalog`, `default`. */
export function originText({ from, place, variables = [] }: Origin): string {
  const names = variables.map((name) => `\${${name}}`);
  return [...names, ...(from === "environment" && names.length > 0 ? [] : [place ?? from])].join(", ");
}
