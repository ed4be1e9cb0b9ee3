// What `report sla` knows of promises before it judges: the contract and the promise that flags name, and where the
// configuration says that its providers are.

import { type Contract, readContract } from "../config/contract.ts";
import { renderProblems } from "../config/problem.ts";
import { nearest } from "../core/nearest.ts";
import { readTextFile } from "../runtime/command-io.ts";
import { readConfigLeniently } from "./config-file.ts";
import { type Flags, textFlag } from "./flags.ts";
import { type KnownPromise, promisesOf } from "./promises.ts";

export interface PromiseFinder {
  of(provider: string): readonly KnownPromise[];
  /** Those of `providers` that the flags ask about, or a sentence for why there are none. */
  among(providers: readonly string[]): readonly string[] | string;
}

/** Or a sentence for what is wrong with a flag. */
export async function promiseFinder(flags: Flags): Promise<PromiseFinder | string> {
  const contract = await contractOf(flags);
  if (typeof contract === "string") return contract;
  const urls = await providerUrls(textFlag(flags, "config"));
  const wanted = textFlag(flags, "promise");
  const all = (name: string) => promisesOf({ name, url: urls.get(name) }, contract);
  const of = (name: string) => all(name).filter(({ terms }) => (wanted ?? terms.name) === terms.name);
  return {
    of,
    among(providers) {
      if (contract !== undefined && !providers.includes(contract.provider)) {
        const said = `the contract is with "${contract.provider}", which is not reported on`;
        return `${said}: its \`provider\` is one of ${providers.join(", ") || "none"}`;
      }
      if (wanted === undefined) return providers;
      const holding = providers.filter((name) => of(name).length > 0);
      if (holding.length > 0) return holding;
      const known = providers.flatMap(all).map(({ terms }) => terms.name);
      const near = nearest(wanted, known);
      const hint = near === undefined ? `known: ${known.join("; ") || "none"}` : `did you mean "${near}"?`;
      return `no promise of ${providers.join(", ")} is called "${wanted}"; ${hint}`;
    },
  };
}

/** `undefined`: no flag names one. */
export async function contractOf(flags: Flags): Promise<Contract | string | undefined> {
  const file = textFlag(flags, "contract");
  if (file === undefined) return undefined;
  const source = await readTextFile(file);
  if (!("text" in source)) return `--contract ${source.problem}`;
  const read = readContract(source.text, file);
  return read.ok ? read.contract : `--contract ${file} cannot be judged by\n${renderProblems(read.problems)}`;
}

async function providerUrls(named: string | undefined): Promise<ReadonlyMap<string, string>> {
  const config = await readConfigLeniently(named);
  if (!config.found || !config.loaded.ok) return new Map();
  return new Map(config.loaded.settings.providers.map(({ name, url }) => [name, url]));
}
